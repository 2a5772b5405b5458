"""Several programs in one trace: side by side, and one after the other in one process."""

from __future__ import annotations

import errno
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from eintr_trace.model.episodes import Outcome
from eintr_trace.model.events import EndReason, SignalDelivered
from tests.live.conftest import interpreter
from tests.live.harness import (
    Program,
    Tracer,
    attached,
    is_blocked_in,
    program,
    tgkill,
    tracer_of,
    wait_told_of,
    wait_until,
)

pytestmark = pytest.mark.live

_VERSIONS = ["2.7", "3.6", "3.9", "3.11", "3.13"]
_THREADS = 3


def workers_of(running: Program) -> list[int]:
    """The tids that many_threads.py has said."""
    return [int(word.partition(":")[0]) for word in running.ready[1:]]


def wait_all_blocked(tids: list[int]) -> None:
    wait_until(lambda: all(is_blocked_in(tid, "recvfrom", "read") for tid in tids), "all blocked")


def test_five_programs_of_five_interpreters(tmp_path: Path) -> None:
    """The first ends early, the second dies by a signal, the others go on and are judged."""
    recording = tmp_path / "r.jsonl"
    with ExitStack() as stack:
        running = [
            stack.enter_context(program(interpreter(version), "many_threads.py", str(_THREADS)))
            for version in _VERSIONS
        ]
        workers = [workers_of(one) for one in running]
        all_workers = [tid for tids in workers for tid in tids]
        pids = ",".join(str(one.pid) for one in running)
        wait_all_blocked(all_workers)
        tracer = Tracer(recording, "-p", pids, attached=len(running))
        stack.callback(tracer.process.kill)
        for one, tids in zip(running, workers, strict=True):
            for tid in tids:
                tgkill(one.pid, tid, signal.SIGRTMIN)
        told = len(running) * _THREADS
        wait_told_of(recording, SignalDelivered, told)
        wait_all_blocked(all_workers)
        running[0].tell("end")
        running[0].account()
        os.kill(running[1].pid, signal.SIGTERM)
        assert running[1].process.wait() == -signal.SIGTERM
        for one, tids in zip(running[2:], workers[2:], strict=True):
            tgkill(one.pid, tids[0], signal.SIGRTMIN + 1)
        told += 1 + len(running[2:])
        wait_told_of(recording, SignalDelivered, told)
        for one in running[2:]:
            one.tell("end")
            one.account()
        assert tracer.wait() == 0
    report = tracer.report()
    seen = {process.tgid: process.interpreter for process in report.processes}
    for one, version in zip(running, _VERSIONS, strict=True):
        found = seen[one.pid]
        assert found is not None
        assert found.version.startswith(version + ".")
    of_process = [[e for e in report.episodes if e.tgid == one.pid] for one in running]
    for episodes, tids in zip(of_process, workers, strict=True):
        assert sorted(e.tid for e in episodes[:_THREADS]) == sorted(tids)
    raised, retried = Outcome.RAISED, Outcome.RETRIED_BY_PROGRAM  # of even and of odd number
    assert {e.tid: e.outcome for e in of_process[0]} == dict(
        zip(workers[0], [raised, retried, raised], strict=True)
    )
    assert [e.outcome for e in of_process[1][_THREADS:]] == [Outcome.DIED]
    assert [(e.tid, e.outcome) for episodes in of_process[2:] for e in episodes[_THREADS:]] == [
        (tids[0], Outcome.RESUMED_BY_INTERPRETER) for tids in workers[2:]
    ]
    assert dict(report.summary.by_outcome) == {
        Outcome.RAISED: 2,
        Outcome.RETRIED_BY_PROGRAM: 1,
        Outcome.DIED: 1,
        Outcome.RESUMED_BY_INTERPRETER: 4 * _THREADS + 3,
    }


def test_count_counts_over_all_programs(newest_python: Path, tmp_path: Path) -> None:
    with (
        program(newest_python, "many_threads.py", "2") as first,
        program(newest_python, "many_threads.py", "2") as second,
    ):
        programs = (first, second)
        for one in programs:
            wait_all_blocked(workers_of(one))
        pids = ",".join(str(one.pid) for one in programs)
        tracer = Tracer(tmp_path / "r.jsonl", "-p", pids, "--count", "4", attached=2)
        for one in programs:
            for tid in workers_of(one):
                tgkill(one.pid, tid, signal.SIGRTMIN)
        assert tracer.wait() == 0
        report = tracer.report()
        for one in programs:
            assert tracer_of(one.pid) == 0
            one.tell("end")
            assert [account["errnos"] for account in one.account()["accounts"]] == [[], []]
    assert report.ended is not None
    assert report.ended.reason is EndReason.COUNT
    assert sorted(episode.tid for episode in report.episodes) == sorted(
        workers_of(first) + workers_of(second)
    )


@pytest.mark.parametrize("executing", ["main", "thread"])
def test_a_child_is_judged_as_the_program_it_is_at_the_time(
    newest_python: Path, python2: Path, tmp_path: Path, executing: str
) -> None:
    recording = tmp_path / "r.jsonl"
    with program(newest_python, "becomes_another.py", executing, str(python2)) as running:
        child = int(running.ready[1])
        wait_until(lambda: is_blocked_in(child, "recvfrom"), "in recv")
        options = ("-f", "-p", str(child), "-e", "signal=!CHLD")
        with attached(running.pid, recording, *options) as tracer:
            os.kill(child, signal.SIGUSR1)
            wait_told_of(recording, SignalDelivered, 1)
            wait_until(lambda: is_blocked_in(child, "recvfrom"), "in recv again")
            running.tell("execute")
            wait_until(lambda: b'"version":"2.7' in recording.read_bytes(), "2.7 is found")
            wait_until(lambda: is_blocked_in(child, "recvfrom"), "in recv under 2.7")
            os.kill(child, signal.SIGUSR1)
            wait_told_of(recording, SignalDelivered, 2)
            wait_until(lambda: is_blocked_in(child, "recvfrom"), "in recv again")
            running.tell("end")
            accounts = running.account()["accounts"]
            assert tracer.wait() == 0
    assert accounts == [
        {"when": "before", "errnos": []},
        {"when": "after", "errnos": [errno.EINTR]},
    ]
    before, after = tracer.episodes()
    assert (before.tgid, after.tgid) == (child, child)
    assert before.outcome is Outcome.RESUMED_BY_INTERPRETER
    assert after.outcome is Outcome.RETRIED_BY_PROGRAM
    assert before.python is not None
    assert after.python is not None
    assert [f.location.function for f in before.python.stack][:2] == ["take", "before"]
    assert [f.location.function for f in after.python.stack][:2] == ["take", "after"]
