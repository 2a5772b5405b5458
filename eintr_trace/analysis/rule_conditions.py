"""Conditions that several rules of an outcome ask for."""

from __future__ import annotations

from eintr_trace.analysis.answers import answer
from eintr_trace.analysis.decision import is_called_directly, sampled_decision
from eintr_trace.analysis.frames import same_call_site
from eintr_trace.analysis.handler_end import called_here
from eintr_trace.analysis.sightings import Ending, Sighting
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.pep475 import Behaviour
from eintr_trace.facts.syscalls import is_bookkeeping
from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.episodes import DecisionKind


def behaviour(trail: Trail) -> Behaviour | None:
    """Give what the table says of the function that made the call; ``None``: no table applies."""
    decision = trail.interruption.pep475
    return None if decision is None else decision.behaviour


def decided_to_raise(trail: Trail) -> bool:
    """Tell whether a sample shows that an exception was made of EINTR."""
    sampled = sampled_decision(trail)
    return sampled is not None and sampled.kind is DecisionKind.RAISE


def was_seen_to_come_back(trail: Trail) -> bool:
    """Tell whether the call came back to Python code, by a sample or by single steps."""
    sampled, path = sampled_decision(trail), trail.c_side.path
    if answer(trail) is not None or (path is not None and path.end is PathEnd.EVALUATION_LOOP):
        return True
    return sampled is not None and sampled.kind is DecisionKind.NONE


def was_stepped_to_the_call(trail: Trail) -> bool:
    """Tell whether single steps led to the call made again, past no evaluation loop."""
    path = trail.c_side.path
    return path is not None and path.end is PathEnd.CALLED_AGAIN


def is_same_request(trail: Trail, again: Sighting) -> bool:
    """Tell whether the program asks for the same thing again, not for another on the same fd.

    From the same instruction (a loop), or through a function of the same name (a second
    ``recv`` in the ``except`` block).
    """
    before = trail.interruption.frame
    if before is None or again.snapshot is None or not again.snapshot.frames:
        return False
    now = again.snapshot.frames[0]
    return same_call_site(before, now) or (before.calls is not None and before.calls == now.calls)


def comes_back_to_python(trail: Trail) -> bool:
    """Tell whether EINTR, as an exception or a result, reached Python code, so that it retried.

    Foreign C code may call again itself; that Python ran in between must be seen.
    """
    if trail.interruption.calls_foreign_code:
        again = trail.reentered
        if again is not None and again.survival is not None and again.survival.code_ran:
            return True
        if behaviour(trail) is not Behaviour.RETURNS_EARLY:
            return False
        return called_here(trail) or is_called_directly(trail)
    return behaviour(trail) is Behaviour.RAISES


def came_out_of_the_call(trail: Trail, sighting: Sighting) -> bool:
    """Tell whether a traceback ends in the frame that made the interrupted call."""
    frame = trail.interruption.frame
    return frame is not None and any(
        exception.traceback and exception.traceback[-1].frame_address == frame.address
        for exception in sighting.chain
    )


def is_over(trail: Trail) -> bool:
    """Tell whether nothing that is still to come can be of the interrupted call."""
    if trail.has_left_the_call or trail.quiet is not None:
        return True
    return _ended_by_itself(trail) or _has_lost_its_stack(trail)


def _has_lost_its_stack(trail: Trail) -> bool:
    """Tell whether another call was made with no Python stack left: the thread is ending."""
    latest = trail.latest
    if latest is None or latest.call is None or is_bookkeeping(latest.call.name):
        return False
    return latest.snapshot is not None and not latest.snapshot.frames


def _ended_by_itself(trail: Trail) -> bool:
    """Tell whether the trail goes no further because its thread, or program, does not."""
    return trail.ending in {Ending.THREAD_EXITED, Ending.PROCESS_EXITED, Ending.EXECED}


def went_on(sighting: Sighting) -> bool:
    """Tell whether a frame of the interruption is alive and past the interrupted call."""
    survival = sighting.survival
    return survival is not None and bool(survival.survivors) and not survival.at_the_call


def is_at_the_call(sighting: Sighting) -> bool:
    """Tell whether the interrupted frame is still at the interrupted call."""
    return sighting.survival is not None and sighting.survival.at_the_call


def is_alive(sighting: Sighting) -> bool:
    """Tell whether the interrupted frame itself is still there."""
    return sighting.survival is not None and not sighting.survival.lost


def keeps_caught_exceptions(trail: Trail) -> bool:
    """Tell whether ``sys.exc_info()`` outlives the ``except`` block: Python 2."""
    interpreter = trail.interruption.interpreter
    return interpreter is not None and interpreter.version.startswith("2.")
