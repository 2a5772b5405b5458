"""When Python handlers begin: what the watchpoint saw is what the program says itself."""

from __future__ import annotations

import ctypes
import signal
import time
from pathlib import Path

import pytest

from eintr_trace.model.events import (
    HandlerReturning,
    HandlerWatch,
    PythonHandlerBegan,
    SignalDelivered,
)
from eintr_trace.sources.live.proc import thread_ids
from tests.live.conftest import interpreter
from tests.live.harness import Program, Tracer, attached, is_blocked_in, program, wait_until

pytestmark = pytest.mark.live

TGKILL_NR = 234
MODES = ["read", "restart", "join", "lock", "mutex"]
CALLS = {"read": "read", "restart": "read", "join": "futex", "lock": "futex", "mutex": "futex"}


def worker_of(running: Program) -> int:
    """The only thread that is not the kernel's main one, blocked in read."""

    def worker() -> int:
        others = [tid for tid in thread_ids(running.pid) if tid != running.pid]
        return others[0] if others and is_blocked_in(others[0], "read") else 0

    wait_until(lambda: worker() != 0, "the worker reads")
    return worker()


def signal_thread(running: Program, tid: int) -> None:
    ctypes.CDLL(None).syscall(TGKILL_NR, running.pid, tid, int(signal.SIGUSR1))


def wait_delivered(tracer: Tracer, tid: int, call: str, count: int = 1) -> None:
    """Until so many C handlers have returned and the thread waits again."""
    tracer.wait_event(HandlerReturning, count)
    wait_until(lambda: is_blocked_in(tid, call), f"{tid} in {call} again")


def began(tracer: Tracer) -> list[PythonHandlerBegan]:
    return [event for event in tracer.events() if isinstance(event, PythonHandlerBegan)]


@pytest.mark.parametrize("mode", ["read", "restart", "mutex"])
@pytest.mark.parametrize("version", ["2.7", "3.6", "3.13"])
def test_a_handler_begins_when_the_program_says(version: str, mode: str, tmp_path: Path) -> None:
    with program(interpreter(version), "late_handler.py", mode) as running:
        running.wait_blocked_in(CALLS[mode])
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            signal_thread(running, running.pid)
            wait_delivered(tracer, running.pid, CALLS[mode])
            told_ns = time.monotonic_ns()
            running.tell("done")
            (ran_ns,) = running.account()["ran_ns"]
            tracer.wait()
            (event,) = began(tracer)
            (delivered,) = [e for e in tracer.events() if isinstance(e, SignalDelivered)]
    assert (event.tid, event.name) == (running.pid, "SIGUSR1")
    assert delivered.handler_watch == HandlerWatch(running.pid)
    earliest_ns = delivered.time_ns if mode == "read" else told_ns
    assert earliest_ns < event.time_ns < ran_ns
    if mode == "read":
        assert ran_ns < told_ns
