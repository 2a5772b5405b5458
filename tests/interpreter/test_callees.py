"""The C callable behind a call instruction, and how a handler's call ended, on every version."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from eintr_trace.model.python_state import (
    Callee,
    CalleeKind,
    HandlerEnd,
    PythonHandler,
    RaiseUse,
)
from tests.interpreter.processes import Tracee, Tracees, wait_until_blocked

pytestmark = pytest.mark.live

Python = tuple[tuple[int, int], Path]
LIMIT_S = 20.0
POSIX_READ = Callee(CalleeKind.C_FUNCTION, "posix.read")
CTYPES = Callee(CalleeKind.CTYPES, None)
CASES = {
    "function": POSIX_READ,
    "global_variable": POSIX_READ,
    "local_variable": POSIX_READ,
    "with_a_list": POSIX_READ,
    "in_a_with": POSIX_READ,
    "by_a_method": POSIX_READ,
    "through_ctypes": CTYPES,
}
OTHER = Callee(CalleeKind.OTHER, None)
# Other candidates lie on the stack: no answer, or the right one.
UNSURE = {"after_another": CTYPES, "two_of_a_name": POSIX_READ, "partial": POSIX_READ}


def callee(tracee: Tracee) -> Callee | None:
    return tracee.snapshot().frames[0].callee


@pytest.mark.parametrize("case", CASES)
def test_what_is_called(case: str, python: Python, tracees: Tracees) -> None:
    assert callee(tracees.start(python[1], "callees.py", case)) == CASES[case]


@pytest.mark.parametrize("case", UNSURE)
def test_never_another_than_is_called(case: str, python: Python, tracees: Tracees) -> None:
    assert callee(tracees.start(python[1], "callees.py", case)) in (None, OTHER, UNSURE[case])


def test_a_method_of_a_file(python: Python, tracees: Tracees) -> None:
    name = "file.read" if python[0] < (3,) else "_io.BufferedReader.read"
    found = callee(tracees.start(python[1], "callees.py", "method"))
    assert found == Callee(CalleeKind.C_FUNCTION, name)


HANDLERS = {
    signal.SIGUSR1: (RaiseUse.NEVER, HandlerEnd.RETURNED),
    signal.SIGUSR2: (RaiseUse.ALWAYS, HandlerEnd.RAISED),
    signal.SIGALRM: (RaiseUse.SOMETIMES, HandlerEnd.RAISED),
    signal.SIGVTALRM: (RaiseUse.NEVER, HandlerEnd.RAISED),
    signal.SIGURG: (RaiseUse.SOMETIMES, HandlerEnd.RETURNED),
}


def test_how_handlers_end(python: Python, tracees: Tracees) -> None:
    tracee = tracees.start(python[1], "ending_handlers.py")
    for _ in range(2):
        for signo, (raises, end) in HANDLERS.items():
            os.kill(tracee.pid, signo)
            wait_until_blocked(tracee.pid, tracee.pid)
            wait_for(lambda signo=signo: not handler(tracee, signo).tripped)  # type: ignore[misc]  # a lambda per signal
            wait_until_blocked(tracee.pid, tracee.pid)
            found = handler(tracee, signo)
            assert found.raises is raises
            if python[0] < (3,) and end is HandlerEnd.RAISED:
                # 2.7 keeps the exception, and with it the handler's frame, in sys.exc_info().
                assert found.last_end is None
                assert tracee.snapshot().exceptions
            else:
                assert found.last_end is end, signo


def handler(tracee: Tracee, signo: int) -> PythonHandler:
    found = tracee.snapshot(signo=signo).handler
    assert found is not None
    return found


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline


def test_variables_change_when_the_frame_runs(python: Python, tracees: Tracees) -> None:
    tracee = tracees.start(python[1], "counting_reads.py")
    for _ in range(3):
        first, second = tracee.snapshot().frames[0], tracee.snapshot().frames[0]
        assert first == second
        assert first.variables is not None
        tracee.tell()
        wait_for(lambda was=first.variables: tracee.snapshot().frames[0].variables != was)  # type: ignore[misc]  # a lambda per look
        wait_until_blocked(tracee.pid, tracee.pid)
