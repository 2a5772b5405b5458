"""Outcomes in which the call was made again, without an exception in sight."""

from __future__ import annotations

from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.handler_end import is_waiting, may_raise
from eintr_trace.analysis.kernel import KernelSide
from eintr_trace.analysis.no_more_waiting import waited_long_enough
from eintr_trace.analysis.rule_conditions import (
    comes_back_to_python,
    is_at_the_call,
    is_same_request,
)
from eintr_trace.analysis.trail import Trail
from eintr_trace.model.episodes import Confidence, KernelAction, Outcome


def called_again_in_c(trail: Trail, kernel: KernelSide) -> Finding | None:
    """Foreign C code, called by Python, made the call again: no Python code ran in between."""
    again = trail.reentered
    if again is None or kernel.action is not KernelAction.EINTR or not is_at_the_call(again):
        return None
    if not trail.interruption.calls_foreign_code or not is_waiting(trail, again):
        return None
    return Finding(Outcome.RETRIED_BY_LIBRARY, Confidence.INFERRED, kernel, sighting=again)


def called_again(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The same call from the same instruction, no exception in sight: the table decides."""
    again = trail.reentered
    if again is None or kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    decision = trail.interruption.pep475
    if decision is None or again.survival is None or again.chain or may_raise(trail):
        return None
    if decision.calls_again is True and again.survival.at_the_call and not again.survival.code_ran:
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
