"""Who decided about EINTR, seen while the thread ran on; nothing is asked of it but two hits."""

from __future__ import annotations

import errno
import functools
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from eintr_trace.facts.decision_probes import RETURN_PROBE
from eintr_trace.interpreter.reader import open_interpreter
from eintr_trace.model.c_stack import StackEnd
from eintr_trace.model.events import (
    Event,
    HandlerReturned,
    PythonHandlerBegan,
    Reduction,
    SyscallEntered,
    ThreadExited,
    ThreadSeen,
)
from eintr_trace.model.stack_events import DecisionUnwatched, StackMoment, StackSeen
from eintr_trace.sources.live.perf_events import Breakpoint, BreakpointKind
from tests.confinement import without_perf_events
from tests.live.conftest import interpreter
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

TRIPPED = "Handlers[].tripped"
CHECKS = "PyErr_CheckSignals"
RAISES = {
    "2.7": "PyErr_SetFromErrnoWithFilenameObject",
    "3": "PyErr_SetFromErrnoWithFilenameObjects",
}
CALLS = {
    "recv": "recvfrom",
    "read": "read",
    "lockf": "fcntl",
    "epoll": "epoll_wait",
    "ctypes_read": "read",
}
MANY_THREADS = 24
_ATTEMPTS = 8
_ORDERED = (StackSeen, ThreadSeen, ThreadExited)


def raises(version: str) -> str:
    return RAISES.get(version, RAISES["3"])


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


@pytest.mark.parametrize("version", ["2.7", "3.11", "3.15"])
@pytest.mark.parametrize("call", ["recv", "lockf"])
@unless_spared
def test_a_worker_raises_or_calls_again(version: str, call: str, tmp_path: Path) -> None:
    with program(interpreter(version), "deciding.py", call) as running:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            interrupt(running, call)
            tracer.wait_event(HandlerReturned)
            running.tell("x")
            raised = running.account()["raised"]
            tracer.wait()
            events = watched_events(tracer)
    hits = of_worker(running, events)
    if raised:
        assert raised == [errno.EINTR]
        assert [hit.probe for hit in hits] == [raises(version), CHECKS]
    else:
        assert [hit.probe for hit in hits] == [CHECKS]
    for hit in hits:
        assert functions(hit)[0] == hit.probe
        assert hit.stack.frames[0].offset == 0
        assert hit.stack.end is StackEnd.OUTERMOST
    (returned,) = [number for number, e in enumerate(events) if isinstance(e, HandlerReturned)]
    entered = [number for number, e in enumerate(events) if isinstance(e, SyscallEntered)]
    after = min(number for number in entered if number > returned)
    assert all(returned < events.index(hit) < after for hit in hits)
    assert [event.time_ns for event in events] == sorted(event.time_ns for event in events)


@pytest.mark.parametrize("version", ["2.7", "3.13"])
@unless_spared
def test_the_addresses_are_those_of_the_program(version: str, tmp_path: Path) -> None:
    """As its own symbol tables say, read by nm(1)."""
    with program(interpreter(version), "deciding.py", "recv") as running:
        reader = open_interpreter(running.pid)
        checks = reader.function(CHECKS)
        reader.close()
        maps = Path(f"/proc/{running.pid}/maps").read_text().splitlines()
        (library,) = {line.split()[-1] for line in maps if "libpython" in line}
        (module, module_start) = next(
            (line.split()[-1], int(line.split("-")[0], 16)) for line in maps if "_socket" in line
        )
        start = min(int(line.split("-")[0], 16) for line in maps if line.endswith(library))
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            events = decided(running, tracer, "recv")
    (hit,) = [hit for hit in of_worker(running, events) if hit.probe == CHECKS]
    assert checks is not None
    assert hit.stack.frames[0].address == checks.start == start + symbol(library, CHECKS)
    frame = next(f for f in hit.stack.frames if str(f.function).startswith("sock_recv"))
    assert frame.address == module_start + symbol(module, str(frame.function)) + (frame.offset or 0)


def symbol(path: str, name: str) -> int:
    listed = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
    return next(int(line.split()[0], 16) for line in listed.splitlines() if line.endswith(name))


@pytest.mark.parametrize("version", ["2.7", "3.13"])
@pytest.mark.parametrize("call", ["recv", "lockf"])
@unless_spared
def test_the_main_thread_shows_who_let_the_handler_run(
    version: str, call: str, tmp_path: Path
) -> None:
    with program(interpreter(version), "deciding.py", call, "main") as running:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            interrupt(running, call)
            tracer.wait_event(PythonHandlerBegan)
            running.tell("x")
            raised = running.account()["raised"]
            tracer.wait()
            events = watched_events(tracer)
    (began,) = [event for event in events if isinstance(event, PythonHandlerBegan)]
    stack = events[events.index(began) - 1]
    assert isinstance(stack, StackSeen)
    assert (stack.probe, stack.time_ns, stack.tid) == (TRIPPED, began.time_ns, running.pid)
    assert (raises(version) in functions(stack)) is bool(raised)
    if call == "recv":
        assert any(str(name).startswith("sock_recv") for name in functions(stack))
    expected = [raises(version), TRIPPED] if raised else [TRIPPED]
    assert [hit.probe for hit in samples(events)] == expected


@pytest.mark.parametrize("version", ["2.7", "3.13"])
@unless_spared
def test_eintr_without_a_handler_is_watched_from_the_delivery_on(
    version: str, tmp_path: Path
) -> None:
    """An ignored signal interrupts epoll_wait(2), because a tracer is there."""
    with program(interpreter(version), "deciding.py", "epoll", "main", "ignored") as running:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            events = decided(running, tracer, "epoll")
    hits = samples(events)
    assert [hit.probe for hit in hits][-1] == CHECKS
    assert (raises(version) in functions(hits[-1])) is (version == "2.7")
    for hit in hits:
        assert epoll_function(version) in functions(hit)


def epoll_function(version: str) -> str:
    return "pyepoll_poll" if version == "2.7" else "select_epoll_poll"


@pytest.mark.parametrize("version", ["2.7", "3.13"])
@unless_spared
def test_a_program_that_hits_a_probe_all_the_time_pays_for_one(
    version: str, tmp_path: Path
) -> None:
    """Its C code hands EINTR on, and then it calls what is watched twenty thousand times."""
    with program(interpreter(version), "deciding.py", "ctypes_read") as running:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            events = decided(running, tracer, "ctypes_read")
    hits = [hit.probe for hit in of_worker(running, events)]
    assert RETURN_PROBE in hits
    assert len(hits) == len(set(hits))
    (interrupted,) = (one for one in stacks(events) if one.moment is StackMoment.INTERRUPTED)
    (returned,) = (hit for hit in of_worker(running, events) if hit.probe == RETURN_PROBE)
    assert returned.stack.frames[0] in interrupted.stack.frames
    assert returned.retval not in {None, 0}
    assert unwatched(events) == []


@unless_spared
def test_each_episode_of_a_thread_is_seen(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "deciding.py", "recv") as running:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            for number in range(1, 6):
                interrupt(running, "recv")
                tracer.wait_event(HandlerReturned, number)
            running.tell("x")
            running.account()
            tracer.wait()
            hits = of_worker(running, watched_events(tracer))
    assert [hit.probe for hit in hits] == [CHECKS] * 5


def perf_events_of(pid: int) -> int:
    links = (path.readlink() for path in Path(f"/proc/{pid}/fd").iterdir())
    return sum("perf_event" in str(link) for link in links)


@unless_spared
def test_many_threads_take_turns_with_a_few_probes(newest_python: Path, tmp_path: Path) -> None:
    many = ["deciding.py", "recv", "worker", "caught", str(MANY_THREADS)]
    with program(newest_python, *many) as running:
        workers = [int(word) for word in running.ready[1:]]
        with attached(running.pid, tmp_path / "r.jsonl", "--no-merged-signals") as tracer:
            for number, tid in enumerate(workers, 1):
                wait_until(lambda tid=tid: is_blocked_in(tid, "recvfrom"), "it receives")  # type: ignore[misc]
                tgkill(running.pid, tid, signal.SIGUSR1)
                tracer.wait_event(HandlerReturned, number)
            # Eight sets of four; the handler's watchpoint and one of the tracer's own, two each.
            assert perf_events_of(tracer.process.pid) == 8 * 4 + 2 * 2
            running.tell("x")
            running.account()
            tracer.wait()
            events = watched_events(tracer)
    seen = {hit.tid for hit in samples(events) if hit.probe == CHECKS}
    assert seen == set(workers)
    assert unwatched(events) == []


def test_a_tracer_killed_with_probes_armed_leaves_no_trace(
    newest_python: Path, tmp_path: Path
) -> None:
    lingering = ["deciding.py", "lockf", "worker", "caught", "1", "2000000"]
    with program(newest_python, *lingering) as running:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            interrupt(running, "lockf")
            tracer.wait_event(HandlerReturned)
            assert perf_events_of(tracer.process.pid) > 2
            tracer.process.kill()
            tracer.process.wait()
        running.tell("x")
        assert running.account()["raised"] == [errno.EINTR]


def test_the_probes_of_a_program_that_becomes_another_are_given_back(
    newest_python: Path, tmp_path: Path
) -> None:
    """Another program may have anything at their addresses."""
    with program(newest_python, "decides_and_becomes.py") as running:
        with attached(running.pid, tmp_path / "r.jsonl", "--no-merged-signals") as tracer:
            unused = perf_events_of(tracer.process.pid)
            running.wait_blocked_in("read")
            running.process.send_signal(signal.SIGUSR1)
            tracer.wait_event(PythonHandlerBegan)
            assert perf_events_of(tracer.process.pid) > unused
            running.tell("become")
            assert running.read_line() == "ready"
            assert perf_events_of(tracer.process.pid) == unused
            running.tell("end")
            running.account()
            tracer.wait()


def test_samples_are_told_in_order_among_the_threads_that_come_and_end(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "churn.py", "threads", "150", "20") as running:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            running.tell("go")
            for _ in range(20):
                running.process.send_signal(signal.SIGRTMIN)
                time.sleep(0.01)
            running.account()
            tracer.wait()
    events = tracer.events()
    assert samples(events)
    assert any(isinstance(event, ThreadExited) for event in events)
    order = [event for event in events if isinstance(event, _ORDERED)]
    times = [event.time_ns for event in order]
    assert times == sorted(times)


# Where it cannot be watched


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
