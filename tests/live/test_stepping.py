"""--step: the whole way from EINTR to the decision; the program goes on as if nothing had been."""

from __future__ import annotations

import functools
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from eintr_trace.analysis.c_calls import c_calls
from eintr_trace.model.c_stack import PathEnd, PathStep
from eintr_trace.model.episodes import CPath, Episode, Outcome
from eintr_trace.model.events import Event, FollowEnded, SyscallEntered
from eintr_trace.model.stack_events import PathSeen
from eintr_trace.sources.live.proc import thread_ids
from tests.live.conftest import interpreter
from tests.live.harness import (
    Program,
    Tracer,
    attached,
    compiled,
    is_blocked_in,
    program,
    tgkill,
    tracer_of,
    wait_until,
)

pytestmark = pytest.mark.live

TIMER_US = "1000"
TRIES = 5
STEP_MS = "2000"  # the default is too short on a busy machine
_ATTEMPTS = 8
_PASSED_ON_AFTER_S = 2.0


@contextmanager
def stepped(running: Program, tmp_path: Path, *options: str) -> Iterator[Tracer]:
    with attached(
        running.pid, tmp_path / "r.jsonl", "--step", "--step-ms", STEP_MS, *options
    ) as tracer:
        yield tracer


def paths(tracer: Tracer) -> list[PathSeen]:
    return [event for event in tracer.events() if isinstance(event, PathSeen)]


def names(path: CPath) -> str:
    return " ".join(path.functions)


def walk(tracer: Tracer, running: Program, tid: int | None = None, *, tries: int = TRIES) -> None:
    """Interrupt the call until the thread was stepped to its decision.

    On a busy machine the first stop may take all the time that a thread may be held, or the
    steps more than there is for them: the tracer then tries again at a later signal. One that
    comes too soon after a long walk is passed on, and nothing is told of its outcome.
    """
    for _ in range(tries):
        known = len(outcomes(tracer))
        running.wait_all_blocked_in("recvfrom", "read")
        tgkill(running.pid, tid or running.pid, signal.SIGUSR1)
        with suppress(AssertionError):
            wait_for_outcome(tracer, known, limit_s=_PASSED_ON_AFTER_S)
        if any(path.end is not PathEnd.TOO_LONG for path in paths(tracer)):
            return
    pytest.skip(f"this machine is too busy to step a thread that far in {STEP_MS} ms")


def wait_for_outcome(tracer: Tracer, known: int = 0, *, limit_s: float = 30.0) -> None:
    what = "what became of the call is known"
    wait_until(lambda: len(outcomes(tracer)) > known, what, limit_s)


def outcomes(tracer: Tracer) -> list[Event]:
    """The calls that were made again, or the end of following it; a path comes before that."""
    return [
        event
        for event in tracer.events()
        if isinstance(event, FollowEnded)
        or (isinstance(event, SyscallEntered) and event.syscall.name == "recvfrom")
    ]


def walked_episodes(tracer: Tracer) -> list[Episode]:
    """Those with a way of their own; the others tell of the one that was walked before."""
    return [one for one in tracer.episodes() if one.c_path and one.c_path.seen_in is None]


def interrupt(running: Program, tracer: Tracer, count: int) -> None:
    """One more signal, and wait until what became of the call is known."""
    running.process.send_signal(signal.SIGUSR1)
    tracer.wait_event(SyscallEntered, count)


@pytest.fixture(scope="module")
def c_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled("stepped.c", tmp_path_factory.mktemp("stepped"))


def test_every_interpreter_gets_to_its_decision(any_python: Path, tmp_path: Path) -> None:
    with program(any_python, "interrupted_calls.py", "recv") as running:
        running.wait_blocked_in("recvfrom")
        with stepped(running, tmp_path) as tracer:
            walk(tracer, running, tries=1 if "2.7" in any_python.name else TRIES)
            running.tell("go on")
            account = running.account()
            tracer.wait()
    episode = walked_episodes(tracer)[-1]
    assert episode.c_path is not None
    assert_connected(episode.c_path.steps)
    if "2.7" in any_python.name:
        assert account["raised"] == 4
        assert episode.c_path.end is PathEnd.DECISION
        assert re.fullmatch(
            r"recv sock_recv_guts PyEval_RestoreThread .*PyErr_SetFromErrno", names(episode.c_path)
        )
    else:
        assert account["result"] is not None
        assert episode.outcome is Outcome.RESUMED_BY_INTERPRETER
        assert episode.c_path.end is PathEnd.HANDLER_DUE
        assert re.fullmatch(
            r"recv .*PyEval_RestoreThread .*PyErr_CheckSignals \(handler\) recv",
            names(episode.c_path),
        )
    text = "\n".join(sentence.text for sentence in episode.explanation)
    assert "Single-stepping it held the thread for" in text


def assert_connected(steps: tuple[PathStep, ...]) -> None:
    """Each function was called, or returned to; only the first ones were there before."""
    calls = c_calls(steps)
    there_before = [call.step for call in calls if call.caller is None]
    assert steps[0] is there_before[0]
    assert len(there_before) <= 6, there_before
    for call in calls:
        if call.caller is not None and call.step.function is not None:
            assert call.step.offset == 0, call.step


@pytest.mark.skipif(shutil.which("objdump") is None, reason="no objdump")
def test_the_first_step_is_behind_the_call(tmp_path: Path) -> None:
    with program(Path(sys.executable), "interrupted_calls.py", "recv") as running:
        running.wait_blocked_in("recvfrom")
        with stepped(running, tmp_path) as tracer:
            walk(tracer, running)
            first = paths(tracer)[0].steps[0]
    assert first.file is not None
    assert first.offset is not None
    symbols = output("nm", "-D", first.file)
    found = re.search(rf"^([0-9a-f]+) \w {first.function}@", symbols, re.MULTILINE)
    if found is None:
        pytest.skip(f"this C library does not export {first.function}")
    behind = int(found[1], 16) + first.offset
    bounds = (f"--start-address={behind - 2}", f"--stop-address={behind}")
    assert re.search(r"0f 05\s+syscall", output("objdump", "-d", *bounds, first.file))


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_once_for_each_place(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "interrupted_calls.py", "recv") as running:
        running.wait_blocked_in("recvfrom")
        with stepped(running, tmp_path) as tracer:
            walk(tracer, running)
            walked, entered = len(paths(tracer)), tracer.count(SyscallEntered)
            for _ in range(2):
                running.wait_blocked_in("recvfrom")
                entered += 1
                interrupt(running, tracer, entered)
            tracer.detach()
    assert len(paths(tracer)) == walked
    first = walked_episodes(tracer)[-1]
    later = tracer.episodes()[-2:]
    assert first.c_path is not None
    assert [one.c_path and one.c_path.seen_in for one in later] == [first.id, first.id]
    assert {one.c_path and names(one.c_path) for one in later} == {names(first.c_path)}


def test_a_worker_looks_for_handlers_and_calls_again(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "workers.py", "1") as running:
        running.wait_all_blocked_in("recvfrom", "read")
        (worker,) = set(thread_ids(running.pid)) - {running.pid}
        with stepped(running, tmp_path) as tracer:
            walk(tracer, running, worker)
            running.tell("done")
            assert running.account()["handled"] >= 1
            tracer.wait()
    episode = tracer.episodes()[-1]
    assert episode.c_path is not None
    assert episode.c_path.end is PathEnd.CALLED_AGAIN
    assert re.fullmatch(r"recv .*PyErr_CheckSignals( \S+)? recv", names(episode.c_path))


@pytest.mark.parametrize("version", ["2.7", "3.13"])
def test_waiting_for_the_gil_on_the_way(version: str, tmp_path: Path) -> None:
    """The thread sleeps in futex in between, as if it were not stepped."""
    with program(interpreter(version), "contended_recv.py", "2") as running:
        running.wait_blocked_in("recvfrom")
        with stepped(running, tmp_path) as tracer:
            running.process.send_signal(signal.SIGUSR1)
            wait_for_outcome(tracer)
            running.tell("done")
            account = running.account()
            tracer.wait()
    assert account["handled"] == 1
    assert account["errors"] == ([4] if version == "2.7" else [])
    # Each step waits for a processor that the other threads want as well.
    ends = {path.end for path in paths(tracer)}
    given_up = {PathEnd.TOO_LONG, PathEnd.TOO_MANY_STEPS}
    assert ends <= {PathEnd.DECISION, PathEnd.HANDLER_DUE, *given_up}


@pytest.mark.parametrize(
    ("mode", "end", "passed"),
    [
        ("again", PathEnd.CALLED_AGAIN, "read main react read"),
        ("longjmp", PathEnd.CALLED_AGAIN, "read main react leave"),
        ("elsewhere", PathEnd.OTHER_CALL, "read main react look_elsewhere readlink"),
        ("flags", PathEnd.TRAP_FLAG, "read main react"),
        ("spin", PathEnd.TOO_LONG, "read main react spin"),
    ],
)
def test_code_that_is_not_pythons(
    c_program: Path, tmp_path: Path, mode: str, end: PathEnd, passed: str
) -> None:
    with program(c_program, "stepped.c", mode) as running:
        running.wait_blocked_in("read")
        with stepped(running, tmp_path) as tracer:
            interrupt(running, tracer, 1)
            running.wait_blocked_in("read")
            running.tell("done")
            account = running.account()
            tracer.wait()
    assert account == {"interrupted": 1, "handled": 1, "traps": 0, "trap_flag": False}
    (path,) = paths(tracer)
    assert path.end in {end, PathEnd.TOO_MANY_STEPS} if end is PathEnd.TOO_LONG else {end}
    seen = " ".join(step.function or "?" for step in path.steps)
    assert all(name in seen.split() for name in passed.split()), seen


def test_a_call_that_fails_without_a_handler(c_program: Path, tmp_path: Path) -> None:
    """SIGCONT, under a tracer, ends epoll_wait: from one of its stops on it is stepped."""
    with program(c_program, "stepped.c", "epoll") as running:
        running.wait_blocked_in("epoll_wait")
        with stepped(running, tmp_path) as tracer:
            running.process.send_signal(signal.SIGCONT)
            tracer.wait_event(SyscallEntered)
            running.tell("done")
            account = running.account()
            tracer.wait()
    assert account == {"interrupted": 1, "handled": 0, "traps": 0, "trap_flag": False}
    (path,) = paths(tracer)
    assert path.end is PathEnd.CALLED_AGAIN
    episode, *_ = tracer.episodes()
    assert episode.c_path is not None
    assert names(episode.c_path) == "epoll_wait main react epoll_wait"


def test_signals_that_come_while_it_steps(c_program: Path, tmp_path: Path) -> None:
    """They end the walk and are delivered, each of them."""
    with program(c_program, "stepped.c", "spin", TIMER_US) as running:
        with stepped(running, tmp_path) as tracer:
            wait_until(
                lambda: any(path.end is PathEnd.SIGNAL for path in paths(tracer)), "one came"
            )
            running.tell("done")
            account = running.account()
            tracer.wait()
    assert account["traps"] == 0
    assert account["trap_flag"] is False
    assert account["handled"] >= account["interrupted"] > 0


def test_killed_while_it_steps(c_program: Path, tmp_path: Path) -> None:
    with program(c_program, "stepped.c", "spin") as running:
        running.wait_blocked_in("read")
        with stepped(running, tmp_path) as tracer:
            running.process.send_signal(signal.SIGUSR1)
            threading.Timer(0.02, running.process.kill).start()
            assert tracer.wait() == 0
    episode, *_ = tracer.episodes()
    assert episode.signal is not None
    assert episode.signal.name == "SIGUSR1"


def test_outside_of_a_walk_the_tracer_may_be_killed(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "interrupted_calls.py", "recv") as running:
        running.wait_blocked_in("recvfrom")
        with stepped(running, tmp_path) as tracer:
            interrupt(running, tracer, 1)
            running.wait_blocked_in("recvfrom")
            tracer.process.kill()
            tracer.process.communicate()
        assert tracer_of(running.pid) == 0
        running.process.send_signal(signal.SIGUSR1)
        running.wait_blocked_in("recvfrom")
        running.tell("go on")
        account = running.account()
        assert account["result"] is not None
        assert account["raised"] is None


def test_without_the_option_nothing_is_stepped(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "interrupted_calls.py", "recv") as running:
        running.wait_blocked_in("recvfrom")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            running.process.send_signal(signal.SIGUSR1)
            running.tell("go on")
            running.account()
            tracer.wait()
    assert any(isinstance(event, FollowEnded) for event in tracer.events())
    assert not paths(tracer)
    assert not any(episode.c_path for episode in tracer.episodes())


def test_forks_of_one_program_share_a_walk(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "prefork.py", "2") as running:
        first, second = map(int, running.ready[1:])
        options = ["-p", str(second), "--step", "--step-ms", STEP_MS]
        with attached(first, tmp_path / "r.jsonl", *options) as tracer:
            for pid in (first, second):
                known = len(outcomes(tracer))
                wait_until(functools.partial(is_blocked_in, pid, "recvfrom"), f"{pid} waits")
                tgkill(pid, pid, signal.SIGUSR1)
                wait_for_outcome(tracer, known)
            running.tell("done")
            running.account()
            tracer.wait()
    walks = paths(tracer)
    if [path.tid for path in walks[:1]] != [first] or walks[0].end is PathEnd.TOO_LONG:
        pytest.skip(f"this machine is too busy to step a thread that far in {STEP_MS} ms")
    assert [path.tid for path in walks] == [first]
    *_, walked, shared = tracer.episodes()
    assert (walked.tid, shared.tid) == (first, second)
    assert walked.c_path is not None
    assert shared.c_path is not None
    assert shared.c_path.seen_in is not None
    assert names(shared.c_path) == names(walked.c_path)


def test_a_walk_is_given_up_after_the_time_that_it_may_take(
    newest_python: Path, tmp_path: Path
) -> None:
    """A few hundred steps take more than a millisecond anywhere."""
    for attempt in range(_ATTEMPTS):
        with program(newest_python, "interrupted_calls.py", "recv") as running:
            running.wait_blocked_in("recvfrom")
            folder = tmp_path / str(attempt)
            folder.mkdir()
            with stepped(running, folder, "--step-ms", "1") as tracer:
                running.process.send_signal(signal.SIGUSR1)
                wait_for_outcome(tracer)
                running.tell("go on")
                running.account()
                tracer.wait()
        assert tracer.episodes()[0].outcome is Outcome.RESUMED_BY_INTERPRETER
        found = paths(tracer)
        assert [path.end for path in found] in ([], [PathEnd.TOO_LONG])
        if found:
            return
    pytest.fail("this machine is too busy: no step was made within a millisecond")
