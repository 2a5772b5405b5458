"""A cell's episodes held against the truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from signal import Signals

from eintr_trace.lab.dispositions import PLANS, Act, Disposition, Plan
from eintr_trace.lab.matrix.account import SaidException
from eintr_trace.lab.matrix.cells import CellRun, Status, Verdict
from eintr_trace.lab.scenarios import Scenario
from eintr_trace.lab.truth import Delivery, Truth, truth_of
from eintr_trace.model.episodes import (
    Confidence,
    DelayBound,
    Episode,
    HandlerRun,
    KernelAction,
    Outcome,
    TracerInduced,
)

_STOPPING = frozenset({Signals.SIGSTOP, Signals.SIGCONT})
# Children of a scenario end; one that only a signal can release is sent SIGURG.
_OF_THE_SCENARIOS = frozenset({Signals.SIGCHLD, Signals.SIGURG})
# The program's clock is the wall clock, which may be slewed against the tracer's.
_CLOCKS_S = 0.001
# Of what the kernel's half alone decides; all others need the interpreter.
_KERNELS_OUTCOMES = frozenset(
    {Outcome.RESTARTED_BY_KERNEL, Outcome.NOT_BLOCKING, Outcome.COMPLETED, Outcome.DIED}
)


@dataclass(frozen=True)
class CellEvidence:
    """What the recording holds about one program.

    ``episodes`` in order of time; ``passed`` deliveries went unread. ``readable``: the
    interpreter is one whose state is read, so that all of a verdict is compared; of others
    only the kernel's half.
    """

    episodes: tuple[Episode, ...]
    passed: int = 0
    readable: bool = True


@dataclass(frozen=True)
class Comparison:
    """The verdicts of a cell; ``notes`` say what disagrees, or else what is not known."""

    status: Status
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]


def compare(
    scenario: Scenario, disposition: Disposition, run: CellRun, evidence: CellEvidence
) -> Comparison:
    """Hold every episode of a cell that ran well against the truth."""
    plan = PLANS[disposition]
    episodes = [e for e in evidence.episodes if _is_of_interest(e, plan, run)]
    deliveries = [_delivery(plan, episodes, index) for index in range(len(episodes))]
    verdicts = tuple(
        _verdict(episode, truth_of(scenario, disposition, run, delivery), run, evidence.readable)
        for episode, delivery in zip(episodes, deliveries, strict=True)
    )
    wrong = [
        *_unexpected(evidence.episodes, plan),
        *_miscounted(len(episodes), evidence.passed, plan, run),
        *_elsewhere(episodes, deliveries, run),
        *(difference for verdict in verdicts for difference in verdict.differences),
    ]
    if wrong:
        return Comparison(Status.DISAGREE, verdicts, tuple(wrong))
    unknown = [verdict.reason for verdict in verdicts if verdict.reason is not None]
    if evidence.passed:
        unknown.append(f"{evidence.passed} deliveries were passed on unread")
    return Comparison(Status.UNKNOWN if unknown else Status.AGREE, verdicts, tuple(unknown))


def _is_of_interest(episode: Episode, plan: Plan, run: CellRun) -> bool:
    """Whether the episode is of a signal of the plan, and not another thread's share of it."""
    signo = None if episode.signal is None else episode.signal.signo
    if plan.act is Act.STOP_CONTINUE or Signals.SIGCONT in plan.signals:
        # A stop, or SIGCONT, stops every thread: an episode each.
        return signo in _STOPPING and episode.tid == run.tid
    return signo in plan.signals


def _unexpected(episodes: Iterable[Episode], plan: Plan) -> Iterator[str]:
    expected = {*plan.signals, *_STOPPING, *_OF_THE_SCENARIOS}
    for episode in episodes:
        if episode.signal is None or episode.signal.signo not in expected:
            yield f"an episode of {_signal_of(episode)}, which nobody sent"


def _miscounted(found: int, passed: int, plan: Plan, run: CellRun) -> Iterator[str]:
    """Every signal is one episode; of a timer's, as many as its handler ran are the least."""
    handled = 0 if run.account is None else len(run.account.handlers)
    if plan.act is Act.AWAIT_TICKS:
        if found + passed < handled:
            yield f"{found} episodes for {handled} signals that the handler saw"
        return
    # The second of a pair may be sent too late: the program has ended before.
    least = handled if len(plan.signals) > 1 and run.account is not None else len(run.sent)
    if not least <= found + passed or found > len(run.sent):
        yield f"{found} episodes for {len(run.sent)} signals"


def _elsewhere(
    episodes: Sequence[Episode], deliveries: Sequence[Delivery], run: CellRun
) -> Iterator[str]:
    """A signal met the call in which the program slept, and no other."""
    for episode, delivery, sent in zip(episodes, deliveries, run.sent, strict=False):
        met = None if episode.syscall is None else episode.syscall.syscall.name
        if delivery.slept and met != sent.blocked_in:
            yield f"{_signal_of(episode)} met {met}, the program slept in {sent.blocked_in}"


def _delivery(plan: Plan, episodes: Sequence[Episode], index: int) -> Delivery:
    episode = episodes[index]
    later = episodes[index + 1 :]
    # Only the first was surely sent to a sleeping program; the second of a pair to one that is
    # seen asleep again.
    slept = plan.act is not Act.AWAIT_TICKS and (index == 0 or plan.act is Act.SIGNAL_TWICE)
    return Delivery(
        met=episode.syscall,
        is_last=not any(_interrupted(one) for one in later),
        slept=slept,
    )


def _interrupted(episode: Episode) -> bool:
    return episode.syscall is not None and episode.syscall.restart_code is not None


def _verdict(episode: Episode, truth: Truth, run: CellRun, readable: bool) -> Verdict:
    differences = tuple(_differences(episode, truth, run, readable))
    syscall = episode.syscall
    is_unknown = episode.outcome is Outcome.UNKNOWN
    return Verdict(
        signal=_signal_of(episode),
        syscall=None if syscall is None else syscall.syscall.name,
        restart_code=None if syscall is None else syscall.restart_code,
        kernel_action=episode.kernel_action,
        outcome=episode.outcome,
        confidence=episode.confidence,
        tracer_induced=episode.tracer_induced,
        allowed=tuple(sorted(truth.outcomes)),
        because=truth.because,
        differences=differences,
        reason=_reason(episode) if is_unknown and readable else None,
        kernels_half=not readable,
    )


def _differences(episode: Episode, truth: Truth, run: CellRun, readable: bool) -> Iterator[str]:
    yield from _kernel_differences(episode, truth)
    if readable or truth.outcomes & _KERNELS_OUTCOMES:
        yield from _outcome_differences(episode, truth)
    yield from _induced_differences(episode, truth, run)
    if readable:
        yield from _python_differences(episode, truth, run)


def _kernel_differences(episode: Episode, truth: Truth) -> Iterator[str]:
    said, right = episode.kernel_action, truth.kernel_action
    # An unknown may leave open what the kernel did.
    is_open = episode.outcome is Outcome.UNKNOWN and said is KernelAction.NONE
    if right is not None and said is not right and not is_open:
        yield f"kernel_action is {said}, by the kernel's rule it is {right}"
    if episode.sa_restart is not None and episode.sa_restart is not truth.sa_restart:
        yield f"sa_restart is {episode.sa_restart}, installed was {truth.sa_restart}"


def _outcome_differences(episode: Episode, truth: Truth) -> Iterator[str]:
    if episode.outcome is not Outcome.UNKNOWN and episode.outcome not in truth.outcomes:
        allowed = " or ".join(sorted(truth.outcomes)) or "nothing that can be"
        yield f"the verdict is {episode.outcome}, the truth {allowed}: {truth.because}"


def _induced_differences(episode: Episode, truth: Truth, run: CellRun) -> Iterator[str]:
    if episode.tid != run.tid:
        # The tracer held the thread that the kernel would have chosen.
        if episode.tracer_induced is not TracerInduced.REROUTED:
            yield f"thread {episode.tid} took it instead of {run.tid}, not labelled as rerouted"
        return
    if episode.main_thread is not truth.main_thread:
        yield f"main_thread is {episode.main_thread}, the truth {truth.main_thread}"
    if episode.tracer_induced is not truth.tracer_induced:
        yield f"tracer_induced is {episode.tracer_induced}, the truth {truth.tracer_induced}"


def _python_differences(episode: Episode, truth: Truth, run: CellRun) -> Iterator[str]:
    said = truth.exception
    if said is not None and episode.outcome in truth.outcomes:
        yield from _exception_differences(episode, said)
    handler = None if episode.python is None else episode.python.handler
    if handler is not None:
        yield from _handler_differences(handler, truth, run)


def _handler_differences(handler: HandlerRun, truth: Truth, run: CellRun) -> Iterator[str]:
    in_call, delay_ns = handler.inside_call, handler.delay_ns
    if truth.handler_in_call is not None and in_call not in {None, truth.handler_in_call}:
        yield f"the handler's inside_call is {in_call}, the truth {truth.handler_in_call}"
    if handler.delayed_by not in {None, truth.delayed_by}:
        yield f"the handler is delayed by {handler.delayed_by}, the truth {truth.delayed_by}"
    if delay_ns is None:
        return
    began = handler.delay_bound is not DelayBound.AT_LEAST
    if began and run.account is not None and not run.account.handlers:
        yield "a Python handler is said to have run, and none has"
    # Seen running by then, it may have begun long before.
    at_most = handler.delay_bound is DelayBound.AT_MOST
    if truth.handler_delay_s is not None and not at_most:
        longest_ns = (truth.handler_delay_s + _CLOCKS_S) * 1e9
        if delay_ns > longest_ns:
            yield f"the handler's delay is {delay_ns} ns, the truth at most {longest_ns:.0f} ns"


def _exception_differences(episode: Episode, said: SaidException) -> Iterator[str]:
    """The exception that the program caught must be in the chain, with its errno."""
    if episode.caught is False:
        yield f"nobody is said to have caught it, and the program caught {said.type_name}"
    if not episode.exceptions and episode.confidence is Confidence.INFERRED:
        return
    found = [e for e in episode.exceptions if e.type_name.rpartition(".")[2] == said.type_name]
    if not found:
        names = ", ".join(e.type_name for e in episode.exceptions) or "none"
        yield f"the exceptions are {names}, the program caught {said.type_name}"
    elif said.errno not in {e.errno for e in found}:
        yield f"its errno is {found[-1].errno}, the truth {said.errno}"


def _reason(episode: Episode) -> str:
    """Why an outcome is unknown, as the verdict says it."""
    return episode.headline


def _signal_of(episode: Episode) -> str:
    return "a signal of no name" if episode.signal is None else episode.signal.name
