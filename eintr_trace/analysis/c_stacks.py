"""Two C stacks of one thread compared: which calls are still in progress.

The C counterpart of ``frames``. A frame survives while all frames outside it are at the same
return address: then it is the same call, or one made again from the same place.
"""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.facts.c_functions import CFunctionRole, plain_name, role_of
from eintr_trace.model.c_stack import CFrame, CStack

Frames = tuple[CFrame, ...]


@dataclass(frozen=True)
class CSurvival:
    """What became of the C frames of an interruption; innermost first.

    ``survivors`` are as they are now, ``lost`` as they were, ``above`` are the frames now on top
    of the innermost survivor. ``moved``: that one is at another instruction than it was.
    """

    survivors: Frames
    lost: Frames
    above: Frames
    moved: bool

    @property
    def innermost(self) -> CFrame:
        """The innermost frame that is still there, as it is now."""
        return self.survivors[0]


def compare_c_stacks(before: CStack, now: CStack) -> CSurvival | None:
    """Compare two C stacks; ``None``: they have no frame in common."""
    was, current = _aligned(before.frames, now.frames)
    kept, moved = 0, False
    for old, new in zip(reversed(was), reversed(current), strict=False):
        if moved or not _same_frame(old, new):
            break
        kept += 1
        moved = old.address != new.address
    if not kept:
        return None
    cut = len(current) - kept
    return CSurvival(
        survivors=current[cut:],
        lost=was[: len(was) - kept],
        above=current[:cut],
        moved=moved,
    )


def inside_the_loop(frames: Frames) -> Frames:
    """Give the frames that the innermost evaluation loop has called, all if there is none."""
    for index, frame in enumerate(frames):
        if frame_role(frame) is CFunctionRole.EVALUATION_LOOP:
            return frames[:index]
    return frames


def frame_role(frame: CFrame) -> CFunctionRole | None:
    """Give the role of a frame's function, where it has a name and one of these roles."""
    return None if frame.function is None else role_of(frame.function)


def frame_name(frame: CFrame) -> str:
    """Name a frame: its function, else file and offset, else its address."""
    if frame.function is not None:
        return plain_name(frame.function)
    if frame.file is None or frame.offset is None:
        return f"{frame.address:#x}"
    return f"{frame.file.rpartition('/')[2]}+{frame.offset:#x}"


def _aligned(was: Frames, current: Frames) -> tuple[Frames, Frames]:
    """Cut both so that they end in one frame: copies of a stack do not reach equally far out."""
    index_of = {frame.cfa: index for index, frame in enumerate(current)}
    for end in range(len(was), 0, -1):
        index = index_of.get(was[end - 1].cfa)
        if index is not None and _same_frame(was[end - 1], current[index]):
            return was[:end], current[: index + 1]
    return (), ()


def _same_frame(one: CFrame, other: CFrame) -> bool:
    """Tell whether both may be one frame: at the same place of the stack, of the same code.

    A part of a function that GCC has put elsewhere may be without a name where the rest has one.
    """
    if one.cfa is None or one.cfa != other.cfa or one.file != other.file:
        return False
    names = {_function(one), _function(other)}
    return len(names) == 1 or None in names


def _function(frame: CFrame) -> str | None:
    return None if frame.function is None else plain_name(frame.function)
