"""Whether the Python signal handler of an interruption raised: it decides what became of it.

On 3.x a caught exception leaves nothing behind, so that the handler's frame, or its bytecode,
is asked.
"""

from __future__ import annotations

from eintr_trace.analysis.handler import is_default_int_handler
from eintr_trace.analysis.sightings import Sighting
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.pep475 import Behaviour
from eintr_trace.model.python_state import HandlerEnd, HandlerKind, PythonHandler, RaiseUse


def handler_raised(trail: Trail) -> bool | None:
    """Tell whether the handler, called since the interruption, raised; ``None``: not known.

    ``False`` as well while it is still to be called, and where none is called in this thread.
    """
    python = trail.interruption.python
    if python is None or python.handler is None or trail.joined is not None:
        return None
    if python.handler.kind is not HandlerKind.FUNCTION or not trail.interruption.is_main_thread:
        return False
    if trail.handler_end is not None:
        return trail.handler_end is HandlerEnd.RAISED
    if trail.handler_done_ns is not None:
        return by_its_code(python.handler)
    return False if is_waiting(trail, trail.reentered or trail.latest) else None


def by_its_code(handler: PythonHandler) -> bool | None:
    """Tell by its code whether a handler that was called raised; ``None``: it does not tell."""
    if is_default_int_handler(handler) or handler.raises is RaiseUse.ALWAYS:
        return True
    return False if handler.raises is RaiseUse.NEVER else None


def is_waiting(trail: Trail, sighting: Sighting | None) -> bool:
    """Tell whether the handler was due when the C handler returned, and still is.

    CPython calls a handler that is due before the next instruction (Python/ceval.c), so that
    no Python code has run in between. Of a signal that came again meanwhile, the mark does not
    tell.
    """
    restored, run = trail.restored, trail.handler_run
    if restored is None or restored.tripped is not True or restored.tripped_anew:
        return False
    if sighting is None or sighting.snapshot is None:
        return False
    if run is not None and run.time_ns < sighting.time_ns:
        return False
    handler = sighting.snapshot.handler
    return trail.interruption.is_main_thread and handler is not None and handler.tripped is True


def called_here(trail: Trail) -> bool:
    """Tell whether the handler has been called since, which only this thread does."""
    return trail.handler_done_ns is not None and trail.interruption.is_main_thread


def may_raise(trail: Trail) -> bool:
    """Tell whether the handler has a raise statement, and nothing says how its call ended.

    Or how it will: C code that retries runs a handler that is still due before it returns.
    """
    handler = trail.interruption.python_handler
    if handler is None or handler.raises not in {RaiseUse.SOMETIMES, RaiseUse.ALWAYS}:
        return False
    decision = trail.interruption.pep475
    if is_waiting(trail, trail.reentered):
        return decision is not None and decision.behaviour is Behaviour.RETRIES
    return handler_raised(trail) is None
