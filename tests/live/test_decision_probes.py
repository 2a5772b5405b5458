"""Who decided about EINTR, seen while the thread ran on; nothing is asked of it but two hits."""

from __future__ import annotations

import errno
import signal
import subprocess
import time
from pathlib import Path

import pytest

from eintr_trace.facts.decision_probes import RETURN_PROBE
from eintr_trace.interpreter.reader import open_interpreter
from eintr_trace.model.c_stack import StackEnd
from eintr_trace.model.events import (
    HandlerReturned,
    PythonHandlerBegan,
    SyscallEntered,
    ThreadExited,
    ThreadSeen,
)
from eintr_trace.model.stack_events import StackMoment, StackSeen
from tests.live.conftest import interpreter
from tests.live.deciding import (
    decided,
    functions,
    interrupt,
    of_worker,
    samples,
    stacks,
    unless_spared,
    unwatched,
    watched_events,
)
from tests.live.harness import (
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
MANY_THREADS = 24
_ORDERED = (StackSeen, ThreadSeen, ThreadExited)


def raises(version: str) -> str:
    return RAISES.get(version, RAISES["3"])


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
