"""``strace -p PID 2>&1 | eintr-trace report -``: explained while strace runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.harness import has_settled, program, wait_until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]


@contextmanager
def explained(pid: int, output: Path) -> Iterator[int]:
    """strace on a process, piped into a report that is written to ``output``; its PID."""
    strace = subprocess.Popen(
        ["strace", "-f", "-tt", "-p", str(pid)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    report = [sys.executable, "-m", "eintr_trace", "report", "--python", "3.11", "-"]
    with output.open("wb") as stdout:
        reporter = subprocess.Popen(report, stdin=strace.stderr, stdout=stdout)
    assert strace.stderr is not None
    strace.stderr.close()
    try:
        yield strace.pid
        strace.send_signal(signal.SIGINT)
        strace.wait(60)
        assert reporter.wait(60) == os.EX_OK
    finally:
        for process in (strace, reporter):
            process.kill()
            process.wait()


def test_an_interruption_is_explained_while_strace_runs(tmp_path: Path) -> None:
    output = tmp_path / "report"
    with program(Path(sys.executable), "one_call.py", "read_stdin", "SIGUSR1") as running:
        running.wait_blocked_in("read")
        with explained(running.pid, output) as strace_pid:
            for number in (1, 2):
                wait_until(lambda: has_settled(strace_pid, running.pid), f"{number} can be sent")
                running.process.send_signal(signal.SIGUSR1)
                # strace ends the line of a blocked call when it comes back: with the next signal.
                if number == 2:
                    wait_until(
                        lambda: "#1 " in output.read_text(), "the first is explained by the second"
                    )
        running.tell("done")
        running.account()
    report = output.read_text()
    assert report.count("→ resumed-by-interpreter (inferred)") >= 1
    assert "trace      ended with the log, which does not show the program end" in report
