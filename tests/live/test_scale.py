"""Hundreds of threads and dozens of processes, one signal each: nothing is mixed up."""

from __future__ import annotations

import errno
import os
import resource
import signal
from pathlib import Path
from typing import Any

import pytest

from eintr_trace.interpreter.memory import ProcessMemory
from eintr_trace.interpreter.reader import find_interpreter
from eintr_trace.model.episodes import Episode, KernelAction, Outcome
from eintr_trace.model.events import Reduction, SignalDelivered
from tests.live.harness import attached, is_blocked_in, program, tgkill, wait_told_of, wait_until

pytestmark = pytest.mark.live

_THREADS = 500
_FEW = 64
_RAISED = (Outcome.RAISED, Outcome.RETRIED_BY_PROGRAM)  # threads of even and of odd number


def signal_of(number: int) -> int:
    """Neighbours get different ones; glibc has SIGRTMIN - 1 and below for itself."""
    return signal.SIGRTMIN + number % 8


def stack_of(number: int) -> list[str]:
    """The functions that thread of many_threads.py is in, innermost first."""
    return ["take", *["descend"] * (number % 5 + 1), "run"]


def assert_is_of(
    episode: Episode, number: int, account: dict[str, Any], stack: list[str], *, raises: bool
) -> None:
    """Everything in an episode is the thread's or child's own, by its own account."""
    assert episode.signal is not None
    assert episode.signal.signo == signal_of(number)
    assert episode.signal.sender_pid == os.getpid()
    assert episode.syscall is not None
    assert episode.syscall.syscall.name == "recvfrom"
    assert episode.syscall.syscall.args is not None
    assert episode.syscall.syscall.args[0] == account["fd"]
    assert episode.python is not None
    assert [frame.location.function for frame in episode.python.stack][: len(stack)] == stack
    assert account["errnos"] == ([errno.EINTR] if raises else [])
    assert episode.outcome is (_RAISED[number % 2] if raises else Outcome.RESUMED_BY_INTERPRETER)
    assert [raised.errno for raised in episode.exceptions[:1]] == account["errnos"]
    if raises and number % 2 == 0:
        assert account["received"] is None
    else:
        assert account["received"] == number % 7 + 1
        assert episode.follow_up is not None
        assert episode.follow_up.retval == account["received"]
    # Threads: more signals than the main thread has slots; children: see below.
    assert Reduction.MEMORY_UNREAD not in episode.reduced


@pytest.mark.parametrize("version", ["2.7", "newest"])
def test_every_thread_has_an_episode_of_its_own(
    version: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    python = request.getfixturevalue("python2" if version == "2.7" else "newest_python")
    recording = tmp_path / "r.jsonl"
    with program(python, "many_threads.py", str(_THREADS)) as running:
        tids = [int(word.partition(":")[0]) for word in running.ready[1:]]
        wait_until(lambda: all(is_blocked_in(tid, "recvfrom") for tid in tids), "all in recv")
        with attached(running.pid, recording) as tracer:
            for number, tid in enumerate(tids):
                tgkill(running.pid, tid, signal_of(number))
            wait_told_of(recording, SignalDelivered, len(tids))
            wait_until(lambda: all(is_blocked_in(tid, "recvfrom", "read") for tid in tids), "again")
            running.tell("end")
            accounts = running.account()["accounts"]
            assert tracer.wait() == 0
            report = tracer.report()
    assert [seen.tgid for seen in report.processes] == [running.pid]
    episodes = {episode.tid: episode for episode in report.episodes}
    assert sorted(episodes) == sorted(tids)
    assert len(report.episodes) == len(tids)
    for number, account in enumerate(accounts):
        episode = episodes[account["tid"]]
        assert_is_of(episode, number, account, stack_of(number), raises=version == "2.7")


def numbers_by_pid(words: list[str]) -> dict[int, int]:
    """What many_children.py says of the children it has forked."""
    return {int(pid): int(number) for pid, _, number in (word.partition(":") for word in words)}


@pytest.mark.parametrize("version", ["2.7", "newest"])
def test_every_child_has_an_episode_of_its_own(
    version: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Those forked before attaching are attached to by -p, the others and theirs by -f."""
    python = request.getfixturevalue("python2" if version == "2.7" else "newest_python")
    recording = tmp_path / "r.jsonl"
    with program(python, "many_children.py", "10", "40") as running:
        numbers = numbers_by_pid(running.ready[1:])
        options = [word for pid in numbers for word in ("-p", str(pid))]
        with attached(running.pid, recording, "-f", "-e", "signal=!CHLD", *options) as tracer:
            running.tell("fork")
            numbers |= numbers_by_pid(running.read_line().split()[1:])
            wait_until(lambda: all(is_blocked_in(pid, "recvfrom") for pid in numbers), "in recv")
            for pid, number in numbers.items():
                os.kill(pid, signal_of(number))
            wait_told_of(recording, SignalDelivered, len(numbers))
            wait_until(
                lambda: all(is_blocked_in(pid, "recvfrom", "read") for pid in numbers), "again"
            )
            running.tell("end")
            accounts = running.account()["accounts"]
            assert tracer.wait() == 0
            report = tracer.report()
    assert len(numbers) == 60
    assert {seen.tgid for seen in report.processes} == {running.pid, *numbers}
    assert all(seen.interpreter is not None for seen in report.processes)
    episodes = {episode.tid: episode for episode in report.episodes}
    assert sorted(episodes) == sorted(numbers)
    assert len(report.episodes) == len(numbers)
    for account in accounts:
        number = numbers[account["pid"]]
        assert account["number"] == number
        assert account["handled"] == [signal_of(number)]
        episode = episodes[account["pid"]]
        assert_is_of(episode, number, account, ["take", "live", "fork"], raises=version == "2.7")


def descriptors_of(pid: int) -> set[str]:
    return set(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - names only


def test_out_of_descriptors_the_report_says_for_which_episodes(
    newest_python: Path, tmp_path: Path
) -> None:
    recording = tmp_path / "r.jsonl"
    with program(newest_python, "many_children.py", "0", "50") as running:
        with attached(running.pid, recording, "-f", "-e", "signal=!CHLD") as tracer:
            open_before = descriptors_of(tracer.process.pid)
            resource.prlimit(tracer.process.pid, resource.RLIMIT_NOFILE, (_FEW, _FEW))
            running.tell("fork")
            numbers = numbers_by_pid(running.read_line().split()[1:])
            wait_until(lambda: all(is_blocked_in(pid, "recvfrom") for pid in numbers), "in recv")
            for pid, number in numbers.items():
                os.kill(pid, signal_of(number))
            wait_told_of(recording, SignalDelivered, len(numbers))
            wait_until(lambda: all(is_blocked_in(pid, "recvfrom") for pid in numbers), "again")
            running.tell("end")
            assert running.read_line() == "ended"
            wait_until(
                lambda: descriptors_of(tracer.process.pid) == open_before, "all are given back"
            )
            accounts = running.account()["accounts"]
            assert tracer.wait() == 0
            report = tracer.report()
    episodes = {episode.tid: episode for episode in report.episodes}
    assert sorted(episodes) == sorted(numbers)
    for account in accounts:
        assert account["handled"] == [signal_of(account["number"])]
        assert account["received"] == account["number"] % 7 + 1
        episode = episodes[account["pid"]]
        assert episode.syscall is not None
        assert episode.syscall.syscall.args is not None
        assert episode.syscall.syscall.args[0] == account["fd"]
        if Reduction.MEMORY_UNREAD not in episode.reduced:
            stack = ["take", "live", "fork"]
            assert_is_of(episode, account["number"], account, stack, raises=False)
        else:
            assert episode.kernel_action is KernelAction.EINTR
            assert episode.outcome is Outcome.UNKNOWN
            assert episode.reduced == (Reduction.MEMORY_UNREAD,)
            assert episode.python is not None
            assert episode.python.stack == ()
    unread = sum(Reduction.MEMORY_UNREAD in episode.reduced for episode in report.episodes)
    assert 0 < unread < len(episodes)
    assert dict(report.summary.by_reduction)[Reduction.MEMORY_UNREAD] == unread


class CountedMemory(ProcessMemory):
    """Counts how often it is read."""

    def __init__(self, tgid: int) -> None:
        super().__init__(tgid)
        self.reads = 0

    def read_some(self, address: int, size_bytes: int) -> bytes:
        self.reads += 1
        return super().read_some(address, size_bytes)


def test_finding_each_of_many_threads_takes_no_walk_for_each(newest_python: Path) -> None:
    with program(newest_python, "many_threads.py", "300") as running:
        tids = [int(word.partition(":")[0]) for word in running.ready[1:]]
        wait_until(lambda: all(is_blocked_in(tid, "recvfrom") for tid in tids), "all in recv")
        memory = CountedMemory(running.pid)
        reader = find_interpreter(running.pid, memory)
        reader.snapshot(tids[0], fs_base=None, signo=None)  # the first started, the last listed
        before = memory.reads
        snapshots = [reader.snapshot(tid, fs_base=None, signo=None) for tid in tids]
        memory.close()
    assert all(snapshot.problem is None for snapshot in snapshots)
    assert (memory.reads - before) / len(tids) < 150
