"""PyPy gets the kernel's half of the verdict, and the report says so."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from eintr_trace.model.episodes import KernelAction, Outcome
from eintr_trace.model.events import SignalDelivered
from eintr_trace.model.python_state import Implementation
from tests.live.harness import attached, program

pytestmark = pytest.mark.live


@pytest.mark.parametrize("restarts", [False, True], ids=["EINTR", "SA_RESTART"])
def test_pypy_gets_the_kernels_half(pypy: Path, tmp_path: Path, *, restarts: bool) -> None:
    handled = f"restart:{signal.SIGUSR1.name}" if restarts else signal.SIGUSR1.name
    with program(pypy, "one_call.py", "read_stdin", handled) as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            os.kill(running.pid, signal.SIGUSR1)
            tracer.wait_event(SignalDelivered)
            running.wait_blocked_in("read")
            running.tell("go on")
            account = running.account()
            tracer.wait()
            assert account["handled"] == [signal.SIGUSR1]
            assert account["result"] == "go on\n"
            report = tracer.report()
    (episode,) = report.episodes
    (process,) = report.processes
    assert process.interpreter is not None
    assert process.interpreter.implementation is Implementation.PYPY
    assert process.interpreter_problem is not None
    if restarts:
        assert episode.outcome is Outcome.RESTARTED_BY_KERNEL
        assert episode.kernel_action is KernelAction.RESTART
    else:
        assert episode.outcome is Outcome.UNKNOWN
        assert episode.kernel_action is KernelAction.EINTR
        assert process.interpreter.name in episode.headline
