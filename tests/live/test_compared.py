"""Real runs compared: live traces and an strace log of one program."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from eintr_trace.analysis.two_runs.comparison import compare
from eintr_trace.commands.opening import opened_trace
from eintr_trace.commands.presenting import follow
from eintr_trace.model.comparison import ComparedRun, Comparison, Relation, StepKind
from eintr_trace.model.events import SignalDelivered
from eintr_trace.reports.renderer import AtTheEnd
from tests.live.harness import Tracer, program, tracer_of, wait_until

pytestmark = pytest.mark.live


def _live(file: Path, python: Path, handler: str) -> Path:
    with program(python, "one_call.py", "read_stdin", handler) as running:
        running.wait_blocked_in("read")
        tracer = Tracer(file, "-p", str(running.pid))
        os.kill(running.pid, signal.SIGUSR1)
        tracer.wait_event(SignalDelivered)
        running.wait_blocked_in("read")
        running.tell("go on")
        assert running.account()["handled"] == [signal.SIGUSR1]
        tracer.wait()
    return file


def _logged(file: Path, python: Path, handler: str) -> Path:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    with program(python, "one_call.py", "read_stdin", handler) as running:
        running.wait_blocked_in("read")
        command = [strace, "-tt", "-o", str(file), "-p", str(running.pid)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as logging:
            wait_until(lambda: tracer_of(running.pid) == logging.pid, "strace is attached")
            os.kill(running.pid, signal.SIGUSR1)
            wait_until(lambda: "rt_sigreturn" in file.read_text(), "the handler has returned")
            running.tell("go on")
            running.account()
            logging.wait(timeout=60)
    return file


def _compared(a: Path, b: Path) -> Comparison:
    runs = []
    for file in (a, b):
        with opened_trace([str(file)], "3.13") as opened:
            report = follow(opened.trace, AtTheEnd(lambda _: None))
        runs.append(ComparedRun(file.name, report))
    return compare(runs[0], runs[1])


def test_the_same_twice_and_with_sa_restart(tmp_path: Path, newest_python: Path) -> None:
    once = _live(tmp_path / "once", newest_python, "SIGUSR1")
    again = _live(tmp_path / "again", newest_python, "SIGUSR1")
    assert _compared(once, again).reason == (
        "The runs do not part: one interruption goes the same way, step by step."
    )
    restarted = _live(tmp_path / "restarted", newest_python, "restart:SIGUSR1")
    assert _compared(once, restarted).reason == (
        "In A the handler is installed without SA_RESTART and the kernel hands out EINTR, in B"
        " the handler is installed with SA_RESTART and the kernel restarts read."
    )


def test_a_log_shows_the_same_as_far_as_it_shows(tmp_path: Path, newest_python: Path) -> None:
    live = _live(tmp_path / "live", newest_python, "SIGUSR1")
    found = _compared(live, _logged(tmp_path / "log", newest_python, "SIGUSR1"))
    assert found.first is None, found.reason
    (pair,) = (pair for pair in found.pairs if pair.left is not None)
    relations = {row.kind: row.relation for row in pair.rows}
    assert relations[StepKind.KERNEL_ACTION] is Relation.SAME
    assert relations[StepKind.OUTCOME] is Relation.SAME
    assert relations[StepKind.HANDLER] is Relation.NOT_KNOWN
