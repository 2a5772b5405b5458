"""Outcomes in which the call came back before its time, without an exception."""

from __future__ import annotations

from eintr_trace.analysis.answers import gave_exception, gave_value
from eintr_trace.analysis.connecting import waits_for_no_connect
from eintr_trace.analysis.finding import Finding, early
from eintr_trace.analysis.handler_end import handler_raised, may_raise
from eintr_trace.analysis.kernel import KernelSide
from eintr_trace.analysis.rule_conditions import (
    behaviour,
    is_alive,
    is_over,
    is_same_request,
    keeps_caught_exceptions,
    was_seen_to_come_back,
    went_on,
)
from eintr_trace.analysis.sightings import Sighting
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.pep475 import Behaviour
from eintr_trace.model.episodes import Confidence, KernelAction, Outcome


def connect_not_made(trail: Trail, kernel: KernelSide) -> Finding | None:
    """CPython waits for a connect that nobody makes, and will report it as done."""
    if kernel.action is not KernelAction.EINTR or not waits_for_no_connect(trail):
        return None
    assert trail.reentered is not None  # what it waits with
    return early(kernel, trail.reentered, Confidence.INFERRED)


def gave_back_a_value(trail: Trail, kernel: KernelSide) -> Finding | None:
    """C code that is not CPython's gave an object back, as C code does without an exception."""
    if kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    if not gave_value(trail):
        return None
    if trail.reentered is None and trail.ending is None and not is_over(trail):
        return None
    sighting = trail.reentered or trail.latest
    return Finding(Outcome.RETURNED_EARLY, Confidence.OBSERVED, kernel, sighting=sighting)


def returned_early(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The call came back to Python, which went on, and no exception is in sight.

    2.7 keeps a caught exception in ``sys.exc_info()`` until the function returns, so that its
    absence says that there was none; but a ``finally`` block hides one, so not for calls that
    raise by the table. A loop that calls again at once shows no later instruction; then, and
    on 3.x, the table must say that the call returns early, or a sample that it came back.
    """
    if kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    if gave_exception(trail):
        return None
    again, latest = trail.reentered, trail.latest
    by_table = behaviour(trail) is Behaviour.RETURNS_EARLY
    if again is not None and by_table and is_same_request(trail, again):
        # Foreign C code may have called again itself.
        foreign = trail.interruption.calls_foreign_code
        return None if foreign else early(kernel, again, _confidence(was_seen_to_come_back(trail)))
    if latest is None or latest.chain or not trail.has_left_the_call:
        return None
    return _went_on_early(trail, kernel, latest)


def is_without_exception(trail: Trail, finding: Finding) -> bool:
    """Tell whether a call that came back early is known to have raised none, seen or by the table.

    Code that is not CPython's may have raised one that was caught by the time of the next look.
    """
    by_table = behaviour(trail) is Behaviour.RETURNS_EARLY
    return by_table or finding.confidence is Confidence.OBSERVED


def _went_on_early(trail: Trail, kernel: KernelSide, latest: Sighting) -> Finding | None:
    seen = keeps_caught_exceptions(trail) and is_alive(latest) and went_on(latest)
    came_back = was_seen_to_come_back(trail)
    if not seen and may_raise(trail):
        return None
    match behaviour(trail):
        case Behaviour.RETURNS_EARLY:
            return early(kernel, latest, _confidence(seen or came_back))
        case Behaviour.NOT_KNOWN if seen or came_back:
            return early(kernel, latest, Confidence.INFERRED)
        case _:
            return None


def _confidence(is_seen: bool) -> Confidence:
    return Confidence.OBSERVED if is_seen else Confidence.INFERRED


def handed_over_part(trail: Trail, kernel: KernelSide) -> Finding | None:
    """A function that retries only with nothing to hand over came back without an exception."""
    latest, decision = trail.latest, trail.interruption.pep475
    if kernel.action is not KernelAction.EINTR or trail.raising is not None or decision is None:
        return None
    partial = bool(decision.rows) and all(row.hands_over_part for row in decision.rows)
    if not partial or decision.calls_again is not True or handler_raised(trail) is not False:
        return None
    if latest is None or latest.chain or not trail.has_left_the_call:
        return None
    return early(kernel, latest, Confidence.INFERRED)
