"""Outcomes in which the call was made again, without an exception in sight."""

from __future__ import annotations

from eintr_trace.analysis.answers import answer, stayed_in_c
from eintr_trace.analysis.decision import kept_library, only_cpython_kept, sampled_decision
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.frames import Survival
from eintr_trace.analysis.handler_end import is_waiting, may_raise
from eintr_trace.analysis.kernel import KernelSide
from eintr_trace.analysis.no_more_waiting import waited_long_enough
from eintr_trace.analysis.rule_conditions import (
    behaviour,
    comes_back_to_python,
    decided_to_raise,
    is_at_the_call,
    is_same_request,
    keeps_caught_exceptions,
    was_seen_to_come_back,
    was_stepped_to_the_call,
)
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.pep475 import Behaviour
from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.episodes import Confidence, DecisionKind, KernelAction, Outcome


def called_again_in_c(trail: Trail, kernel: KernelSide) -> Finding | None:
    """C code made the call again: no Python code ran in between.

    Whose it was is seen by the frames that are on the C stack both times; where only what Python
    called is known, it is inferred.
    """
    again = trail.reentered
    if again is None or kernel.action is not KernelAction.EINTR or not is_at_the_call(again):
        return None
    if answer(trail) is not None:
        return None
    if not any(seen(trail) for seen in (_is_waiting_again, was_stepped_to_the_call, stayed_in_c)):
        return None
    if kept_library(trail) is not None:
        outcome, confidence = Outcome.RETRIED_BY_LIBRARY, Confidence.OBSERVED
    elif only_cpython_kept(trail):
        outcome, confidence = Outcome.RESUMED_BY_INTERPRETER, Confidence.OBSERVED
    elif trail.interruption.calls_foreign_code:
        outcome, confidence = Outcome.RETRIED_BY_LIBRARY, Confidence.INFERRED
    else:
        return None
    return Finding(outcome, confidence, kernel, sighting=again)


def called_again_as_sampled(trail: Trail, kernel: KernelSide) -> Finding | None:
    """A C function was seen to run the signal handlers, and then the call was made again.

    By CPython's, as is known of it; other code may have come back in between, to a loop in Python
    whose frame looks as before.
    """
    again, sampled = trail.reentered, sampled_decision(trail)
    if again is None or kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    if sampled is None or sampled.kind is not DecisionKind.CALL_AGAIN or again.chain:
        return None
    if may_raise(trail) or (again.survival is not None and not _has_not_run(again.survival)):
        return None
    if sampled.is_foreign:
        outcome, confidence = Outcome.RETRIED_BY_LIBRARY, Confidence.INFERRED
    elif sampled.role is CodeRole.CPYTHON:
        outcome, confidence = Outcome.RESUMED_BY_INTERPRETER, Confidence.OBSERVED
    else:
        return None
    return Finding(outcome, confidence, kernel, sighting=again)


def came_back_and_called_again(trail: Trail, kernel: KernelSide) -> Finding | None:
    """EINTR was seen to come back to Python code, which made the same call again.

    Python 2 keeps a caught exception in sight; where there is none, C code cleared it.
    """
    again = trail.reentered
    if again is None or kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    if again.survival is None or may_raise(trail) or not is_same_request(trail, again):
        return None
    raised = decided_to_raise(trail) and not keeps_caught_exceptions(trail)
    meant = behaviour(trail) is Behaviour.RETURNS_EARLY
    meant = meant and not trail.interruption.calls_foreign_code
    if not raised and (meant or not was_seen_to_come_back(trail)):
        return None
    return Finding(Outcome.RETRIED_BY_PROGRAM, Confidence.OBSERVED, kernel, sighting=again)


def called_again(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The same call from the same instruction, no exception in sight: the table decides."""
    again = trail.reentered
    if again is None or kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    decision = trail.interruption.pep475
    if decision is None or again.survival is None or again.chain or may_raise(trail):
        return None
    if decision.calls_again is True and _has_not_run(again.survival):
        outcome = Outcome.RESUMED_BY_INTERPRETER
    elif is_same_request(trail, again) and comes_back_to_python(trail):
        outcome = Outcome.RETRIED_BY_PROGRAM
    else:
        return None
    return Finding(outcome, Confidence.INFERRED, kernel, sighting=again, by_table=True)


def need_not_wait_again(trail: Trail, kernel: KernelSide) -> Finding | None:
    """CPython resumes this wait, and it was over by the time the handlers had run."""
    if kernel.action is not KernelAction.EINTR or not waited_long_enough(trail):
        return None
    outcome, latest = Outcome.RESUMED_BY_INTERPRETER, trail.latest
    return Finding(outcome, Confidence.INFERRED, kernel, sighting=latest, by_table=True)


def _is_waiting_again(trail: Trail) -> bool:
    return is_waiting(trail, trail.reentered)


def _has_not_run(survival: Survival) -> bool:
    """Tell whether the interrupted frame is at the call, and has been there all the time."""
    return survival.at_the_call and not survival.code_ran
