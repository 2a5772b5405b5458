"""Where who decides about EINTR cannot be watched, the trace says so and why."""

from __future__ import annotations

import resource
import signal
import time
from pathlib import Path

import pytest

from eintr_trace.model.events import (
    HandlerReturned,
    Reduction,
)
from eintr_trace.sources.live.perf_events import Breakpoint, BreakpointKind
from tests.confinement import without_perf_events
from tests.live.deciding import (
    decided,
    interrupt,
    of_worker,
    unless_spared,
    unwatched,
    watched_events,
)
from tests.live.harness import (
    Program,
    Tracer,
    attached,
    is_blocked_in,
    program,
    tgkill,
    wait_until,
)

pytestmark = pytest.mark.live


def without(running: Program, tracer: Tracer, call: str = "recv") -> list[Reduction]:
    events = decided(running, tracer, call)
    assert of_worker(running, events) == []
    return unwatched(events)


@unless_spared
def test_where_perf_events_are_refused(newest_python: Path, tmp_path: Path) -> None:
    recording = tmp_path / "r.jsonl"
    with program(newest_python, "deciding.py", "recv") as running:
        with attached(running.pid, recording, confine=without_perf_events) as tracer:
            assert without(running, tracer) == [Reduction.DECISION_REFUSED]


@unless_spared
def test_where_the_thread_has_no_breakpoint_left(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "deciding.py", "recv") as running:
        tid = int(running.ready[1])
        taken = [Breakpoint(tid, BreakpointKind.WRITE, 4096 + 8 * n, 8) for n in range(3)]
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            assert without(running, tracer) == [Reduction.DECISION_SLOTS_TAKEN]
        for breakpoint_ in taken:
            breakpoint_.close()


@unless_spared
def test_where_the_tracer_has_no_descriptor_left(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "deciding.py", "recv") as running:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            tracer.wait_asleep(running.pid)
            taken = [int(path.name) for path in Path(f"/proc/{tracer.process.pid}/fd").iterdir()]
            limit = next(fd for fd in range(1024) if fd not in taken) + 2  # to read /proc with
            resource.prlimit(tracer.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
            assert without(running, tracer) == [Reduction.DECISION_UNOPENED]


@unless_spared
def test_where_more_threads_decide_than_can_be_watched(newest_python: Path, tmp_path: Path) -> None:
    """Their C code hands EINTR on, and they compute: no call shows that they have decided."""
    many = ["deciding.py", "ctypes_read", "worker", "caught", "12", "300000"]
    with program(newest_python, *many) as running:
        for tid in map(int, running.ready[1:]):
            wait_until(lambda tid=tid: is_blocked_in(tid, "read"), "it reads")  # type: ignore[misc]
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            for tid in map(int, running.ready[1:]):
                tgkill(running.pid, tid, signal.SIGUSR1)
            tracer.wait_event(HandlerReturned, 12)
            running.tell("x")
            running.account()
            tracer.wait()
            reasons = unwatched(watched_events(tracer))
    assert Reduction.DECISION_THREADS_BUSY in reasons
    assert len(reasons) < 12


def test_where_signals_come_too_fast(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "deciding.py", "recv") as running:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            ends_ns = time.monotonic_ns() + 2_000_000_000
            while time.monotonic_ns() < ends_ns and not any(unwatched_now(tracer)):
                for _ in range(50):
                    interrupt(running, "recv")
            running.tell("x")
            running.account()
            tracer.wait()
            reasons = set(unwatched(tracer.events()))
    assert reasons == {Reduction.DECISION_SPARED}


def unwatched_now(tracer: Tracer) -> list[Reduction]:
    return unwatched(tracer.events())
