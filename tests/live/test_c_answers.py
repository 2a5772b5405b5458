"""Who should have retried: C code of several kinds, held against the program's own account."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eintr_trace.model.c_stack import CodeRole, CStack, StackEnd
from eintr_trace.model.episodes import Confidence, DecisionKind, Episode, Outcome
from eintr_trace.model.events import Reduction
from eintr_trace.model.stack_events import StackMoment, StackSeen
from eintr_trace.sources.live.proc import status_fields, thread_ids
from tests.lab.interpreters import cpython
from tests.live.extension_module import build_extension
from tests.live.harness import (
    Program,
    Tracer,
    is_blocked_in,
    program,
    state_of,
    tgkill,
    wait_until,
)

pytestmark = pytest.mark.live

BY_CTYPES = (
    "ctypes_poll",
    "ctypes_poll_checked_raising",
    "ctypes_poll_looping",
    "ctypes_poll_checked_looping",
)
RECEIVES: Mapping[str, str] = {
    "retrying": "read_retrying",
    "retrying_with_checks": "wait_retrying_with_checks",
    "passing_on": "wait_passing_on",
    "asking_once_looping": "wait_asking_once",
    "asking_once_in_one_line": "wait_asking_once",
    "raising": "wait_raising",
    "raising_its_own": "wait_raising_its_own",
    "c_handler": "wait_passing_on",
    "ctypes_retrying_library": "read_retrying",
}
"""The C function that gets EINTR, in c_answers.c."""
AGAIN_BY_PROGRAM = (*BY_CTYPES, "asking_once_looping", "asking_once_in_one_line")
LEAVES_NO_TRACE = ("asking_once_in_one_line", "raising_its_own")
"""A loop in Python, an exception that is caught at once: only the return to the loop shows it."""
CALLS = (*RECEIVES, *BY_CTYPES, "restarting_c_handler", "jumped_out_of", "made_code")
WARMING_UP = "passing_on"  # a new tracer's first stop takes it several times as long as others


@dataclass(frozen=True)
class Seen:
    """One program's account, and what was told of its one signal."""

    account: Mapping[str, Any]
    episode: Episode
    stacks: tuple[StackSeen, ...]

    @property
    def was_spared(self) -> bool:
        """Whether the tracer, on a busy machine, had held the thread too long to do it all."""
        return Reduction.DECISION_SPARED in self.episode.reduced


@dataclass(frozen=True)
class Run:
    """Under which CPython, in which thread, with which options."""

    version: str
    thread: str
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "-".join((self.version, self.thread, *self.options))


RUNS = (
    Run("2.7", "main"),
    Run("2.7", "worker"),
    Run("2.7", "worker", ("--step",)),
    Run("3.6", "main"),
    Run("3.13", "main"),
    Run("3.13", "worker"),
    Run("3.13", "worker", ("--step",)),
    Run("3.15", "main"),
)


@pytest.fixture(scope="module", params=RUNS, ids=str)
def run(request: pytest.FixtureRequest) -> Run:
    assert isinstance(request.param, Run)
    return request.param


@pytest.fixture(scope="module")
def seen(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Seen]:
    """What was seen of each call, by its name."""
    python = cpython(run.version)
    folder = tmp_path_factory.mktemp("c_answers")
    build_extension(python, folder)
    with ExitStack() as stack:

        def start(call: str) -> Program:
            arguments = (str(folder), call, *(["worker"] if run.thread == "worker" else []))
            started = program(python.executable, "extension_calls.py", *arguments)
            return stack.enter_context(started)

        first, programs = start(WARMING_UP), {call: start(call) for call in CALLS}
        for one in (first, *programs.values()):
            _wait_waiting(one)
        pids = [word for one in (first, *programs.values()) for word in ("-p", str(one.pid))]
        tracer = Tracer(folder / "recording", *run.options, *pids, attached=len(pids) // 2)
        stack.callback(tracer.process.kill)
        _interrupt(first)
        accounts = {call: _interrupt(one) for call, one in programs.items()}
        tracer.wait()
        episodes = {
            one.tgid: one
            for one in tracer.episodes()
            if one.signal is not None and one.signal.signo == signal.SIGUSR1
        }
        stacks = [event for event in tracer.events() if isinstance(event, StackSeen)]
    return {
        call: Seen(
            accounts[call],
            episodes[one.pid],
            tuple(event for event in stacks if event.tgid == one.pid),
        )
        for call, one in programs.items()
    }


def _calling_thread(one: Program) -> int:
    return int(one.ready[1])


def _is_waiting(one: Program) -> bool:
    """All its threads sleep, the calling one in its call."""
    if not is_blocked_in(_calling_thread(one), "read", "poll"):
        return False
    return all(
        Path(f"/proc/{one.pid}/task/{tid}/stat").read_text().rpartition(")")[2].split()[0] == "S"
        for tid in thread_ids(one.pid)
    )


def _wait_waiting(one: Program) -> None:
    wait_until(lambda: _is_waiting(one), "the call blocks")


def _interrupt(one: Program) -> dict[str, Any]:
    """Send the signal to the calling thread, and let the call finish if it was made again."""
    tid = _calling_thread(one)

    def switches() -> int:
        return int(_fields(one.pid, tid).get("voluntary_ctxt_switches", "0"))

    before = switches()
    tgkill(one.pid, tid, signal.SIGUSR1)

    def settled() -> bool:
        if state_of(one.pid) == "Z":
            return True
        fields = _fields(one.pid, tid)
        taken = not int(fields.get("SigPnd", "0"), 16)
        return bool(fields) and taken and switches() > before and _is_waiting(one)

    wait_until(settled, "the program ends, or waits again")
    if state_of(one.pid) != "Z":
        one.tell("x")
    return one.account()


def _fields(pid: int, tid: int) -> dict[str, str]:
    """/proc/PID/task/TID/status; empty once the thread is gone."""
    try:
        return status_fields(tid)
    except OSError:
        assert pid != tid or state_of(pid) == "Z"
        return {}


def truth(call: str, account: Mapping[str, Any]) -> Outcome:
    """The outcome that the program's account describes."""
    if account["errno"] is not None:
        assert account["errno"] == 4
        return Outcome.RAISED
    if account["caught"]:
        return Outcome.RAISED
    if account["result"] in {-1, -2}:
        return Outcome.RETURNED_EARLY
    if call == "restarting_c_handler":
        assert account["c_handled"] == 1
        return Outcome.RESTARTED_BY_KERNEL
    if call == "made_code":
        return Outcome.RETRIED_BY_LIBRARY
    assert account["again"] == 1 or call == "asking_once_in_one_line"
    by_program = call in AGAIN_BY_PROGRAM
    return Outcome.RETRIED_BY_PROGRAM if by_program else Outcome.RETRIED_BY_LIBRARY


def may_be_untold(call: str, one: Seen) -> bool:
    """Tell whether the outcome may be `unknown`: no handler returns, or no file holds the code."""
    return call in {"jumped_out_of", "made_code"} or one.was_spared


def test_outcomes(seen: Mapping[str, Seen]) -> None:
    wrong = {
        call: one.episode.headline
        for call, one in seen.items()
        if one.episode.outcome is not truth(call, one.account)
        and not (one.episode.outcome is Outcome.UNKNOWN and may_be_untold(call, one))
        and not (one.was_spared and call in LEAVES_NO_TRACE)
    }
    assert wrong == {}


def test_who_called_again_is_observed(seen: Mapping[str, Seen]) -> None:
    called_again = {Outcome.RETRIED_BY_LIBRARY, Outcome.RESTARTED_BY_KERNEL}
    inferred = [
        call
        for call, one in seen.items()
        if one.episode.outcome in called_again
        and one.episode.confidence is Confidence.INFERRED
        and call != "made_code"
    ]
    assert inferred == []


def test_receivers(seen: Mapping[str, Seen]) -> None:
    for call, function in RECEIVES.items():
        received = seen[call].episode.received_by
        assert received is not None, call
        assert received.role is CodeRole.EXTENSION, call
        assert received.module == "c_answers", call
        assert received.function == function, call
    for call in BY_CTYPES:
        received = seen[call].episode.received_by
        assert received is not None, call
        assert received.role is CodeRole.CTYPES, call


def test_nothing_is_named_where_nothing_can_be(seen: Mapping[str, Seen]) -> None:
    """EINTR was given to nobody, or to code that no file holds."""
    assert seen["restarting_c_handler"].episode.received_by is None
    made_code = seen["made_code"].episode.received_by
    assert made_code is None or made_code.confidence is Confidence.INFERRED
    for call in ("restarting_c_handler", "made_code"):
        assert seen[call].episode.decision is None, call
    jumped = seen["jumped_out_of"].episode
    assert jumped.decision is None
    assert jumped.received_by is None or jumped.received_by.role is CodeRole.EXTENSION
    (stack,) = stacks_of(seen["made_code"], StackMoment.INTERRUPTED)
    assert stack.end in {StackEnd.NOT_MAPPED, StackEnd.NO_UNWIND_ENTRY}
    assert [frame.function for frame in stack.frames] == [None]


def test_the_stack_at_the_interruption(seen: Mapping[str, Seen]) -> None:
    for call, function in RECEIVES.items():
        for stack in stacks_of(seen[call], StackMoment.INTERRUPTED)[:1]:
            names = [frame.function for frame in stack.frames]
            assert function in names[:5], (call, names)
            assert stack.end in {StackEnd.OUTERMOST, StackEnd.COPY_ENDED}, (call, stack.end)


def test_decisions(seen: Mapping[str, Seen]) -> None:
    if seen["raising"].was_spared:
        pytest.skip("the machine is too busy to see the decision")
    raised = seen["raising"].episode.decision
    assert raised is not None
    assert raised.kind is DecisionKind.RAISE
    assert raised.function.startswith("PyErr_SetFromErrno")
    assert "wait_raising" in raised.c_stack


def stacks_of(one: Seen, moment: StackMoment) -> list[CStack]:
    return [event.stack for event in one.stacks if event.moment is moment]
