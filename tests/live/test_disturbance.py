"""Promise 2: observing does not break; where it must, it says so."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import pytest

from eintr_trace.model.episodes import Outcome, TracerInduced
from eintr_trace.model.events import ContinueTrapped, SignalDelivered
from eintr_trace.reports.json_report import report_object
from eintr_trace.sources.live.merged_signals import MergedSignalWatch, MergesUnseenError
from eintr_trace.sources.live.proc import thread_ids
from tests.live.harness import (
    Program,
    Tracer,
    attached,
    program,
    state_of,
    tgkill,
    tracer_of,
    wait_held,
    wait_until,
)

pytestmark = pytest.mark.live

BETWEEN_SIGNALS_S = 0.04  # so far apart that none is passed on unread


def wait_threads_held(pid: int, count: int) -> None:
    """Until so many threads of a process are in a stop for their tracer."""
    wait_until(
        lambda: [state_of(tid) for tid in thread_ids(pid)].count("t") == count,
        f"{count} threads are held",
    )


@pytest.mark.parametrize(
    ("call", "syscall"), [("epoll", "epoll_wait"), ("recv_rcvtimeo", "recvfrom")]
)
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_attaching_and_detaching_does_nothing_to_a_raw_eintr_call(
    python2: Path, tmp_path: Path, call: str, syscall: str, end: signal.Signals
) -> None:
    """strace -p and gdb -p make both calls fail with EINTR here."""
    with program(python2, "one_call.py", call) as running:
        running.wait_blocked_in(syscall)
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            assert tracer_of(running.pid) != 0
            tracer.process.send_signal(end)
            tracer.process.communicate(timeout=60)
            assert tracer_of(running.pid) == 0
        seen = running.account()
    assert seen["error"] is None or seen["error"][1] == 11, seen  # EAGAIN: its own timeout
    assert seen["seconds"] > 1.9


def test_sigcont_is_labelled_as_ours_in_every_thread(python2: Path, tmp_path: Path) -> None:
    with program(python2, "workers.py", "3") as running:
        running.wait_all_blocked_in("recvfrom", "read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            running.process.send_signal(signal.SIGCONT)
            tracer.wait_event(ContinueTrapped, 4)
            running.tell("done")
            running.account()
            tracer.wait()
            episodes = tracer.episodes()
    assert len(episodes) == 4
    assert {e.tracer_induced for e in episodes} == {TracerInduced.SIGCONT}
    assert {e.outcome for e in episodes} == {Outcome.RESTARTED_BY_KERNEL}


def test_sigcont_that_makes_epoll_raise_is_labelled_as_ours(python2: Path, tmp_path: Path) -> None:
    with program(python2, "one_call.py", "epoll") as running:
        running.wait_blocked_in("epoll_wait")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            running.process.send_signal(signal.SIGCONT)
            seen = running.account()
            tracer.wait()
            (episode,) = tracer.episodes()
    assert seen["error"] == ["IOError", 4]
    assert episode.tracer_induced is TracerInduced.SIGCONT
    assert episode.outcome is Outcome.RAISED


def test_an_ignored_signal_that_makes_epoll_raise_is_labelled_as_ours(
    python2: Path, tmp_path: Path
) -> None:
    with program(python2, "one_call.py", "epoll") as running:
        running.wait_blocked_in("epoll_wait")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            running.process.send_signal(signal.SIGWINCH)
            seen = running.account()
            tracer.wait()
            (episode,) = tracer.episodes()
    assert seen["error"] == ["IOError", 4]
    assert episode.tracer_induced is TracerInduced.IGNORED
    assert episode.outcome is Outcome.RAISED


@pytest.mark.parametrize("signo", [signal.SIGCHLD, signal.SIGURG, signal.SIGPIPE])
def test_an_ignored_signal_to_a_worker_is_labelled_as_ours(
    python2: Path, tmp_path: Path, signo: signal.Signals
) -> None:
    """Two are ignored by default; CPython ignores SIGPIPE."""
    with program(python2, "at_risk.py", "epoll") as running:
        running.wait_all_blocked_in("epoll_wait", "read")
        (worker,) = set(thread_ids(running.pid)) - {running.pid}
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            tgkill(running.pid, worker, signo)
            wait_until(lambda: thread_ids(running.pid) == [running.pid], "the worker raises")
            running.tell("done")
            running.account()
            tracer.wait()
            (episode,) = tracer.episodes()
    assert episode.tid == worker
    assert episode.tracer_induced is TracerInduced.IGNORED
    assert episode.outcome is Outcome.RAISED


def test_an_ignored_signal_into_recv_is_restarted_and_labelled(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "one_call.py", "read_stdin", "ignore:SIGUSR2") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            running.process.send_signal(signal.SIGUSR2)
            tracer.wait_event(SignalDelivered)
            running.tell("done")
            running.account()
            tracer.wait()
            (episode,) = tracer.episodes()
    assert episode.tracer_induced is TracerInduced.IGNORED
    assert episode.outcome is Outcome.RESTARTED_BY_KERNEL


def test_a_real_stop_and_continue_is_not_blamed_on_the_tracer(
    python2: Path, tmp_path: Path
) -> None:
    """SIGSTOP and SIGCONT interrupt epoll_wait without any tracer as well."""
    with program(python2, "one_call.py", "epoll") as running:
        running.wait_blocked_in("epoll_wait")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            running.process.send_signal(signal.SIGSTOP)
            tracer.wait_event(SignalDelivered)
            running.process.send_signal(signal.SIGCONT)
            seen = running.account()
            tracer.wait()
            episodes = tracer.episodes()
    assert seen["error"] == ["IOError", 4]
    assert [e.tracer_induced for e in episodes] == [None]
    assert episodes[0].outcome is Outcome.RAISED


def reroute(running: Program, tracer: Tracer, workers: int) -> None:
    """While the main thread is held in its first delivery, send workers of it one signal each."""
    with tracer.stopped(running.pid):
        for held in range(1, workers + 2):
            running.process.send_signal(signal.SIGUSR1)
            wait_threads_held(running.pid, held)


def test_signals_rerouted_to_idle_workers_are_labelled(python2: Path, tmp_path: Path) -> None:
    """The others come while the main thread is held, so each worker takes one.

    Without a tracer no worker ever sees one that comes alone: the handler is over by then.
    """
    with program(python2, "workers.py", "3") as running:
        running.wait_all_blocked_in("recvfrom", "read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            reroute(running, tracer, 3)
            tracer.wait_event(SignalDelivered, 4)
            tracer.wait_asleep(running.pid)
            running.wait_all_blocked_in("recvfrom", "read")
            running.tell("done")
            seen = running.account()
            tracer.wait()
            episodes = tracer.episodes()
    assert seen["workers"] == 3
    by_workers = [e for e in episodes if e.main_thread is False]
    assert len({e.tid for e in by_workers}) == 3
    assert [e.tracer_induced for e in by_workers] == [TracerInduced.REROUTED] * 3
    assert [e.tracer_induced for e in episodes if e.main_thread] == [None]


def test_all_four_kinds_in_one_trace_are_counted_apart(python2: Path, tmp_path: Path) -> None:
    """Ignored, SIGCONT, rerouted, merged: each by its own rule, beside the program's own."""
    try:
        MergedSignalWatch(threading.get_native_id()).close()
    except MergesUnseenError as error:
        pytest.skip(error.message)
    with program(python2, "workers.py", "2") as running:
        running.wait_all_blocked_in("recvfrom", "read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:

            def settle() -> None:
                tracer.wait_asleep(running.pid)
                running.wait_all_blocked_in("recvfrom", "read")
                time.sleep(BETWEEN_SIGNALS_S)

            reroute(running, tracer, 2)
            settle()
            running.process.send_signal(signal.SIGWINCH)
            settle()
            running.process.send_signal(signal.SIGCONT)
            settle()
            tgkill(running.pid, running.pid, signal.SIGUSR1)
            settle()
            for _ in range(6):
                with tracer.stopped(running.pid):
                    for _ in range(3):  # to one thread: these cannot be rerouted
                        tgkill(running.pid, running.pid, signal.SIGUSR1)
                        wait_held(running.pid)
                settle()
            running.tell("done")
            running.account()
            out, _ = tracer.process.communicate(timeout=60)
            report = tracer.report()
    kinds = {kind for kind, _ in report.summary.by_tracer_induced}
    assert kinds == set(TracerInduced) - {TracerInduced.INJECTED}  # strace does that
    summary = report_object(report)["summary"]
    assert summary["by_tracer_induced"]["ignored"] == 1
    assert summary["by_tracer_induced"]["sigcont"] == 3
    assert summary["by_tracer_induced"]["rerouted"] == 2
    assert summary["merged"] >= summary["by_tracer_induced"]["coalesced"]
    assert summary["by_outcome_own"], "those that nothing of this explains"
    labelled = sum(summary["by_tracer_induced"].values())
    assert labelled + sum(summary["by_outcome_own"].values()) == len(report.episodes)
    told = " ".join(out.split())
    assert "1 ignored, 3 sigcont, 2 rerouted" in told
    outcome, count = report.own_outcomes[0]
    assert f"The program's own: {count} {outcome.value}" in told


def test_a_one_kilohertz_timer_does_not_freeze_the_program(
    spread_python: Path, tmp_path: Path
) -> None:
    """Without promise 3 the program executes nothing, for ever; the ratio is in `make bench`."""
    with program(spread_python, "ticking.py", "0.001", "1000000") as running:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            running.tell("go")
            seen = running.account()
            tracer.wait()
            report = tracer.report()
    assert seen["total"] == sum(number % 7 for number in range(1000000))
    assert report.ended is not None
    assert report.ended.deliveries >= seen["ticks"]
    assert report.summary.passed == report.ended.passed
