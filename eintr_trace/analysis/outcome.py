"""A trail's outcome: small rules, asked in order; the first that applies decides.

A rule answers ``None`` as long as its evidence is not there. What no rule can tell once the
trail has ended is ``unknown``, with the reason (module ``reasons``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eintr_trace.analysis.calls import was_interrupted
from eintr_trace.analysis.catching import NOT_KNOWN, Catching, who_caught
from eintr_trace.analysis.connecting import waits_for_no_connect
from eintr_trace.analysis.exceptions import Chain, raised_by_handler
from eintr_trace.analysis.frames import same_call_site
from eintr_trace.analysis.handler_end import (
    called_here,
    handler_raised,
    is_waiting,
    may_raise,
)
from eintr_trace.analysis.kernel import KernelSide, ShownBy, kernel_side
from eintr_trace.analysis.no_more_waiting import waited_long_enough
from eintr_trace.analysis.reasons import why_unknown
from eintr_trace.analysis.trail import Sighting, Trail
from eintr_trace.facts.pep475 import Behaviour
from eintr_trace.model.episodes import Confidence, KernelAction, Outcome


@dataclass(frozen=True)
class Finding:
    """What a rule found. ``sighting`` is what it rests on besides the kernel's half.

    ``by_table``: the PEP 475 table was needed. ``reason`` is given for ``unknown`` only.
    """

    outcome: Outcome
    confidence: Confidence
    kernel: KernelSide
    sighting: Sighting | None = None
    chain: Chain = ()
    catching: Catching = NOT_KNOWN
    by_table: bool = False
    reason: str | None = None


def judge(trail: Trail) -> Finding | None:
    """Give the outcome of ``trail`` as far as it is known by now; ``None``: not yet."""
    kernel = kernel_side(trail)
    if trail.interruption.is_fatal and trail.ending is None:
        return None
    for rule in _RULES:
        finding = rule(trail, kernel)
        if finding is not None:
            return finding
    if trail.ending is None and trail.quiet is None:
        return None
    return Finding(
        Outcome.UNKNOWN,
        Confidence.OBSERVED,
        kernel,
        sighting=trail.latest,
        reason=why_unknown(trail, kernel),
    )


def _died(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The default action of the signal ended the process, and the process ended by it."""
    exited = trail.exited
    if not trail.interruption.is_fatal or exited is None:
        return None
    if exited.signo != trail.interruption.signal.signo:
        return None
    return Finding(Outcome.DIED, Confidence.OBSERVED, kernel)


def _not_blocking(trail: Trail, kernel: KernelSide) -> Finding | None:
    if trail.interruption.call is not None:
        return None
    return Finding(Outcome.NOT_BLOCKING, Confidence.OBSERVED, kernel)


def _completed(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The register held a result, so that there was nothing to restart."""
    if trail.interruption.call is None or was_interrupted(trail.interruption.call):
        return None
    return Finding(Outcome.COMPLETED, Confidence.OBSERVED, kernel)


def _restarted(trail: Trail, kernel: KernelSide) -> Finding | None:
    if kernel.action is not KernelAction.RESTART:
        return None
    match kernel.shown_by:
        case ShownBy.SIGNAL_FRAME | ShownBy.FOLLOWING_CALL:
            confidence = Confidence.OBSERVED
        case _:
            # Nothing was seen to follow yet; once the trail ends, the kernel's rule remains.
            if trail.ending is None and trail.quiet is None:
                return None
            confidence = Confidence.INFERRED
    sighting = trail.reentered
    return Finding(Outcome.RESTARTED_BY_KERNEL, confidence, kernel, sighting=sighting)


def _abandoned(trail: Trail, kernel: KernelSide) -> Finding | None:
    """An exception whose traceback passes through the handler's code replaced the call."""
    raising = trail.raising
    if raising is None or not raised_by_handler(raising.chain, trail.interruption.python_handler):
        return None
    return _raising(Outcome.ABANDONED_BY_HANDLER, kernel, raising)


def _abandoned_unseen(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The handler raised, and the program went on, or made the call again.

    On 3.x nothing is left of an exception once it is caught, or the program over.
    """
    latest = trail.latest
    if kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    if handler_raised(trail) is not True or latest is None or latest.call is None:
        return None
    if trail.reentered is None and _is_at_the_call(latest):
        return None
    other = trail.otherwise_raising
    if other is not None and _came_out_of_the_call(trail, other):
        # C code may put an exception of its own in the place of the handler's.
        return None
    return Finding(Outcome.ABANDONED_BY_HANDLER, Confidence.INFERRED, kernel, sighting=latest)


def _retried_by_program(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The same call from the program while it was handling the EINTR that the first gave."""
    again, raising = trail.reentered, trail.raising
    if again is None or raising is None or kernel.action is KernelAction.RESTART:
        return None
    if not _is_same_request(trail, again):
        return None
    return _raising(Outcome.RETRIED_BY_PROGRAM, kernel, raising, sighting=again)


def _raised(trail: Trail, kernel: KernelSide) -> Finding | None:
    """EINTR is in an exception that was not there at the interruption."""
    raising = trail.raising
    if raising is None or raised_by_handler(raising.chain, trail.interruption.python_handler):
        return None
    return _raising(Outcome.RAISED, kernel, raising)


def _raised_and_replaced(trail: Trail, kernel: KernelSide) -> Finding | None:
    """An exception came out of the interrupted frame, and this CPython raises EINTR there.

    The program had put another exception in its place, without a reference to it.
    """
    other = trail.otherwise_raising
    if kernel.action is not KernelAction.EINTR or other is None:
        return None
    if _behaviour(trail) is not Behaviour.RAISES or not _came_out_of_the_call(trail, other):
        return None
    return _raising(Outcome.RAISED, kernel, other, by_table=True)


def _connect_not_made(trail: Trail, kernel: KernelSide) -> Finding | None:
    """CPython waits for a connect that nobody makes, and will report it as done."""
    if kernel.action is not KernelAction.EINTR or not waits_for_no_connect(trail):
        return None
    assert trail.reentered is not None  # what it waits with
    return _early(kernel, trail.reentered, Confidence.INFERRED)


def _raised_unseen(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The program went on elsewhere, and by the table this function raises EINTR.

    The exception itself was caught before the next look, or a ``finally`` block hides it.
    """
    latest = trail.latest
    if kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    if _behaviour(trail) is not Behaviour.RAISES or handler_raised(trail) is not False:
        return None
    if latest is None or not trail.has_left_the_call:
        return None
    return Finding(Outcome.RAISED, Confidence.INFERRED, kernel, sighting=latest, by_table=True)


def _called_again_in_c(trail: Trail, kernel: KernelSide) -> Finding | None:
    """Foreign C code, called by Python, made the call again: no Python code ran in between."""
    again = trail.reentered
    if again is None or kernel.action is not KernelAction.EINTR or not _is_at_the_call(again):
        return None
    if not trail.interruption.calls_foreign_code or not is_waiting(trail, again):
        return None
    return Finding(Outcome.RETRIED_BY_LIBRARY, Confidence.INFERRED, kernel, sighting=again)


def _called_again(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The same call from the same instruction, no exception in sight: the table decides."""
    again = trail.reentered
    if again is None or kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    decision = trail.interruption.pep475
    if decision is None or again.survival is None or again.chain or may_raise(trail):
        return None
    if decision.calls_again is True and again.survival.at_the_call and not again.survival.code_ran:
        outcome = Outcome.RESUMED_BY_INTERPRETER
    elif _is_same_request(trail, again) and _comes_back_to_python(trail):
        outcome = Outcome.RETRIED_BY_PROGRAM
    else:
        return None
    return Finding(outcome, Confidence.INFERRED, kernel, sighting=again, by_table=True)


def _returned_early(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The call came back to Python, which went on, and no exception is in sight.

    2.7 keeps a caught exception in ``sys.exc_info()`` until the function returns, so that its
    absence says that there was none; but a ``finally`` block hides one, so not for calls that
    raise by the table. A loop that calls again at once shows no later instruction; then, and
    on 3.x, the table must say that the call returns early.
    """
    if kernel.action is not KernelAction.EINTR or trail.raising is not None:
        return None
    by_table = _behaviour(trail) is Behaviour.RETURNS_EARLY
    again, latest = trail.reentered, trail.latest
    if again is not None and by_table and _is_same_request(trail, again):
        # Foreign C code may have called again itself.
        foreign = trail.interruption.calls_foreign_code
        return None if foreign else _early(kernel, again, Confidence.INFERRED)
    if latest is None or latest.chain or not trail.has_left_the_call:
        return None
    seen = _keeps_caught_exceptions(trail) and _is_alive(latest) and _went_on(latest)
    if by_table and (seen or not may_raise(trail)):
        return _early(kernel, latest, Confidence.OBSERVED if seen else Confidence.INFERRED)
    if seen and _behaviour(trail) is Behaviour.NOT_KNOWN:
        return _early(kernel, latest, Confidence.INFERRED)
    return None


def _need_not_wait_again(trail: Trail, kernel: KernelSide) -> Finding | None:
    """CPython resumes this wait, and it was over by the time the handlers had run."""
    if kernel.action is not KernelAction.EINTR or not waited_long_enough(trail):
        return None
    outcome, latest = Outcome.RESUMED_BY_INTERPRETER, trail.latest
    return Finding(outcome, Confidence.INFERRED, kernel, sighting=latest, by_table=True)


def _handed_over_part(trail: Trail, kernel: KernelSide) -> Finding | None:
    """A function that retries only with nothing to hand over came back without an exception."""
    latest, decision = trail.latest, trail.interruption.pep475
    if kernel.action is not KernelAction.EINTR or trail.raising is not None or decision is None:
        return None
    partial = bool(decision.rows) and all(row.hands_over_part for row in decision.rows)
    if not partial or decision.calls_again is not True or handler_raised(trail) is not False:
        return None
    if latest is None or latest.chain or not trail.has_left_the_call:
        return None
    return _early(kernel, latest, Confidence.INFERRED)


Rule = Callable[[Trail, KernelSide], Finding | None]

_RULES: tuple[Rule, ...] = (
    _died,
    _not_blocking,
    _completed,
    _restarted,
    _abandoned,
    _abandoned_unseen,
    _retried_by_program,
    _raised,
    _raised_and_replaced,
    _connect_not_made,
    _called_again_in_c,
    _called_again,
    _returned_early,
    _handed_over_part,
    _need_not_wait_again,
    _raised_unseen,
)


def _raising(
    outcome: Outcome,
    kernel: KernelSide,
    raising: Sighting,
    sighting: Sighting | None = None,
    by_table: bool = False,
) -> Finding:
    catching = NOT_KNOWN
    # A look at a running thread (no call) shows that it was raised, not yet where it ends.
    if raising.snapshot is not None and raising.call is not None:
        catching = who_caught(raising.chain, raising.snapshot, raising.survival)
    return Finding(
        outcome=outcome,
        confidence=Confidence.INFERRED if by_table else Confidence.OBSERVED,
        kernel=kernel,
        sighting=sighting or raising,
        chain=raising.chain,
        catching=catching,
        by_table=by_table,
    )


def _early(kernel: KernelSide, sighting: Sighting, confidence: Confidence) -> Finding:
    return Finding(Outcome.RETURNED_EARLY, confidence, kernel, sighting=sighting, by_table=True)


def _keeps_caught_exceptions(trail: Trail) -> bool:
    """Tell whether ``sys.exc_info()`` outlives the ``except`` block: Python 2."""
    interpreter = trail.interruption.interpreter
    return interpreter is not None and interpreter.version.startswith("2.")


def _behaviour(trail: Trail) -> Behaviour | None:
    decision = trail.interruption.pep475
    return None if decision is None else decision.behaviour


def _is_same_request(trail: Trail, again: Sighting) -> bool:
    """Tell whether the program asks for the same thing again, not for another on the same fd.

    From the same instruction (a loop), or through a function of the same name (a second
    ``recv`` in the ``except`` block).
    """
    before = trail.interruption.frame
    if before is None or again.snapshot is None or not again.snapshot.frames:
        return False
    now = again.snapshot.frames[0]
    return same_call_site(before, now) or (before.calls is not None and before.calls == now.calls)


def _comes_back_to_python(trail: Trail) -> bool:
    """Tell whether EINTR, as an exception or a result, reached Python code, so that it retried.

    Foreign C code may call again itself; that Python ran in between must be seen.
    """
    if trail.interruption.calls_foreign_code:
        again = trail.reentered
        if again is not None and again.survival is not None and again.survival.code_ran:
            return True
        return _behaviour(trail) is Behaviour.RETURNS_EARLY and called_here(trail)
    return _behaviour(trail) is Behaviour.RAISES


def _came_out_of_the_call(trail: Trail, sighting: Sighting) -> bool:
    """Tell whether a traceback ends in the frame that made the interrupted call."""
    frame = trail.interruption.frame
    return frame is not None and any(
        exception.traceback and exception.traceback[-1].frame_address == frame.address
        for exception in sighting.chain
    )


def _went_on(sighting: Sighting) -> bool:
    """Tell whether a frame of the interruption is alive and past the interrupted call."""
    survival = sighting.survival
    return survival is not None and bool(survival.survivors) and not survival.at_the_call


def _is_at_the_call(sighting: Sighting) -> bool:
    """Tell whether the interrupted frame is still at the interrupted call."""
    return sighting.survival is not None and sighting.survival.at_the_call


def _is_alive(sighting: Sighting) -> bool:
    """Tell whether the interrupted frame itself is still there."""
    return sighting.survival is not None and not sighting.survival.lost
