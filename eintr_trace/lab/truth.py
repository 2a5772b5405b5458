"""What really happened to a cell's call, from the program's own account and the kernel's rules.

Nothing here looks at a verdict, but for the one fact that only a tracer sees: the code that the
interrupted call left in its register. What the kernel does with that code is its documented
rule (``facts.restart_codes``); all that follows is decided by when and how the call came back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from errno import EINTR
from typing import Final

from eintr_trace.facts.restart_codes import RESTART_RULES, AfterSignal, RestartCode
from eintr_trace.lab.dispositions import PLANS, Act, Disposition, Plan
from eintr_trace.lab.matrix.account import Account, SaidException
from eintr_trace.lab.matrix.cells import CellRun
from eintr_trace.lab.scenarios import PythonLoop, Scenario
from eintr_trace.model.episodes import (
    DelayCause,
    InterruptedSyscall,
    KernelAction,
    Outcome,
    TracerInduced,
)

HANDLER_EXCEPTION: Final = "HandlerRaised"
"""What the raising handler of the scenario programs raises."""

_TRANSFERS: Final = frozenset(
    {"read", "readv", "write", "writev", "recvfrom", "recvmsg", "sendto", "sendmsg"}
)
"""Calls that a signal can end with part of their data moved (signal(7), EINTR)."""

# Timeouts are rounded: poll(2) and epoll_wait(2) to milliseconds, the clocks to their tick.
_FULL_SHARE: Final = 0.97

# With any other the program made more than one call.
_ONE_CALL: Final = frozenset(
    {
        Outcome.RESTARTED_BY_KERNEL,
        Outcome.RESUMED_BY_INTERPRETER,
        Outcome.RETRIED_BY_LIBRARY,
        Outcome.COMPLETED,
    }
)

_INDUCED: Final = {
    Disposition.SIG_IGN: TracerInduced.IGNORED,
    Disposition.DEFAULT_IGNORED: TracerInduced.IGNORED,
    Disposition.SIGCONT: TracerInduced.SIGCONT,
}


class CallEnd(Enum):
    """When the call came back."""

    EARLY = auto()  # before it was released, or before its time
    IN_FULL = auto()


@dataclass(frozen=True)
class Truth:
    """What a right verdict on one delivery says.

    ``outcomes`` are those that the account allows, ``because`` says why these. A
    ``kernel_action`` of ``None`` is not compared. ``exception`` is one that the verdict's
    chain must hold. ``handler_in_call``: whether the Python handler ran before the call came
    back; ``handler_delay_s``: how long after the signal was sent it ran. ``None``: it is not
    known, or no Python handler ran. ``delayed_by`` is the cause if it ran late.
    """

    outcomes: frozenset[Outcome]
    because: str
    kernel_action: KernelAction | None
    tracer_induced: TracerInduced | None
    main_thread: bool
    sa_restart: bool
    exception: SaidException | None = None
    handler_in_call: bool | None = None
    handler_delay_s: float | None = None
    delayed_by: DelayCause = DelayCause.C_CODE


@dataclass(frozen=True)
class Delivery:
    """One delivery as far as its truth needs it.

    ``met`` is the call it met, with the code in its register. ``is_last``: no other signal
    interrupted the call after it. ``slept``: the program was seen asleep in its call just
    before the signal was sent.
    """

    met: InterruptedSyscall | None
    is_last: bool
    slept: bool


def call_end(scenario: Scenario, run: CellRun, account: Account) -> CallEnd:
    """Say when the call came back, by the program's clock and the runner's."""
    if run.released_s is not None:
        return CallEnd.IN_FULL if account.ended_s >= run.released_s else CallEnd.EARLY
    seconds = scenario.full.seconds
    if seconds is not None and account.elapsed_s >= seconds * _FULL_SHARE:
        return CallEnd.IN_FULL
    return CallEnd.EARLY


def truth_of(
    scenario: Scenario, disposition: Disposition, run: CellRun, delivery: Delivery
) -> Truth:
    """Say what a right verdict on ``delivery`` says."""
    plan = PLANS[disposition]
    action = _kernel_action(plan, delivery.met)
    outcomes, because = _outcomes(scenario, disposition, run, delivery, action)
    return Truth(
        outcomes=outcomes,
        because=because,
        kernel_action=None if disposition is Disposition.DEFAULT_FATAL else action,
        tracer_induced=_INDUCED.get(disposition),
        main_thread=not plan.in_worker,
        sa_restart=plan.has_sa_restart,
        exception=_exception(outcomes, run.account),
        handler_in_call=_handler_in_call(plan, run, outcomes),
        handler_delay_s=_handler_delay_s(run),
        delayed_by=_delayed_by(plan, action),
    )


def _kernel_action(plan: Plan, met: InterruptedSyscall | None) -> KernelAction:
    """What the kernel does with the call, by its rule for the code in the register."""
    if met is None or met.restart_code is None:
        return KernelAction.NONE
    rule = RESTART_RULES[RestartCode[met.restart_code]]
    if not plan.is_handled:
        after = rule.no_handler
    elif plan.has_sa_restart:
        after = rule.handler_sa_restart
    else:
        after = rule.handler
    return KernelAction.EINTR if after is AfterSignal.EINTR else KernelAction.RESTART


def _outcomes(
    scenario: Scenario,
    disposition: Disposition,
    run: CellRun,
    delivery: Delivery,
    action: KernelAction,
) -> tuple[frozenset[Outcome], str]:
    if disposition is Disposition.DEFAULT_FATAL:
        return _only(Outcome.DIED), f"the program ended with status {run.exit_status}"
    if run.account is None:
        return frozenset(), "there is no account"
    if delivery.met is None:
        return _between_calls(delivery)
    match action:
        case KernelAction.NONE:
            return _with_a_result(delivery, delivery.met, run)
        case KernelAction.RESTART:
            return _after_restart(run.account)
        case KernelAction.EINTR:
            return _after_eintr(scenario, run, run.account, delivery.is_last)


def _between_calls(delivery: Delivery) -> tuple[frozenset[Outcome], str]:
    if delivery.slept:
        return frozenset(), "the program was asleep in its call"
    return _only(Outcome.NOT_BLOCKING), "it met the program between two calls"


def _with_a_result(
    delivery: Delivery, met: InterruptedSyscall, run: CellRun
) -> tuple[frozenset[Outcome], str]:
    """The register held no restart code, but what the call had done until then."""
    if not delivery.slept:
        return _only(Outcome.COMPLETED), "it met the program at the end of a call"
    if met.retval > 0 and met.syscall.name in _TRANSFERS:
        return _only(Outcome.COMPLETED), f"the call had moved {met.retval} bytes"
    if run.account is not None and not _has_eintr(run.account.exception) and not _slept_again(run):
        return _only(Outcome.COMPLETED), "the call was over, and gave no EINTR"
    return frozenset(), "the call was not over, or it gave EINTR"


def _slept_again(run: CellRun) -> bool:
    return any(sent.blocked_again_in == sent.blocked_in for sent in run.sent)


def _after_restart(account: Account) -> tuple[frozenset[Outcome], str]:
    if _has_eintr(account.exception) or account.eintr_caught:
        return frozenset(), "the kernel's rule is a restart, and the program saw EINTR"
    return _only(Outcome.RESTARTED_BY_KERNEL), "the kernel's rule for this code"


def _after_eintr(
    scenario: Scenario, run: CellRun, account: Account, is_last: bool
) -> tuple[frozenset[Outcome], str]:
    """What became of EINTR, by how the call came back."""
    if not is_last or call_end(scenario, run, account) is CallEnd.IN_FULL:
        return _after_going_on(scenario.python_loop, account)
    if account.exception is None:
        return _only(Outcome.RETURNED_EARLY), f"the call returned {account.value} before its time"
    if account.exception.type_name == HANDLER_EXCEPTION:
        return _only(Outcome.ABANDONED_BY_HANDLER), "the handler's exception ended the call"
    return _only(Outcome.RAISED), f"the call raised {account.exception.type_name} before its time"


def _after_going_on(loop: PythonLoop | None, account: Account) -> tuple[frozenset[Outcome], str]:
    """Who called again, when the call went on until it was let finish."""
    if account.eintr_caught:
        because = f"the program caught EINTR {account.eintr_caught} times and called again"
        return _only(Outcome.RETRIED_BY_PROGRAM), because
    if loop is not None and loop.applies_to(_version(account)):
        return _only(loop.outcome), loop.because
    # Whose C code called again cannot be seen from Python.
    again = frozenset({Outcome.RESUMED_BY_INTERPRETER, Outcome.RETRIED_BY_LIBRARY})
    return again, "the call went on until it was let finish, and no EINTR reached Python"


def _version(account: Account) -> tuple[int, ...]:
    return tuple(int(part) for part in account.python.split(".")[:2])


def _only(outcome: Outcome) -> frozenset[Outcome]:
    return frozenset({outcome})


def _exception(outcomes: frozenset[Outcome], account: Account | None) -> SaidException | None:
    """The exception that the call itself raised because of the signal."""
    raising = {Outcome.RAISED, Outcome.ABANDONED_BY_HANDLER}
    return account.exception if account is not None and outcomes & raising else None


def _has_eintr(exception: SaidException | None) -> bool:
    return exception is not None and any(one.errno == EINTR for one in exception.chain())


def _handler_in_call(plan: Plan, run: CellRun, outcomes: frozenset[Outcome]) -> bool | None:
    """Whether the handler of the only signal ran before the call came back.

    Told only where that is far apart: one call went on after the handler until the release,
    or the handler came after it.
    """
    account, released_s = run.account, run.released_s
    if not plan.is_python or account is None or released_s is None or plan.act is not Act.SIGNAL:
        return None
    if not outcomes <= _ONE_CALL or len(run.sent) != 1 or len(account.handlers) != 1:
        return None
    return None if account.ended_s < released_s else account.handlers[0].at_s < released_s


def _handler_delay_s(run: CellRun) -> float | None:
    """How long after its signal the only handler had begun: never less than it waited."""
    account = run.account
    if account is None or len(run.sent) != 1 or len(account.handlers) != 1:
        return None
    return account.handlers[0].at_s - run.sent[0].at_s


def _delayed_by(plan: Plan, action: KernelAction) -> DelayCause:
    if plan.in_worker:
        return DelayCause.WORKER_THREAD
    return DelayCause.RESTARTED_CALL if action is KernelAction.RESTART else DelayCause.C_CODE
