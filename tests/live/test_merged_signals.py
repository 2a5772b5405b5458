"""Signals that merge: told apart by whether the tracer held the thread that was to take them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eintr_trace.model.episodes import TracerInduced
from eintr_trace.model.events import SignalDelivered, Warned
from eintr_trace.sources.live.merged_signals import MergedSignalWatch, MergesUnseenError
from tests.live.harness import Tracer, attached, program, wait_held

pytestmark = pytest.mark.live

BURSTS = 5
PAUSE_S = 0.01  # a processor's ring has room for sixteen times fifty
BETWEEN_BURSTS_S = 0.04  # so far apart that none is passed on unread


@pytest.fixture
def watched() -> None:
    try:
        MergedSignalWatch(threading.get_native_id()).close()
    except MergesUnseenError as error:
        pytest.skip(error.message)


def deliveries(tracer: Tracer) -> list[SignalDelivered]:
    return [event for event in tracer.events() if isinstance(event, SignalDelivered)]


@pytest.mark.usefixtures("watched")
def test_signals_that_merge_while_a_thread_is_held_are_ours(python2: Path, tmp_path: Path) -> None:
    """Three signals; the first has its thread held when the second and third come."""
    sent_ns: list[tuple[int, int]] = []
    with program(python2, "workers.py", "0") as running:
        running.wait_all_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            for _ in range(BURSTS):
                with tracer.stopped(running.pid):
                    os.kill(running.pid, signal.SIGUSR1)
                    wait_held(running.pid)
                    for _ in range(2):
                        before_ns = time.monotonic_ns()
                        os.kill(running.pid, signal.SIGUSR1)
                        sent_ns.append((before_ns, time.monotonic_ns()))
                tracer.wait_asleep(running.pid)
                running.wait_all_blocked_in("read")
                time.sleep(BETWEEN_BURSTS_S)
            running.tell("done")
            seen = running.account()
            tracer.wait()
            report = tracer.report()
            merged = {event.time_ns: event.merged for event in deliveries(tracer) if event.merged}
    labelled = [e for e in report.episodes if e.tracer_induced is TracerInduced.COALESCED]
    assert labelled, "nothing merged in a stop: this test saw nothing"
    for episode in labelled:
        told = merged[episode.time_ns]
        assert told.held_from_ns is not None
        assert told.first_ns is not None
        assert told.held_until_ns is not None
        assert told.held_from_ns <= told.first_ns <= told.held_until_ns < episode.time_ns
        assert any(before <= told.first_ns <= after for before, after in sent_ns)
    # Each that was sent was delivered, or merged; of those passed on, not all is told.
    all_merged = sum(told.while_held + told.otherwise for told in merged.values())
    told_of = len(report.episodes) + all_merged
    assert told_of == 3 * BURSTS if not report.summary.passed else told_of < 3 * BURSTS
    assert 0 < seen["handled"] <= len(report.episodes) + report.summary.passed


@pytest.mark.usefixtures("watched")
def test_signals_that_the_program_lets_merge_are_its_own(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "masked.py") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            for _ in range(4):
                os.kill(running.pid, signal.SIGUSR1)
            # Held by the tracer meanwhile, for a signal that it ignores: still its own.
            os.kill(running.pid, signal.SIGWINCH)
            tracer.wait_event(SignalDelivered)
            running.tell("unblock")
            tracer.wait_event(SignalDelivered, 2)
            running.tell("done")
            assert running.account() == {"handled": 1}
            tracer.wait()
            winch, usr1 = deliveries(tracer)
            episode = tracer.episodes()[1]
    assert winch.merged is None
    assert usr1.merged is not None
    assert (usr1.merged.while_held, usr1.merged.otherwise) == (0, 3)
    assert episode.tracer_induced is None
    assert any("3 more SIGUSR1 were sent" in sentence.text for sentence in episode.explanation)


@pytest.mark.usefixtures("watched")
def test_signals_that_merge_elsewhere_leave_room(newest_python: Path, tmp_path: Path) -> None:
    """Far more of them than the kernel keeps for us, while the tracer has nothing to do."""
    with program(newest_python, "masked.py") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer, merging_signals() as send:
            for _ in range(40):
                for _ in range(50):
                    send()
                time.sleep(PAUSE_S)
            for _ in range(4):
                os.kill(running.pid, signal.SIGUSR1)
            running.tell("unblock")
            tracer.wait_event(SignalDelivered)
            running.tell("done")
            assert running.account() == {"handled": 1}
            tracer.wait()
            (usr1,) = deliveries(tracer)
            warnings = [event for event in tracer.events() if isinstance(event, Warned)]
    assert usr1.merged is not None
    assert usr1.merged.otherwise == 3
    assert not warnings


@contextmanager
def merging_signals() -> Iterator[Callable[[], None]]:
    """Give what sends this thread a signal that it blocks."""
    blocked = {signal.SIGUSR2}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(processors)})  # one ring for all of them
    try:
        yield lambda: signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)
    finally:
        os.sched_setaffinity(0, processors)
        signal.sigtimedwait(blocked, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_where_it_is_not_watched_only_that_more_may_have_merged_is_said(
    python2: Path, tmp_path: Path
) -> None:
    """It costs every signal of the machine a little, so it can be turned off."""
    with program(python2, "workers.py", "0") as running:
        running.wait_all_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl", "--no-merged-signals") as tracer:
            for _ in range(BURSTS):
                with tracer.stopped(running.pid):
                    os.kill(running.pid, signal.SIGUSR1)
                    wait_held(running.pid)
                    os.kill(running.pid, signal.SIGUSR1)
                tracer.wait_asleep(running.pid)
                running.wait_all_blocked_in("read")
                time.sleep(BETWEEN_BURSTS_S)
            running.tell("done")
            running.account()
            tracer.wait()
            again = {e.time_ns for e in deliveries(tracer) if e.pending_again}
            episodes = tracer.episodes()
    assert again, "no second signal came into a stop: this test saw nothing"
    assert {episode.tracer_induced for episode in episodes} == {None}
    for episode in episodes:
        told = any("may have merged" in sentence.text for sentence in episode.explanation)
        assert told == (episode.time_ns in again)
