"""What the C code of an interrupted call gave back to CPython, where a sample shows it.

A C function that Python calls returns an object, or NULL when it has raised an exception
(Python/C API reference, Exception Handling). The sample is of the instruction after the call in
the evaluation loop that had made it: the same address, and the same place of the stack.
"""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.analysis.c_stacks import Frames, frame_role, inside_the_loop
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.c_functions import CFunctionRole
from eintr_trace.facts.pep475 import may_call_foreign_code
from eintr_trace.model.c_stack import CFrame, CStack
from eintr_trace.model.stack_events import StackSeen

# A signal handler may be a C function too: the loop asks for those that are due.
_NO_ANSWER = frozenset({CFunctionRole.GIVES_NO_OBJECT, CFunctionRole.SIGNAL_CHECK})
_POINTER_BYTES = 8
# NULL without an exception is the end of an iterator: tp_iternext (Doc/c-api/typeobj.rst). A
# `for` statement calls it by none of its names; the second is Python 2's.
_MAY_END = frozenset({"__next__", "next"})


@dataclass(frozen=True)
class Answer:
    """What was given back, as ``sample`` shows it: a value, or that there is an exception."""

    is_value: bool
    sample: StackSeen


def answer(trail: Trail) -> Answer | None:
    """Give what was seen to be given back; ``None``: nothing was.

    Only where the evaluation loop was at a call instruction, of code that may not be CPython's,
    and had called what makes the call: other functions of its need not give back an object.
    """
    before, frame = trail.c_side.interrupted, trail.interruption.frame
    if before is None or frame is None or not may_call_foreign_code(frame):
        return None
    for sample in trail.c_side.probes:
        if sample.retval is not None and _is_where_it_returns(before, sample.stack):
            may_be_end = sample.retval == 0 and frame.calls in _MAY_END
            is_none = may_be_end or not _is_pointer_or_null(sample.retval)
            return None if is_none else Answer(sample.retval != 0, sample)
    return None


def _is_pointer_or_null(retval: int) -> bool:
    """Tell it from a number, and from a tagged reference (Include/internal/pycore_stackref.h)."""
    return retval % _POINTER_BYTES == 0


def gave_value(trail: Trail) -> bool:
    """Tell whether the call was seen to come back without an exception."""
    given = answer(trail)
    return given is not None and given.is_value


def gave_exception(trail: Trail) -> bool:
    """Tell whether the call was seen to come back with an exception."""
    given = answer(trail)
    return given is not None and not given.is_value


def stayed_in_c(trail: Trail) -> bool:
    """Tell whether the call, entered again, was seen not to have returned to CPython in between."""
    before, again, last = trail.c_side.interrupted, trail.reentered, trail.c_side.not_returned
    if before is None or again is None or last is None or last.time_ns != again.time_ns:
        return False
    called = inside_the_loop(before.frames)
    if not called or len(called) == len(before.frames):
        return False
    # The caller's stack pointer before the call is what the call's return leaves again.
    return (before.frames[len(called)].address, called[-1].cfa) == (last.address, last.sp)


def _is_where_it_returns(before: CStack, now: CStack) -> bool:
    called = inside_the_loop(before.frames)
    outside = before.frames[len(called) :]
    if not outside or not now.frames or not _gives_an_object(called, outside[0]):
        return False
    loop, top = outside[0], now.frames[0]
    return loop.cfa is not None and (loop.address, loop.cfa) == (top.address, top.cfa)


def _gives_an_object(called: Frames, loop: CFrame) -> bool:
    """Tell whether what the loop had called does; one of CPython's without a name may not."""
    if not called:
        return False
    outermost = called[-1]
    if outermost.function is None:
        return outermost.file != loop.file
    return frame_role(outermost) not in _NO_ANSWER
