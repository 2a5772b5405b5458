"""Outcomes by the calls that follow: the rules for strace logs.

A log shows what the kernel did and which calls came next, not whose code made them. What CPython
makes of EINTR then comes from the PEP 475 table, if all its functions that make such a call agree;
that the call was CPython's own is assumed, and said.
"""

from __future__ import annotations

from dataclasses import replace

from eintr_trace.analysis import kernel_rules
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.kernel import KernelSide, ShownBy
from eintr_trace.analysis.logs.following_calls import (
    began_waiting_anew,
    has_gone_on,
    has_used_the_descriptor,
    is_often_raising,
    may_have_moved_on,
    printed_another_exception,
    tried_the_descriptor,
)
from eintr_trace.analysis.logs.interrupt_key import (
    has_default_int_handler,
    may_raise_keyboard_interrupt,
    shows_keyboard_interrupt,
)
from eintr_trace.analysis.logs.likely_rows import (
    decision_not_to_call_again,
    likely_decision,
    waits_without_handlers,
)
from eintr_trace.analysis.logs.reasons import (
    may_have_ended_it,
    restored_eintr,
    why_a_log_does_not_tell,
)
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.pep475 import Behaviour, Pep475Decision
from eintr_trace.model.episodes import Confidence, KernelAction, Outcome


def died(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The process ended by the signal that had just been delivered."""
    exited, signal = trail.exited, trail.interruption.signal
    if exited is None or signal is None or exited.signo != signal.signo:
        return None
    seen_since = trail.latest is not None or trail.restored is not None
    return None if seen_since else Finding(Outcome.DIED, Confidence.OBSERVED, kernel)


def interrupted_nothing(trail: Trail, kernel: KernelSide) -> Finding | None:
    """No call was given up for the signal, and the next thing seen is not the process's end.

    The thread's call before it had come back; or it was to run another signal's handler. That
    the log leaves no call out is assumed, unless a handler's return gives EINTR to one.
    """
    interruption = trail.interruption
    if interruption.call is not None:
        return None
    if interruption.before_user_mode:
        return Finding(Outcome.NOT_BLOCKING, Confidence.OBSERVED, kernel)
    if trail.ending is None and _may_still_tell(trail):
        return None
    if interruption.after_call and not may_have_ended_it(trail) and not restored_eintr(trail):
        return Finding(Outcome.NOT_BLOCKING, Confidence.INFERRED, kernel)
    reason = why_a_log_does_not_tell(trail, kernel)
    return Finding(Outcome.UNKNOWN, Confidence.OBSERVED, kernel, reason=reason)


def _may_still_tell(trail: Trail) -> bool:
    """Tell whether the process may be ending by the signal, or its handler running."""
    if trail.may_end_the_process and trail.exited is None:
        return True
    return trail.is_untouched and trail.runs_c_handler is not False


def completed(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The call before the signal had come back, and was just ending, to go by the times."""
    found = kernel_rules.completed(trail, kernel)
    return None if found is None else replace(found, confidence=Confidence.INFERRED)


def called_again(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The same call follows EINTR: CPython's functions that make it call again, or raise."""
    again, decision = trail.reentered, likely_decision(trail)
    if again is None or kernel.action is not KernelAction.EINTR or decision is None:
        return None
    if not decision.rows or may_have_moved_on(trail):
        return None
    if may_raise_keyboard_interrupt(trail) and not waits_without_handlers(trail):
        return None
    outcome = _of_a_call_again(trail, decision)
    if outcome is None:
        return None
    return Finding(outcome, Confidence.INFERRED, kernel, sighting=again, by_table=True)


def _of_a_call_again(trail: Trail, decision: Pep475Decision) -> Outcome | None:
    if decision.calls_again is True:
        return None if began_waiting_anew(trail) else Outcome.RESUMED_BY_INTERPRETER
    match decision.behaviour:
        case Behaviour.RAISES:
            return Outcome.RETRIED_BY_PROGRAM
        case Behaviour.RETURNS_EARLY:
            return Outcome.RETURNED_EARLY
        case _:
            return None


def handler_raised(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The call was not made again, and an exception was printed that EINTR is not, by the table."""
    if kernel.action is not KernelAction.EINTR or trail.reentered is not None or trail.log is None:
        return None
    decision, is_worker = likely_decision(trail), trail.interruption.tid != trail.interruption.tgid
    if decision is None or trail.ending is None or is_worker:
        return None  # only the main thread runs Python's handlers
    by_table = decision.calls_again is True and trail.log.printed_exception
    if not by_table and not shows_keyboard_interrupt(trail) and not _must_have_raised(trail):
        return None
    return Finding(
        Outcome.ABANDONED_BY_HANDLER,
        Confidence.INFERRED,
        kernel,
        sighting=trail.latest,
        by_table=by_table,
    )


def _must_have_raised(trail: Trail) -> bool:
    """Tell whether CPython's own handler of SIGINT ran, which always raises."""
    return has_default_int_handler(trail) is True and has_gone_on(trail)


def not_called_again(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The thread went on without making the call again, and by the table CPython does not.

    The signal's Python handler may have raised an exception in the place of EINTR's.
    """
    if kernel.action is not KernelAction.EINTR or trail.ending is None:
        return None
    if kernel.shown_by is ShownBy.INSTALLATION:
        return None  # which calls are the handler's own is not shown
    if is_often_raising(trail) or printed_another_exception(trail) or tried_the_descriptor(trail):
        return None
    decision = decision_not_to_call_again(trail)
    if not (has_gone_on(trail) if trail.reentered is None else has_used_the_descriptor(trail)):
        return None
    match decision:
        case Behaviour.RAISES:
            outcome = Outcome.RAISED
        case Behaviour.RETURNS_EARLY:
            outcome = Outcome.RETURNED_EARLY
        case _:
            return None
    return Finding(outcome, Confidence.INFERRED, kernel, sighting=trail.latest, by_table=True)
