"""When Python handlers begin: what the watchpoint saw is what the program says itself."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time
from itertools import count
from pathlib import Path

import pytest

from eintr_trace.model.delivery import HandlerWatch
from eintr_trace.model.episodes import DelayBound, DelayCause, Episode, HandlerRun
from eintr_trace.model.events import (
    Event,
    HandlerReturning,
    PythonHandlerBegan,
    PythonHandlerDue,
    Reduction,
    SignalDelivered,
)
from eintr_trace.sources.live.proc import thread_ids
from tests.confinement import without_perf_events
from tests.live.conftest import interpreter
from tests.live.harness import Program, Tracer, attached, is_blocked_in, program, wait_until

pytestmark = pytest.mark.live

TGKILL_NR = 234
HALF_A_MILLISECOND_S = 0.0005
CREDIT_IS_BACK_S = 0.5
ATTEMPTS = 8
CALLS = {"read": "read", "restart": "read", "join": "futex", "lock": "futex", "mutex": "futex"}


def worker_of(running: Program) -> int:
    """The only thread that is not the kernel's main one, once it is blocked in read."""
    found: list[int] = []

    def reads() -> bool:
        found[:] = [tid for tid in thread_ids(running.pid) if tid != running.pid]
        return len(found) == 1 and is_blocked_in(found[0], "read")

    wait_until(reads, "the worker reads")
    return found[0]


def interrupt(tracer: Tracer, running: Program, tid: int, call: str, times: int = 1) -> None:
    """Signal one thread, until C handlers have returned and it waits again, so many times."""
    for number in range(1, times + 1):
        ctypes.CDLL(None).syscall(TGKILL_NR, running.pid, tid, int(signal.SIGUSR1))
        tracer.wait_event(HandlerReturning, number)
        wait_until(lambda: is_blocked_in(tid, call), f"{tid} in {call} again")


def began(tracer: Tracer) -> list[PythonHandlerBegan]:
    return [event for event in tracer.events() if isinstance(event, PythonHandlerBegan)]


def handler_of(episode: Episode) -> HandlerRun:
    assert episode.python is not None
    assert episode.python.handler is not None
    return episode.python.handler


def explanation_of(episode: Episode) -> str:
    return " ".join(sentence.text for sentence in episode.explanation)


@pytest.mark.parametrize("mode", ["read", "restart", "mutex"])
@pytest.mark.parametrize("version", ["2.7", "3.6", "3.13"])
def test_a_handler_begins_when_the_program_says(version: str, mode: str, tmp_path: Path) -> None:
    with program(interpreter(version), "late_handler.py", mode) as running:
        running.wait_blocked_in(CALLS[mode])
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            interrupt(tracer, running, running.pid, CALLS[mode])
            told_ns = time.monotonic_ns()
            running.tell("done")
            (ran_ns,) = running.account()["ran_ns"]
            tracer.wait()
            (event,) = began(tracer)
            (delivered,) = [e for e in tracer.events() if isinstance(e, SignalDelivered)]
            (episode,) = tracer.episodes()
    assert (event.tid, event.name) == (running.pid, "SIGUSR1")
    assert delivered.handler_watch == HandlerWatch(running.pid)
    earliest_ns = delivered.time_ns if mode == "read" else told_ns
    assert earliest_ns < event.time_ns < ran_ns
    run = handler_of(episode)
    assert (run.delay_ns, run.delay_bound) == (event.time_ns - delivered.time_ns, DelayBound.EXACT)
    if mode == "read":
        assert ran_ns < told_ns
    else:
        expected = {"restart": DelayCause.RESTARTED_CALL, "mutex": DelayCause.C_CODE}
        assert run.delayed_by is expected[mode], explanation_of(episode)


@pytest.mark.parametrize("version", ["2.7", "3.13"])
def test_a_handler_that_begins_before_its_delivery_is_told_of(version: str, tmp_path: Path) -> None:
    """A write that was cut short is not followed: the thread runs on at once."""
    with program(interpreter(version), "late_handler.py", "write") as running:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            for number in range(1, 9):
                running.wait_blocked_in("write")
                running.process.send_signal(signal.SIGUSR1)
                tracer.wait_event(SignalDelivered, number)
            ran_ns = running.account()["ran_ns"]
            tracer.wait()
            delivered = [e for e in tracer.events() if isinstance(e, SignalDelivered)]
            episodes = tracer.episodes()
    assert len(delivered) == len(episodes) == 8
    for event, episode, ran_at_ns in zip(delivered, episodes, ran_ns, strict=True):
        run = handler_of(episode)
        assert run.delay_bound is DelayBound.EXACT
        assert run.delay_ns is not None
        assert event.time_ns < event.time_ns + run.delay_ns < ran_at_ns


@pytest.mark.parametrize("version", ["2.7", "3.10", "3.13"])
def test_a_worker_takes_the_signal_and_the_main_thread_runs_the_handler(
    version: str, tmp_path: Path
) -> None:
    with program(interpreter(version), "late_handler.py", "join") as running:
        worker = worker_of(running)
        running.wait_blocked_in("futex")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            interrupt(tracer, running, worker, "read")
            told_ns = time.monotonic_ns()
            running.tell("done")
            (ran_ns,) = running.account()["ran_ns"]
            tracer.wait()
            (event,) = began(tracer)
            (episode,) = tracer.episodes()
    assert event.tid == running.pid
    assert told_ns < event.time_ns < ran_ns
    run = handler_of(episode)
    assert (run.delay_bound, run.delayed_by) == (DelayBound.EXACT, DelayCause.WORKER_THREAD)
    assert "The main thread was in futex" in explanation_of(episode)


def test_a_lock_of_python_2_lets_no_handler_run(python2: Path, tmp_path: Path) -> None:
    """Nor does it afterwards more than once for two signals."""
    with program(python2, "late_handler.py", "lock") as running:
        worker_of(running)
        running.wait_blocked_in("futex")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            interrupt(tracer, running, running.pid, "futex", times=2)
            told_ns = time.monotonic_ns()
            running.tell("done")
            (ran_ns,) = running.account()["ran_ns"]
            tracer.wait()
            (event,) = began(tracer)
            episodes = tracer.episodes()
    assert told_ns < event.time_ns < ran_ns
    for run in map(handler_of, episodes):
        assert (run.delay_bound, run.delayed_by) == (DelayBound.EXACT, DelayCause.C_CODE)
        assert run.deliveries == 2
    assert len(episodes) == 2


def test_a_handler_is_told_of_though_no_stop_follows(newest_python: Path, tmp_path: Path) -> None:
    with (
        program(newest_python, "late_handler.py", "spin", "1") as running,
        attached(running.pid, tmp_path / "r.jsonl") as tracer,
    ):
        running.process.send_signal(signal.SIGUSR1)
        tracer.wait_event(PythonHandlerBegan)
        running.wait_blocked_in("read")
        tracer.detach()
        (episode,) = tracer.episodes()
        running.tell("done")
        running.account()
    assert handler_of(episode).delay_bound is DelayBound.EXACT


def test_deliveries_that_are_not_watched_do_not_confuse(
    newest_python: Path, tmp_path: Path
) -> None:
    """Each of them writes the mark twice as well, whether it is watched or not.

    On a busy machine they may come so far apart that all of them are watched: then once more.
    """
    for attempt in range(ATTEMPTS):
        events, episodes = fast_signals_and_a_late_one(newest_python, tmp_path / f"{attempt}.jsonl")
        assert not any(isinstance(event, PythonHandlerDue) for event in events)
        assert handler_of(episodes[-1]).delay_bound is DelayBound.EXACT
        if any(episode.reduced == (Reduction.WATCHPOINT_SPARED,) for episode in episodes):
            return
    pytest.fail(f"in {ATTEMPTS} attempts every delivery was watched")


def fast_signals_and_a_late_one(
    python: Path, recording: Path
) -> tuple[list[Event], tuple[Episode, ...]]:
    with (
        program(python, "late_handler.py", "spin", "300") as running,
        attached(running.pid, recording) as tracer,
    ):
        while not is_blocked_in(running.pid, "read"):
            running.process.send_signal(signal.SIGUSR1)
            time.sleep(HALF_A_MILLISECOND_S)
        time.sleep(CREDIT_IS_BACK_S)
        told_before = len(began(tracer))
        running.process.send_signal(signal.SIGUSR1)
        wait_until(lambda: len(began(tracer)) > told_before, "the handler of the last is told of")
        running.wait_blocked_in("read")
        tracer.detach()
        running.tell("done")
        running.account()
        return tracer.events(), tracer.episodes()


def test_a_handler_that_never_began_is_said_to(python2: Path, tmp_path: Path) -> None:
    with program(python2, "late_handler.py", "lock") as running:
        worker_of(running)
        running.wait_blocked_in("futex")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            interrupt(tracer, running, running.pid, "futex")
            tracer.detach()
            (episode,) = tracer.episodes()
            assert not began(tracer)
        running.tell("done")
        running.account()
    assert handler_of(episode).delay_bound is DelayBound.AT_LEAST
    assert "had not begun" in explanation_of(episode)


def test_a_forked_child_is_watched_for_itself(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "late_handler.py", "fork") as running:
        with attached(running.pid, tmp_path / "r.jsonl", "-f") as tracer:
            running.tell("fork")
            running.wait_blocked_in("wait4")
            (child,) = map(int, children_of(running.pid))
            wait_until(lambda: is_blocked_in(child, "read"), "the child reads")
            os.kill(child, signal.SIGUSR1)
            tracer.wait_event(HandlerReturning)
            told_ns = time.monotonic_ns()
            running.tell("done")
            (ran_ns,) = running.account()["ran_ns"]
            tracer.wait()
            (event,) = began(tracer)
    assert (event.tgid, event.tid) == (child, child)
    assert told_ns < event.time_ns < ran_ns


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_of_three_signals_waited_for_two_are_watched(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "late_handler.py", "restart") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            for number, signo in enumerate((signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH), 1):
                running.process.send_signal(signo)
                tracer.wait_event(HandlerReturning, number)
            running.tell("done")
            assert len(running.account()["ran_ns"]) == 3
            tracer.wait()
            assert [event.signo for event in began(tracer)] == [signal.SIGUSR1, signal.SIGUSR2]
            episodes = tracer.episodes()
    reduced = [episode.reduced for episode in episodes]
    assert reduced == [(), (), (Reduction.WATCHPOINTS_TAKEN,)]


def test_where_perf_events_are_refused_the_episode_says_so(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "late_handler.py", "restart") as running:
        running.wait_blocked_in("read")
        recording = tmp_path / "r.jsonl"
        with attached(running.pid, recording, confine=without_perf_events) as tracer:
            interrupt(tracer, running, running.pid, "read")
            running.tell("done")
            assert len(running.account()["ran_ns"]) == 1
            tracer.wait()
            (episode,) = tracer.episodes()
    assert episode.reduced == (Reduction.WATCHPOINT_REFUSED,)
    assert episode.outcome.value == "restarted-by-kernel"
    assert handler_of(episode).delay_ns is None


def leave_descriptors(pid: int, number: int) -> None:
    """Have a process able to open so many descriptors more, and then none."""
    taken = {int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()}
    free = (fd for fd in count() if fd not in taken)
    limit = [next(free) for _ in range(number + 1)][-1]
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))


def test_without_descriptors_the_episode_says_so(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "late_handler.py", "restart") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            tracer.wait_asleep(running.pid)
            leave_descriptors(tracer.process.pid, 1)  # to read /proc with
            interrupt(tracer, running, running.pid, "read")
            running.tell("done")
            assert len(running.account()["ran_ns"]) == 1
            tracer.wait()
            (episode,) = tracer.episodes()
    assert episode.reduced == (Reduction.WATCHPOINT_UNOPENED,)
    assert episode.outcome.value == "restarted-by-kernel"
