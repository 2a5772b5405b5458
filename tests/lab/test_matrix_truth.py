"""The comparison can fail: a wrong verdict differs from the program's account, a right one not."""

from __future__ import annotations

from dataclasses import replace
from signal import SIGCHLD, SIGCONT, SIGUSR1, SIGUSR2, Signals
from typing import Any

import pytest

from eintr_trace.facts.restart_codes import RestartCode
from eintr_trace.lab.dispositions import PLANS, Disposition
from eintr_trace.lab.matrix.account import Account, HandlerNote, Result, SaidException
from eintr_trace.lab.matrix.cells import CellRun, SentSignal, Status
from eintr_trace.lab.matrix.compare import CellEvidence, Comparison, compare
from eintr_trace.lab.scenarios import Full, PythonLoop, Scenario
from eintr_trace.model.episodes import (
    Confidence,
    DelayBound,
    DelayCause,
    Episode,
    HandlerRun,
    InterruptedSyscall,
    KernelAction,
    Outcome,
    PythonSide,
    RaisedException,
    TracerInduced,
)
from eintr_trace.model.events import SignalInfo, Syscall

PID = 100
SENT_S, RELEASED_S = 10.0, 11.0
RECV = Scenario(
    "recv", "result = near.recv(1)", ("recvfrom",), release="far.send(b'x')", full=Full(1)
)
SLEEP = Scenario("sleep", "result = time.sleep(0.5)", ("select",), full=Full(seconds=0.5))
LOOP = replace(RECV, python_loop=PythonLoop((2, 7), Outcome.RETRIED_BY_PROGRAM, "a loop"))

RECEIVED = Account(
    result=Result.RETURNED,
    exception=None,
    value="'x'",
    byte_count=1,
    began_s=9.9,
    ended_s=11.1,
    handlers=(HandlerNote(SIGUSR1, 10.1, PID),),
    eintr_caught=0,
    python="2.7.18",
)
"""The call went on after the handler, until it was released."""

NOT_HANDLED = replace(RECEIVED, handlers=())
HANDLED_LATE = replace(RECEIVED, handlers=(HandlerNote(SIGUSR1, 11.1, PID),))
RAISED = replace(
    RECEIVED,
    result=Result.RAISED,
    exception=SaidException("error", 4, "[Errno 4] Interrupted system call"),
    ended_s=10.1,
)
GAVE_UP = replace(RAISED, exception=SaidException("HandlerRaised", None, "the handler gives up"))
CAME_BACK = replace(RECEIVED, value="None", ended_s=10.1)
CALLED_AGAIN = replace(RECEIVED, eintr_caught=1)


def run_of(account: Account | None, signals: tuple[Signals, ...] = (SIGUSR1,)) -> CellRun:
    """A run whose call was released if it had not come back before."""
    went_on = account is not None and account.ended_s > RELEASED_S
    again = "recvfrom" if went_on else None
    return CellRun(
        pid=PID,
        tid=PID,
        sent=tuple(SentSignal(signo, SENT_S, "recvfrom", again) for signo in signals),
        released_s=RELEASED_S if went_on else None,
        account=account,
        exit_status=0,
    )


def met(code: RestartCode | None, name: str = "recvfrom") -> InterruptedSyscall:
    code_name = None if code is None else code.name
    return InterruptedSyscall(Syscall(name, None, None, f"{name}(…)"), 0, code_name)


def verdict(outcome: Outcome, action: KernelAction, **more: Any) -> Episode:
    """An episode of SIGUSR1 that met recvfrom, with ERESTARTSYS in the register."""
    signo = more.pop("signo", SIGUSR1)
    usual = Episode(
        id=1,
        tgid=PID,
        tid=PID,
        main_thread=True,
        time_ns=0,
        end_ns=1,
        signal=SignalInfo(signo, Signals(signo).name),
        syscall=met(RestartCode.ERESTARTSYS),
        kernel_action=action,
        sa_restart=None,
        outcome=outcome,
        confidence=Confidence.OBSERVED,
    )
    return replace(usual, **more)


def chain(*types: tuple[str, int | None]) -> tuple[RaisedException, ...]:
    return tuple(RaisedException(name, errno, None, None, "pending") for name, errno in types)


def handler(**said: Any) -> PythonSide:
    return PythonSide((), HandlerRun(None, **said))


EXACTLY_1_S = {"delay_ns": 1_000_000_000, "delay_bound": DelayBound.EXACT}


RESUMED = verdict(Outcome.RESUMED_BY_INTERPRETER, KernelAction.EINTR)
RESTARTED = verdict(Outcome.RESTARTED_BY_KERNEL, KernelAction.RESTART)
SOCKET_ERROR = verdict(
    Outcome.RAISED, KernelAction.EINTR, exceptions=chain(("socket.error", 4)), caught=True
)
ABANDONED = verdict(
    Outcome.ABANDONED_BY_HANDLER, KernelAction.EINTR, exceptions=chain(("HandlerRaised", None))
)
EARLY = verdict(Outcome.RETURNED_EARLY, KernelAction.EINTR)
RETRIED = verdict(Outcome.RETRIED_BY_PROGRAM, KernelAction.EINTR)
IGNORED = replace(RESTARTED, tracer_induced=TracerInduced.IGNORED)
DIED = verdict(Outcome.DIED, KernelAction.NONE)

Case = tuple[Scenario, Disposition, Account | None, Episode]
RIGHT: dict[str, Case] = {
    "resumed": (RECV, Disposition.PLAIN, RECEIVED, RESUMED),
    "raised": (RECV, Disposition.PLAIN, RAISED, SOCKET_ERROR),
    "abandoned": (RECV, Disposition.RAISING_HANDLER, GAVE_UP, ABANDONED),
    "returned early": (RECV, Disposition.PLAIN, CAME_BACK, EARLY),
    "retried by the program": (RECV, Disposition.PLAIN, CALLED_AGAIN, RETRIED),
    "retried by the library": (LOOP, Disposition.PLAIN, RECEIVED, RETRIED),
    "restarted": (RECV, Disposition.SIGINTERRUPT_FALSE, HANDLED_LATE, RESTARTED),
    "ignored": (RECV, Disposition.SIG_IGN, NOT_HANDLED, IGNORED),
    "C handler": (RECV, Disposition.C_HANDLER, NOT_HANDLED, RESUMED),
    "died": (RECV, Disposition.DEFAULT_FATAL, None, DIED),
}


def held_against(case: Case, *episodes: Episode, passed: int = 0) -> Comparison:
    scenario, disposition, account, _ = case
    run = run_of(account, PLANS[disposition].signals)
    return compare(scenario, disposition, run, CellEvidence(episodes, passed))


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_verdict_agrees(name: str) -> None:
    found = held_against(RIGHT[name], RIGHT[name][-1])
    assert (found.status, found.notes) == (Status.AGREE, ())


@pytest.mark.parametrize("name", RIGHT)
def test_every_other_outcome_differs(name: str) -> None:
    case = RIGHT[name]
    # Whose C code called again cannot be seen from Python: one stands for both.
    right = {case[-1].outcome, Outcome.UNKNOWN}
    if Outcome.RESUMED_BY_INTERPRETER in right:
        right.add(Outcome.RETRIED_BY_LIBRARY)
    for outcome in set(Outcome) - right:
        found = held_against(case, replace(case[-1], outcome=outcome))
        assert found.status is Status.DISAGREE, outcome


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("resumed", {"kernel_action": KernelAction.RESTART}),
        ("restarted", {"kernel_action": KernelAction.EINTR}),
        ("resumed", {"sa_restart": True}),
        ("restarted", {"sa_restart": False}),
        ("resumed", {"main_thread": False}),
        ("resumed", {"tracer_induced": TracerInduced.SIGCONT}),
        ("ignored", {"tracer_induced": None}),
        ("resumed", {"tid": PID + 1}),
        ("resumed", {"syscall": None}),
        ("resumed", {"syscall": met(RestartCode.ERESTARTSYS, name="poll")}),
        ("resumed", {"syscall": met(None)}),
        ("raised", {"exceptions": chain(("OSError", 4))}),
        ("raised", {"exceptions": chain(("socket.error", 11))}),
        ("raised", {"exceptions": ()}),
        ("raised", {"caught": False}),
        ("resumed", {"python": handler(inside_call=False)}),
        ("restarted", {"python": handler(inside_call=True)}),
        ("resumed", {"python": handler(**EXACTLY_1_S)}),
        ("resumed", {"python": handler(delayed_by=DelayCause.WORKER_THREAD)}),
        ("restarted", {"python": handler(delayed_by=DelayCause.C_CODE)}),
        ("C handler", {"python": handler(**EXACTLY_1_S)}),
        ("resumed", {"signal": SignalInfo(SIGUSR2, "SIGUSR2")}),
    ],
)
def test_any_other_difference_is_seen(name: str, wrong: dict[str, Any]) -> None:
    case = RIGHT[name]
    assert held_against(case, replace(case[-1], **wrong)).status is Status.DISAGREE


def test_a_right_delay_agrees() -> None:
    right = handler(**EXACTLY_1_S, delayed_by=DelayCause.RESTARTED_CALL, inside_call=False)
    case = RIGHT["restarted"]
    assert held_against(case, replace(case[-1], python=right)).status is Status.AGREE


def test_an_episode_too_few_or_too_many() -> None:
    case = RIGHT["resumed"]
    assert held_against(case).notes == ("0 episodes for 1 signals",)
    assert "2 episodes for 1 signals" in held_against(case, RESUMED, RESUMED).notes


def test_a_child_that_ended_is_nobodys_signal() -> None:
    child = verdict(Outcome.RESTARTED_BY_KERNEL, KernelAction.RESTART, signo=SIGCHLD)
    assert held_against(RIGHT["resumed"], RESUMED, child).status is Status.AGREE


def test_unknown_is_told_with_its_reason() -> None:
    unknown = replace(RESUMED, outcome=Outcome.UNKNOWN, headline="not known: because")
    found = held_against(RIGHT["resumed"], unknown)
    assert (found.status, found.notes) == (Status.UNKNOWN, ("not known: because",))


def test_a_delivery_that_was_passed_on_is_unknown() -> None:
    found = held_against(RIGHT["resumed"], passed=1)
    assert (found.status, found.notes) == (Status.UNKNOWN, ("1 deliveries were passed on unread",))


def test_of_an_interpreter_that_is_not_read_only_the_kernels_half_is_compared() -> None:
    run = run_of(RECEIVED)

    def status(episode: Episode, disposition: Disposition = Disposition.PLAIN) -> Status:
        evidence = CellEvidence((episode,), readable=False)
        return compare(RECV, disposition, run, evidence).status

    unknown = replace(RESUMED, outcome=Outcome.UNKNOWN)
    assert status(unknown) is Status.AGREE
    assert status(replace(unknown, kernel_action=KernelAction.RESTART)) is Status.DISAGREE
    assert status(RESUMED, Disposition.SIGINTERRUPT_FALSE) is Status.DISAGREE


def test_the_call_lasted_its_time_or_not() -> None:
    """A call with a timeout needs no release: its own clock says whether it went on."""
    whole = replace(RECEIVED, began_s=9.9, ended_s=10.4)
    short = replace(whole, ended_s=10.1)
    for account, right in ((whole, RESUMED), (short, EARLY)):
        run = replace(run_of(account), released_s=None)
        found = compare(SLEEP, Disposition.PLAIN, run, CellEvidence((right,)))
        assert found.status is Status.AGREE
        wrong = EARLY if right is RESUMED else RESUMED
        found = compare(SLEEP, Disposition.PLAIN, run, CellEvidence((wrong,)))
        assert found.status is Status.DISAGREE


def test_two_at_once_meet_the_call_once() -> None:
    second = verdict(Outcome.NOT_BLOCKING, KernelAction.NONE, signo=SIGUSR2, syscall=None)
    case = (RECV, Disposition.TWO_AT_ONCE, RECEIVED, RESUMED)
    assert held_against(case, RESUMED, second).status is Status.AGREE
    twice = verdict(Outcome.RAISED, KernelAction.EINTR, signo=SIGUSR2)
    assert held_against(case, RESUMED, twice).status is Status.DISAGREE


def test_a_stop_is_one_episode_of_the_calling_thread() -> None:
    case = (RECV, Disposition.SIGCONT, NOT_HANDLED, RESTARTED)
    right = verdict(
        Outcome.RESTARTED_BY_KERNEL,
        KernelAction.RESTART,
        signo=SIGCONT,
        tracer_induced=TracerInduced.SIGCONT,
    )
    other_thread = replace(right, tid=PID + 1)
    assert held_against(case, right, other_thread).status is Status.AGREE
    assert held_against(case, right, right).status is Status.DISAGREE
