"""What the tests of decisions share: one interruption of deciding.py, and its events."""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from eintr_trace.model.events import (
    Event,
    Reduction,
)
from eintr_trace.model.stack_events import DecisionUnwatched, StackMoment, StackSeen
from tests.live.harness import (
    Program,
    Tracer,
    is_blocked_in,
    tgkill,
    wait_until,
)

CALLS = {
    "recv": "recvfrom",
    "read": "read",
    "lockf": "fcntl",
    "epoll": "epoll_wait",
    "ctypes_read": "read",
}
_ATTEMPTS = 8


def interrupt(running: Program, call: str) -> None:
    """Signal the first of the threads that make the call."""
    tid = int(running.ready[1])
    wait_until(lambda: is_blocked_in(tid, CALLS[call]), f"{tid} in {call}")
    tgkill(running.pid, tid, signal.SIGUSR1)


def stacks(events: list[Event]) -> list[StackSeen]:
    return [event for event in events if isinstance(event, StackSeen)]


def samples(events: list[Event]) -> list[StackSeen]:
    return [stack for stack in stacks(events) if stack.moment is StackMoment.PROBE]


def of_worker(running: Program, events: list[Event]) -> list[StackSeen]:
    return [sample for sample in samples(events) if sample.tid == int(running.ready[1])]


def functions(sample: StackSeen) -> list[str | None]:
    return [frame.function for frame in sample.stack.frames]


def unwatched(events: list[Event]) -> list[Reduction]:
    return [event.reason for event in events if isinstance(event, DecisionUnwatched)]


class SparedError(Exception):
    """The machine was so busy that a stop took long, and the probes were not paid for."""


def watched_events(tracer: Tracer) -> list[Event]:
    """All events, of a trace that spared no probe."""
    events = tracer.events()
    if Reduction.DECISION_SPARED in unwatched(events):
        raise SparedError
    return events


def unless_spared(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test again if its probes were spared."""

    @functools.wraps(test)
    def run(*args: Any, tmp_path: Path, **kwargs: Any) -> None:
        for attempt in range(_ATTEMPTS):
            folder = tmp_path / str(attempt)
            folder.mkdir()
            with suppress(SparedError):
                test(*args, tmp_path=folder, **kwargs)
                return
        pytest.fail("this machine is too busy: the probes were spared each time")

    return run


def decided(running: Program, tracer: Tracer, call: str) -> list[Event]:
    """The events of one interruption, once the program has gone on and ended."""
    interrupt(running, call)
    tracer.wait_event(StackSeen)  # whose files can't be opened once the program has ended
    running.tell("x")
    running.account()
    tracer.wait()
    return watched_events(tracer)
