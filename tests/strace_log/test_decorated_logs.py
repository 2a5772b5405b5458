"""Logs with colours (strace 7.0) and with names of arguments (-N, 6.16)."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from eintr_trace.analysis.judge import Judge
from eintr_trace.model.episodes import Outcome
from eintr_trace.sources.strace_log import large_file
from eintr_trace.sources.strace_log.arguments import without_names
from eintr_trace.sources.strace_log.programs import given_interpreter
from eintr_trace.sources.strace_log.source import read_log
from eintr_trace.sources.strace_log.text_lines import numbered_lines

# The sequences of strace 7.2's src/color.c; it puts them around names, values and punctuation.
COLOURED = b"""\
\x1b[33mrecvfrom\x1b[0m(\x1b[35m3\x1b[0m, \x1b[35m0x7f01\x1b[0m, \x1b[35m10\x1b[0m, 0, NULL, NULL)\
 = ? \x1b[31mERESTARTSYS\x1b[0m \x1b[36m(To be restarted if SA_RESTART is set)\x1b[0m
--- \x1b[34mSIGUSR1\x1b[0m {\x1b[39msi_signo\x1b[0m=\x1b[34mSIGUSR1\x1b[0m, si_code=SI_USER} ---
\x1b[33mrt_sigreturn\x1b[0m({mask=[]}) = \x1b[32m-1\x1b[0m \x1b[31mEINTR\x1b[0m (Interrupted)
\x1b[33mrecvfrom\x1b[0m(\x1b[35m3\x1b[0m, "x", 10, 0, NULL, NULL) = \x1b[32m1\x1b[0m
"""
NAMED = b'recvfrom(sockfd=3, buf="x", size=10, flags=0, src_addr=NULL, addr_len=NULL) = 1\n'
PLAIN = b'recvfrom(3, "a(b=c", 10, 0, NULL, NULL) = 1\nclone(child_stack=NULL, flags=SIGCHLD) = 5\n'


def test_colours_are_left_out() -> None:
    lines = numbered_lines(io.BytesIO(COLOURED))
    trace = read_log(lines, "log", given_interpreter("3.13.0"))
    judge = Judge(trace.header)
    for event in trace.events:
        list(judge.feed(event))
    (episode,) = judge.finish().episodes
    assert episode.outcome is Outcome.RESUMED_BY_INTERPRETER
    assert not [line.text for line in episode.lines if "\x1b" in line.text]


@pytest.mark.parametrize(
    ("content", "is_searched"), [(PLAIN, True), (NAMED, False), (COLOURED, False)]
)
def test_a_large_log_that_cannot_be_searched_is_read_whole(
    content: bytes, is_searched: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_file, "LARGE_BYTES", 10)
    log = tmp_path / "log"
    log.write_bytes(content)
    with log.open("rb") as stream:
        assert large_file.is_large(stream) is is_searched


@pytest.mark.parametrize(
    ("arguments", "plain"),
    [
        ("sockfd=3, buf=0x7f, size=10", "3, 0x7f, 10"),
        ("fds=[{fd=3, events=POLLIN}], nfds=1", "[{fd=3, events=POLLIN}], 1"),
        ('pathname="a=b, c=d", flags=O_RDONLY', '"a=b, c=d", O_RDONLY'),
        ("{fd=3}, a=4", "{fd=3}, a=4"),
        ('"a=b"', '"a=b"'),
        ("", ""),
    ],
)
def test_names_of_arguments_are_left_out(arguments: str, plain: str) -> None:
    assert without_names(arguments) == plain
