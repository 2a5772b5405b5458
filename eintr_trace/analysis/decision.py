"""Who decided about EINTR: read from the C stacks of samples, not from which probe was hit.

A sample counts for an interruption while C frames of the interrupted call are on its stack, or
where the evaluation loop that had made the call runs the handlers itself. What lies beyond
another evaluation loop (a Python handler that calls something) is no decision about this call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from eintr_trace.analysis.answers import answer
from eintr_trace.analysis.c_stacks import (
    CSurvival,
    Frames,
    compare_c_stacks,
    frame_name,
    frame_role,
    inside_the_loop,
)
from eintr_trace.analysis.receiver import Located
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.c_functions import CFunctionRole
from eintr_trace.facts.libc_wrappers import hands_on
from eintr_trace.facts.pep475 import Behaviour
from eintr_trace.model.c_stack import CFrame, CodeRole, CStack
from eintr_trace.model.episodes import Decision, DecisionKind
from eintr_trace.model.stack_events import StackSeen

TRIPPED_PROBE = "Handlers[].tripped"
"""The watchpoint that is hit when CPython is about to call a Python handler."""

# A program that embeds CPython may hold CPython's own functions.
_FOREIGN = frozenset({CodeRole.EXTENSION, CodeRole.LIBRARY})


@dataclass(frozen=True)
class Sampled:
    """A decision and the sample that showed it; ``decider`` decided, ``callers`` called it.

    ``callers`` go out to the evaluation loop. ``function`` is whose decision it was, of code of
    ``role``: who had what decides called, or the function of the interrupted call whose place
    that has taken (a tail call).
    """

    kind: DecisionKind
    decider: CFrame
    callers: Frames
    sample: StackSeen
    function: CFrame
    role: CodeRole | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether it was decided by code that is known not to be CPython's."""
        return self.role in _FOREIGN

    @property
    def decision(self) -> Decision:
        """The decision as an episode tells it."""
        c_stack = tuple(frame_name(frame) for frame in self.callers)
        return Decision(self.kind, frame_name(self.decider), c_stack)


def sampled_decision(trail: Trail) -> Sampled | None:
    """Give what the samples show; ``None``: nothing, or there are none.

    The last decision counts: what one function raises another may clear to call again. That the
    evaluation loop ran the handlers counts only where nothing else was seen.
    """
    before = trail.c_side.interrupted
    if before is None:
        return None
    found = list(_all_read(trail, before))
    decided = [one for one in found if one.kind is not DecisionKind.NONE]
    latest = decided[-1] if decided else next(iter(found), None)
    if latest is not None and _only_asked(trail, latest):
        return replace(latest, kind=DecisionKind.NONE)
    return latest


def is_called_directly(trail: Trail) -> bool:
    """Tell whether ctypes calls the C library's wrapper itself: no C code that could call again.

    _ctypes and libffi do not look at what the function returns (CPython Modules/_ctypes/callproc.c
    _call_function_pointer()).
    """
    before, call = trail.c_side.interrupted, trail.interruption.call
    if before is None or call is None:
        return False
    for frame in before.frames:
        role = _role(trail, frame)
        if role is CodeRole.CTYPES:
            return frame is not before.frames[0]
        in_wrapper = frame.function is not None and hands_on(frame.function, call.syscall.name)
        if role is not CodeRole.C_LIBRARY or not in_wrapper:
            return False
    return False


def _only_asked(trail: Trail, sampled: Sampled) -> bool:
    """Tell whether code that may not call again only ran the handlers.

    CPython's does, but for what the table knows otherwise; what has no name is looked up by the
    call, code that is not CPython's is seen not to have.
    """
    if sampled.kind is not DecisionKind.CALL_AGAIN:
        return False
    if sampled.decider.function is None and not sampled.is_foreign:
        decision = trail.interruption.pep475
        return decision is not None and decision.behaviour is Behaviour.RETURNS_EARLY
    return sampled.is_foreign and _has_come_back(trail)


def _has_come_back(trail: Trail) -> bool:
    """Tell whether Python code was seen to have run on, before the call was made again."""
    if answer(trail) is not None:
        return True
    again = trail.reentered
    if again is None:
        return trail.has_left_the_call
    survival = again.survival
    return survival is not None and (not survival.at_the_call or survival.code_ran)


def kept_frames(trail: Trail) -> Frames:
    """Give the C frames, in to the evaluation loop, that were at the call both times."""
    before, again = trail.c_side.interrupted, trail.reentered
    if before is None or again is None or again.c_stack is None:
        return ()
    survival = compare_c_stacks(before, again.c_stack)
    return () if survival is None else inside_the_loop(survival.survivors)


def kept_library(trail: Trail) -> CFrame | None:
    """Give the innermost of these that is known to be neither CPython's nor of ctypes."""
    frames = kept_frames(trail)
    return next((frame for frame in frames if _role(trail, frame) in _FOREIGN), None)


def only_cpython_kept(trail: Trail) -> bool:
    """Tell whether all of these are known to be CPython's, but for the C library's."""
    roles = {_role(trail, frame) for frame in kept_frames(trail)}
    return CodeRole.CPYTHON in roles and roles <= {CodeRole.CPYTHON, CodeRole.C_LIBRARY}


def _role(trail: Trail, frame: CFrame) -> CodeRole | None:
    """Give whose code a frame runs; ``None``: its file is not known."""
    library = None if frame.file is None else trail.c_side.libraries.get(frame.file)
    return None if library is None else Located(frame, library).role


def _all_read(trail: Trail, before: CStack) -> Iterator[Sampled]:
    raising: CFrame | None = None
    for sample in trail.c_side.probes:
        one = _read(trail, before, sample)
        if one is None or (raising is not None and _may_be_its_part(one.decider, raising)):
            continue
        if one.kind is DecisionKind.RAISE:
            raising = one.decider
        yield one


def _may_be_its_part(frame: CFrame, whole: CFrame) -> bool:
    """Tell whether a frame without a name may be of the same function, put elsewhere by GCC."""
    return frame.function is None and (frame.cfa, frame.file) == (whole.cfa, whole.file)


def _read(trail: Trail, before: CStack, sample: StackSeen) -> Sampled | None:
    survival = compare_c_stacks(before, sample.stack)
    inside = inside_the_loop(sample.stack.frames)
    if survival is None:
        return None
    if len(survival.above) > len(inside):
        return _called_back(trail, survival, inside, sample)
    if _is_on_top_of_the_call(survival) or _in_c_handler(inside):
        return None
    raising = _outermost(inside, CFunctionRole.ERRNO_EXCEPTION)
    is_over = _is_over(survival)
    if raising is not None:
        # What the interrupted function calls last may have taken its place: a tail call. Then
        # the return address is still that of its own call.
        if is_over and survival.moved:
            return None
        replaced = survival.lost[-1] if is_over and survival.lost else None
        return _raising(trail, inside, raising, sample, replaced)
    if is_over:
        return _after_the_call(inside, survival.innermost, sample)
    return _in_the_call(trail, survival, inside, sample)


def _called_back(
    trail: Trail, survival: CSurvival, inside: Frames, sample: StackSeen
) -> Sampled | None:
    """Another evaluation loop runs above the frames that are left.

    Of ctypes, that is Python code which it has called with the result (``errcheck``).
    """
    checks = [one for one in inside if frame_role(one) is CFunctionRole.SIGNAL_CHECK]
    is_back = survival.moved and _role(trail, survival.innermost) is CodeRole.CTYPES
    if not is_back or not checks or len(checks) < len(inside):
        return None
    loop = survival.above[len(inside)]
    return Sampled(DecisionKind.NONE, loop, (), sample, loop)


def _is_on_top_of_the_call(survival: CSurvival) -> bool:
    """Tell whether the call has not come back: a C signal handler runs on top of it."""
    return not survival.lost and not survival.moved


def _in_c_handler(frames: Frames) -> bool:
    return any(frame_role(frame) is CFunctionRole.C_HANDLER for frame in frames)


def _is_over(survival: CSurvival) -> bool:
    """Tell whether no frame is left of the function that the evaluation loop had called."""
    return frame_role(survival.innermost) in {
        CFunctionRole.EVALUATION_LOOP,
        CFunctionRole.CALL_PROTOCOL,
    }


def _after_the_call(inside: Frames, loop: CFrame, sample: StackSeen) -> Sampled | None:
    """A handler that is due is run by something else: the call came back without doing so."""
    checks = [one for one in inside if frame_role(one) is CFunctionRole.SIGNAL_CHECK]
    if sample.probe == TRIPPED_PROBE or (checks and len(checks) == len(inside)):
        return Sampled(DecisionKind.NONE, loop, (), sample, loop)
    return None


def _in_the_call(
    trail: Trail, survival: CSurvival, inside: Frames, sample: StackSeen
) -> Sampled | None:
    """A C function of the interrupted call is still at it: what it is calling tells."""
    asking = _outermost(inside, CFunctionRole.SIGNAL_CHECK)
    if asking is not None:
        decider = asking + 1
    elif sample.probe == TRIPPED_PROBE:
        # The check has no name here; who of those above the call made it is not known.
        decider = len(survival.above)
    else:
        return None
    if decider >= len(inside) or not _can_be_trusted(survival, decider):
        return None
    if inside[decider].function is None and _raises_by_table(trail):
        # More likely what makes the exception: it asks too, and may be a tail call's.
        return None
    return _asking(trail, inside, decider, sample)


def _raising(
    trail: Trail, inside: Frames, index: int, sample: StackSeen, replaced: CFrame | None
) -> Sampled:
    trapping = _outermost(inside, CFunctionRole.TRAPS_EINTR)
    if trapping is not None and trapping > index:
        return _decided(DecisionKind.CALL_AGAIN, trail, inside, trapping, sample)
    decider, callers = inside[index], inside[index + 1 :]
    function = replaced or next(iter(callers), decider)
    role = None if function is decider else _role(trail, function)
    return Sampled(DecisionKind.RAISE, decider, callers, sample, function, role)


def _asking(trail: Trail, inside: Frames, index: int, sample: StackSeen) -> Sampled | None:
    if _role(trail, inside[index]) is CodeRole.CTYPES:
        # Python code called the check through ctypes: another call than the interrupted one.
        return None
    match frame_role(inside[index]):
        case CFunctionRole.INCIDENTAL:
            return None
        case CFunctionRole.ASKS_ONCE:
            return _decided(DecisionKind.NONE, trail, inside, index, sample)
        case _:
            return _decided(DecisionKind.CALL_AGAIN, trail, inside, index, sample)


def _decided(
    kind: DecisionKind, trail: Trail, inside: Frames, index: int, sample: StackSeen
) -> Sampled:
    decider = inside[index]
    role = _role(trail, decider)
    return Sampled(kind, decider, inside[index + 1 :], sample, decider, role)


def _can_be_trusted(survival: CSurvival, decider: int) -> bool:
    """Tell whether the surviving frame is certainly the interrupted call's.

    Two functions without names look alike at one place of the stack; but the one that runs the
    handlers itself does so for a signal that is due, before anything else was called.
    """
    return survival.innermost.function is not None or decider == len(survival.above)


def _raises_by_table(trail: Trail) -> bool:
    decision = trail.interruption.pep475
    return decision is not None and decision.behaviour is Behaviour.RAISES


def _outermost(frames: Frames, role: CFunctionRole) -> int | None:
    """Give the index of the outermost frame with a role."""
    found = [index for index, frame in enumerate(frames) if frame_role(frame) is role]
    return found[-1] if found else None
