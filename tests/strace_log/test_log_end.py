"""How a log ends, and what strace did that leaves no line in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from eintr_trace.model.events import EndReason
from eintr_trace.model.report import Report
from eintr_trace.reports.wording import end_of_trace
from eintr_trace.sources.strace_log import large_file
from eintr_trace.sources.strace_log.log_end import end_of_files
from tests.strace_log.test_log_verdicts import judged

EXEC = 'execve("/bin/x", ["x"], 0x7ff /* 3 vars */) = 0'
CUT, GONE, OPEN = EndReason.CUT_SHORT, EndReason.TRACEES_GONE, EndReason.DETACHED


def ended(report: Report) -> EndReason:
    assert report.ended is not None
    return report.ended.reason


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ("+++ exited with 0 +++", GONE),
        ("+++ killed by SIGTERM +++", GONE),
        ("close(3) = 0", OPEN),
        ("--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=9, si_uid=0} ---", OPEN),
        ("epoll_wait(3,  <detached ...>", OPEN),
        (" <detached ...>", OPEN),
        ("recvfrom(3, ", CUT),
        ("recvfrom(3, 0x7f01, 10", CUT),
        ("<... recvfrom resumed>0x7f01, 1", CUT),
        ("--- SIGUS", CUT),
        ("rt_si", CUT),
    ],
)
def test_the_last_line_tells_how_a_log_ends(last: str, reason: EndReason, tmp_path: Path) -> None:
    lines = (EXEC, "getuid() = 0", last)
    assert ended(judged(lines, None)) is reason
    notice = "strace: Process 7 detached"
    assert ended(judged((*lines, notice), None)) is reason
    log = tmp_path / "log"
    log.write_text("\n".join((*lines, notice)))
    with log.open("rb") as stream:
        *_, end = large_file.read_large_log(stream, "log").events
    assert end == judged((*lines, notice), None).ended


def test_it_is_said_in_words() -> None:
    report = judged((EXEC, "recvfrom(3, "), None)
    assert report.ended is not None
    assert "whose last line is cut" in end_of_trace(report.header, report.ended)
    assert [text for text in report.warnings if text.startswith("line 2 ")]


def test_of_several_files_all_must_end_with_their_thread() -> None:
    assert end_of_files([GONE, GONE]) is GONE
    assert end_of_files([GONE, OPEN]) is OPEN
    assert end_of_files([GONE, CUT, OPEN]) is CUT
    assert end_of_files([]) is OPEN


def test_that_strace_attached_and_detached_is_told_where_it_may_have_ended_a_call() -> None:
    lines = ("getuid() = 0", "epoll_wait(3,  <detached ...>")
    attached, detached = judged(lines, None).warnings
    assert "if strace was attached to it (-p), that ended waits" in attached
    assert "strace detached while epoll_wait waited" in detached


@pytest.mark.parametrize("last", ["flock(3, LOCK_EX <detached ...>", "<... read resumed>0x7f, 1"])
def test_of_other_calls_nothing_is_told(last: str) -> None:
    assert not [text for text in judged((EXEC, last), None).warnings if "strace's doing" in text]
