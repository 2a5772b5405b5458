"""``--every-syscall`` and ``--format strace`` as the program takes them."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.commands.program import eintr_trace, refused
from tests.live.harness import TRACEES
from tests.recording.samples import recording

COMMAND = ("--", sys.executable, "-S", str(TRACEES / "every_call.py"))
LOG = "read(3, 0x1, 4) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What a live trace printed, and its recording."""
    file = tmp_path_factory.mktemp("recording") / "every.jsonl"
    options = ("-e", "trace=read,rt_sigreturn", "-e", "signal=ALRM", "-o", str(file))
    done = eintr_trace("--every-syscall", *options, *COMMAND)
    assert done.returncode == 128 + signal.SIGTERM, done.stderr
    return done.stdout, str(file)


def test_each_line_is_followed_by_what_it_means_and_by_the_verdict(live: tuple[str, str]) -> None:
    text, _ = live
    lines = iter(text.splitlines())
    in_order = (
        "= ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
        "      └ The program never sees this value.",
        "--- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---",
        "rt_sigreturn({mask=[]})                 = -1 EINTR (Interrupted system call)",
        "      └ The handler returns.",
        "read(3,  <unfinished ...>",
        "→ resumed-by-interpreter",
        '<... read resumed>"\\tbyte\\n", 6)',
        "+++ killed by SIGTERM +++",
    )
    for wanted in in_order:
        assert any(wanted in line for line in lines), wanted
    assert "close(" not in text, "-e trace= chooses lines, too"


def test_the_report_of_the_recording_is_the_same(live: tuple[str, str]) -> None:
    text, file = live
    words = ("-e", "trace=read,rt_sigreturn", "-e", "signal=ALRM")
    assert eintr_trace("report", "--every-syscall", *words, file).stdout == text
    by_episode = eintr_trace("report", *words, file).stdout
    assert "mmap(" not in by_episode
    assert "  rt_sigreturn({mask=[]})" in by_episode, "the episode has its lines"


def test_lines_that_a_trace_does_not_have_are_refused(tmp_path: Path) -> None:
    asleep, log = tmp_path / "asleep.jsonl", tmp_path / "strace.log"
    asleep.write_bytes(recording())
    log.write_text(LOG)
    for words in (("--every-syscall",), ("--format", "strace")):
        said = refused(eintr_trace("report", *words, str(asleep)))
        assert said.startswith("this trace does not have every call")
        said = refused(eintr_trace("report", *words, str(log)))
        assert said.startswith("of an strace log only the lines that belong to an interruption")
