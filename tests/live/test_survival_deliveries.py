"""Signals that come at once, into each other, or without end."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from eintr_trace.model.episodes import Outcome
from eintr_trace.model.events import EndReason, SignalDelivered, TraceEnded
from tests.live.harness import Program, Tracer, attached, program, state_of, tracer_of, wait_until

pytestmark = pytest.mark.live

USR1, USR2 = signal.SIGUSR1, signal.SIGUSR2
ENDS_WITHIN_NS = 5_000_000_000


def send_at_once(tracer: Tracer, running: Program, *signals: signal.Signals) -> None:
    """Send them while the tracer is stopped: all are pending when it serves the first."""
    tracer.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: state_of(tracer.process.pid) == "T", "the tracer is stopped")
    for signo in signals:
        running.process.send_signal(signo)
    tracer.process.send_signal(signal.SIGCONT)


def test_of_two_signals_at_once_with_two_handlers_the_first_is_resumed_from(
    newest_python: Path, tmp_path: Path
) -> None:
    """The second comes before the thread has run anything: the call is over, for it."""
    with program(newest_python, "two_handlers.py") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            send_at_once(tracer, running, USR1, USR2)
            tracer.wait_event(SignalDelivered, 2)
            running.wait_blocked_in("read")
            running.tell("done")
            assert running.account() == {"handled": [USR1, USR2]}
            tracer.wait()
            episodes = tracer.episodes()
    assert [e.signal.signo for e in episodes if e.signal] == [USR1, USR2]
    assert [e.outcome for e in episodes] == [
        Outcome.RESUMED_BY_INTERPRETER,
        Outcome.NOT_BLOCKING,
    ]


def test_a_signal_not_asked_for_does_not_spoil_the_episode_it_comes_into(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "two_handlers.py", "waiting") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl", "-e", "signal=SIGUSR1") as tracer:
            running.process.send_signal(USR1)
            running.wait_blocked_in("recvfrom")
            running.process.send_signal(USR2)
            running.wait_blocked_in("read")
            running.tell("done")
            assert running.account() == {"handled": [USR2, USR1]}
            tracer.wait()
            (episode,) = tracer.episodes()
    assert episode.signal is not None
    assert episode.signal.signo == USR1
    assert episode.outcome is Outcome.RESUMED_BY_INTERPRETER


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [("SIGUSR1", Outcome.RESUMED_BY_INTERPRETER), ("SIGUSR2", Outcome.NOT_BLOCKING)],
)
def test_a_signal_not_asked_for_that_came_at_once_does_not_spoil_the_other(
    newest_python: Path, tmp_path: Path, asked: str, outcome: Outcome
) -> None:
    """Neither its handler's return nor its registers are the asked-for signal's."""
    with program(newest_python, "two_handlers.py") as running:
        running.wait_blocked_in("read")
        recording = tmp_path / "r.jsonl"
        with attached(running.pid, recording, "-e", f"signal={asked}") as tracer:
            send_at_once(tracer, running, USR1, USR2)
            tracer.wait_event(SignalDelivered)
            running.wait_blocked_in("read")
            running.tell("done")
            assert running.account() == {"handled": [USR1, USR2]}
            tracer.wait()
            (episode,) = tracer.episodes()
    assert episode.outcome is outcome


def test_a_count_is_reached_although_one_signal_met_the_handler_of_the_other(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "two_handlers.py", "waiting") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl", "--count", "2") as tracer:
            running.process.send_signal(USR1)
            running.wait_blocked_in("recvfrom")
            running.process.send_signal(USR2)
            assert tracer.wait() == 0
            report = tracer.report()
        running.tell("done")
        assert running.account() == {"handled": [USR2, USR1]}
    assert report.ended is not None
    assert report.ended.reason is EndReason.COUNT
    assert {e.outcome for e in report.episodes} == {Outcome.RESUMED_BY_INTERPRETER}


def test_a_count_is_reached_by_two_signals_at_once(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "two_handlers.py") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl", "--count", "2") as tracer:
            send_at_once(tracer, running, USR1, USR2)
            assert tracer.wait() == 0
            ended = tracer.report().ended
        running.tell("done")
        assert running.account() == {"handled": [USR1, USR2]}
    assert ended is not None
    assert ended.reason is EndReason.COUNT


@pytest.mark.parametrize("by", ["duration", "Ctrl-C"])
def test_it_ends_while_threads_stop_without_end(
    newest_python: Path, tmp_path: Path, by: str
) -> None:
    option = ("--duration", "1") if by == "duration" else ()
    with program(newest_python, "self_signalling.py", "4") as running:
        with attached(running.pid, tmp_path / "r.jsonl", *option) as tracer:
            tracer.wait_event(SignalDelivered)
            if by == "Ctrl-C":
                tracer.process.send_signal(signal.SIGINT)
            assert tracer.wait() == 0
            events = tracer.events()
        assert tracer_of(running.pid) == 0
        os.kill(running.pid, 0)
    ended = events[-1]
    assert isinstance(ended, TraceEnded)
    assert ended.reason is (EndReason.DURATION if option else EndReason.DETACHED)
    assert ended.time_ns - events[0].time_ns < ENDS_WITHIN_NS
