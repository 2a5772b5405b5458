"""CPython's own table of signal handlers."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from eintr_trace.model.python_state import HandlerKind, PythonHandler
from tests.interpreter.processes import PROGRAMS, WAIT_LIMIT_S, Tracee, Tracees, wait_until_blocked

pytestmark = pytest.mark.live

FUNCTIONS = {
    signal.SIGUSR1: ("function", "def function"),
    signal.SIGUSR2: ("Methods.method", "def method"),
    signal.SIGALRM: ("wrapped", "def wrapped"),
    signal.SIGVTALRM: ("Methods.__call__", "def __call__"),
    signal.SIGPROF: ("<lambda>", "lambda *_arguments"),
    signal.SIGURG: ("Methods.of_class", "@classmethod"),
}


def handler(tracee: Tracee, signo: int) -> PythonHandler:
    """The entry alone: the program may be running, and its frames changing."""
    entry = tracee.reader.handler(signo)
    assert entry is not None
    return entry


def line_of(text: str) -> int:
    lines = (PROGRAMS / "handlers.py").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_handlers_of_every_kind(
    every_python: tuple[tuple[int, int], Path], tracees: Tracees
) -> None:
    version, python = every_python
    tracee = tracees.start(python, "handlers.py")
    for signo, (name, text) in FUNCTIONS.items():
        found = handler(tracee, signo)
        assert found.kind is HandlerKind.FUNCTION
        assert found.location is not None
        expected = name if version >= (3, 11) else name.rpartition(".")[2]
        assert found.location.function == expected
        assert found.location.file == str(PROGRAMS / "handlers.py")
        assert found.location.line == line_of(text)
        assert found.code_address
        assert found.tripped is False


def test_handlers_that_are_no_python_functions(
    every_python: tuple[tuple[int, int], Path], tracees: Tracees
) -> None:
    tracee = tracees.start(every_python[1], "handlers.py")
    assert handler(tracee, signal.SIGPIPE).kind is HandlerKind.IGNORE
    assert handler(tracee, signal.SIGHUP).kind is HandlerKind.DEFAULT
    assert handler(tracee, signal.SIGSYS).kind is HandlerKind.DEFAULT
    interrupt = handler(tracee, signal.SIGINT)
    assert interrupt.kind is HandlerKind.FUNCTION
    assert interrupt.location is not None
    assert interrupt.location.function == "default_int_handler"
    assert (interrupt.location.line, interrupt.code_address) == (None, None)
    assert tracee.snapshot(signo=99).handler is None


def test_tripped_until_the_python_function_runs(
    every_python: tuple[tuple[int, int], Path], tracees: Tracees
) -> None:
    tracee = tracees.start(every_python[1], "handlers.py")
    assert handler(tracee, signal.SIGUSR1).tripped is False
    os.kill(tracee.pid, signal.SIGUSR1)
    wait_for_tripped(tracee, True)
    assert handler(tracee, signal.SIGUSR2).tripped is False
    tracee.tell("x")
    wait_for_tripped(tracee, False)
    wait_until_blocked(tracee.pid, tracee.pid)


def wait_for_tripped(tracee: Tracee, expected: bool) -> None:
    deadline = time.monotonic() + WAIT_LIMIT_S
    while handler(tracee, signal.SIGUSR1).tripped is not expected:
        assert time.monotonic() < deadline
