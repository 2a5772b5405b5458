"""Two Python stacks of one thread compared: which frames are still there.

CPython gives the memory of a finished frame to the next call of the same function (up to 3.10:
``co_zombieframe`` of Objects/frameobject.c; later: the thread's data stack), so that an equal
address alone proves nothing. A frame counts as surviving only while every frame outside it
survives *at its same instruction*: a frame that moved on has left the calls it was in.
"""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.model.python_state import PythonFrame, PythonSnapshot

Stack = tuple[PythonFrame, ...]


@dataclass(frozen=True)
class Survival:
    """What became of the frames of an interruption; stacks are innermost first.

    ``survivors`` are as they are now, ``lost`` as they were, ``above`` are new frames on top of
    the innermost survivor. ``at_the_call``: all survived and the innermost is still at the
    instruction that was interrupted. ``code_ran``: it is, but its local variables have changed,
    so that it has been elsewhere in between.
    """

    survivors: Stack
    lost: Stack
    above: Stack
    at_the_call: bool
    code_ran: bool = False

    @property
    def innermost(self) -> PythonFrame | None:
        """The innermost frame that is still there, as it is now."""
        return self.survivors[0] if self.survivors else None


def compare(before: PythonSnapshot | None, now: PythonSnapshot | None) -> Survival | None:
    """Compare the stack at the interruption with a later one of the same thread.

    ``None``: one of them is not known, or they have no frame in common that they could be
    aligned by although one of them is incomplete.
    """
    if before is None or now is None or not before.frames:
        return None
    aligned = _aligned(before, now)
    if aligned is None:
        return None
    was, current = aligned
    kept, moved = _common(was, current)
    cut = len(current) - kept
    return Survival(
        survivors=current[cut:],
        lost=was[: len(was) - kept],
        above=current[:cut],
        at_the_call=kept == len(was) and not moved,
        code_ran=kept == len(was) and not moved and _changed(was[0], current[cut]),
    )


def _changed(before: PythonFrame, now: PythonFrame) -> bool:
    """Tell whether a frame's local variables are known at both moments, and differ."""
    if before.variables is None or now.variables is None:
        return False
    return before.variables != now.variables


def same_frame(one: PythonFrame, other: PythonFrame) -> bool:
    """Tell whether both may be one frame: same address, same code object."""
    return one.address == other.address and one.code_address == other.code_address


def same_call_site(one: PythonFrame, other: PythonFrame) -> bool:
    """Tell whether both are at the same instruction of the same code, in any frame."""
    return (
        one.code_address == other.code_address
        and one.instruction_offset is not None
        and one.instruction_offset == other.instruction_offset
    )


def _aligned(before: PythonSnapshot, now: PythonSnapshot) -> tuple[Stack, Stack] | None:
    """Cut both stacks so that they end in the same outermost frame, where one is incomplete."""
    was, current = before.frames, now.frames
    if before.problem is None and now.problem is None:
        return was, current
    for index, frame in enumerate(current):
        if same_frame(frame, was[-1]):
            return was, current[: index + 1]
    for index, frame in enumerate(was):
        if current and same_frame(frame, current[-1]):
            return was[: index + 1], current
    return None


def _common(was: Stack, current: Stack) -> tuple[int, bool]:
    """Count the frames that survived, outermost first; and whether the last of them moved on."""
    kept = 0
    for before, now in zip(reversed(was), reversed(current), strict=False):
        if not same_frame(before, now):
            break
        kept += 1
        if before.instruction_offset != now.instruction_offset:
            return kept, True
    return kept, False
