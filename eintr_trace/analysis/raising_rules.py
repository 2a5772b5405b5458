"""Outcomes with an exception: EINTR's own, or the signal handler's."""

from __future__ import annotations

from eintr_trace.analysis.answers import gave_exception
from eintr_trace.analysis.exceptions import raised_by_handler
from eintr_trace.analysis.finding import Finding, exceptional
from eintr_trace.analysis.handler_end import handler_raised, may_raise
from eintr_trace.analysis.kernel import KernelSide
from eintr_trace.analysis.rule_conditions import (
    behaviour,
    came_out_of_the_call,
    decided_to_raise,
    is_at_the_call,
    is_over,
    is_same_request,
)
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.pep475 import Behaviour
from eintr_trace.model.episodes import Confidence, KernelAction, Outcome


def abandoned(trail: Trail, kernel: KernelSide) -> Finding | None:
    """An exception whose traceback passes through the handler's code replaced the call."""
    raising = trail.raising
    if raising is None or not raised_by_handler(raising.chain, trail.interruption.python_handler):
        return None
    return exceptional(Outcome.ABANDONED_BY_HANDLER, kernel, raising)


def abandoned_unseen(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The handler raised, and the program went on, or made the call again.

    On 3.x nothing is left of an exception once it is caught, or the program over.
    """
    latest = trail.latest
    if kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    if handler_raised(trail) is not True or latest is None or latest.call is None:
        return None
    if trail.reentered is None and is_at_the_call(latest):
        return None
    other = trail.otherwise_raising
    if other is not None and came_out_of_the_call(trail, other):
        # C code may put an exception of its own in the place of the handler's.
        return None
    return Finding(Outcome.ABANDONED_BY_HANDLER, Confidence.INFERRED, kernel, sighting=latest)


def retried_by_program(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The same call from the program while it was handling the EINTR that the first gave."""
    again, raising = trail.reentered, trail.raising
    if again is None or raising is None or kernel.action is KernelAction.RESTART:
        return None
    if not is_same_request(trail, again):
        return None
    return exceptional(Outcome.RETRIED_BY_PROGRAM, kernel, raising, sighting=again)


def raised(trail: Trail, kernel: KernelSide) -> Finding | None:
    """EINTR is in an exception that was not there at the interruption."""
    raising = trail.raising
    if raising is None or raised_by_handler(raising.chain, trail.interruption.python_handler):
        return None
    return exceptional(Outcome.RAISED, kernel, raising)


def raised_and_replaced(trail: Trail, kernel: KernelSide) -> Finding | None:
    """An exception came out of the interrupted frame, and this CPython raises EINTR there.

    The program had put another exception in its place, without a reference to it.
    """
    other = trail.otherwise_raising
    if kernel.action is not KernelAction.EINTR or other is None:
        return None
    sampled = decided_to_raise(trail)
    if not (sampled or behaviour(trail) is Behaviour.RAISES):
        return None
    if not came_out_of_the_call(trail, other):
        return None
    return exceptional(Outcome.RAISED, kernel, other, by_table=not sampled)


def raised_as_sampled(trail: Trail, kernel: KernelSide) -> Finding | None:
    """A sample shows C code make an exception of EINTR; nothing of it was in sight later.

    That the program made the same call again is told by another rule; whether it did is not
    known where nobody looked any more.
    """
    if kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    if not decided_to_raise(trail) or handler_raised(trail) is True or may_raise(trail):
        return None
    if trail.reentered is not None or not is_over(trail):
        return None
    return Finding(Outcome.RAISED, Confidence.OBSERVED, kernel, sighting=trail.latest)


def raised_as_answered(trail: Trail, kernel: KernelSide) -> Finding | None:
    """C code that is not CPython's gave NULL back: an exception, of which nothing was in sight.

    It may be one of its own, with another text than EINTR's.
    """
    if kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    if not gave_exception(trail) or handler_raised(trail) is True or may_raise(trail):
        return None
    if trail.reentered is not None or not is_over(trail):
        return None
    return Finding(Outcome.RAISED, Confidence.OBSERVED, kernel, sighting=trail.latest)


def raised_unseen(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The program went on elsewhere, and by the table this function raises EINTR.

    The exception itself was caught before the next look, or a ``finally`` block hides it.
    """
    latest = trail.latest
    if kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    if behaviour(trail) is not Behaviour.RAISES or handler_raised(trail) is not False:
        return None
    if latest is None or not trail.has_left_the_call:
        return None
    return Finding(Outcome.RAISED, Confidence.INFERRED, kernel, sighting=latest, by_table=True)
