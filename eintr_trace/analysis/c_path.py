"""The way of a thread from EINTR to the decision, as short as it can be told.

Shown is where it came from and where it ended; of what it did in between the functions that
made up a good part of the way, or that are about EINTR. The inside of the C library is not
shown, only what of it was called.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import pairwise
from pathlib import PurePosixPath

from eintr_trace.analysis.c_calls import CCall, c_calls
from eintr_trace.analysis.calls import same_call
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.c_functions import ERRNO_EXCEPTION_FUNCTIONS, SIGNAL_CHECK_FUNCTIONS
from eintr_trace.model.c_stack import CodeRole, PathEnd, PathStep
from eintr_trace.model.episodes import CPath, Outcome

HANDLER = "(handler)"
_CALLED_AGAIN = frozenset({Outcome.RESUMED_BY_INTERPRETER, Outcome.RETRIED_BY_LIBRARY})
_GOOD_PART = 4  # so many times it would make up all instructions
_ABOUT_EINTR = frozenset(ERRNO_EXCEPTION_FUNCTIONS + SIGNAL_CHECK_FUNCTIONS)


def c_path(trail: Trail, finding: Finding) -> CPath | None:
    """Give the path of an interruption, or the one that another like it took."""
    path = trail.c_side.path
    if path is None or not path.steps:
        return trail.c_side.known_paths.find(trail.interruption, finding.outcome)
    libraries = trail.c_side.libraries
    c_library = {file for file, seen in libraries.items() if seen.role is CodeRole.C_LIBRARY}
    functions = short_path(path.steps, c_library)
    if path.end is PathEnd.HANDLER_DUE:
        functions = (*functions, HANDLER)
        if finding.outcome in _CALLED_AGAIN and _called_the_same(trail):
            functions = (*functions, functions[0])
    return CPath(functions, path.end, path.steps)


def _called_the_same(trail: Trail) -> bool:
    call, again = trail.interruption.call, trail.reentered
    return (
        call is not None
        and again is not None
        and again.call is not None
        and same_call(call.syscall, again.call)
    )


def short_path(steps: Sequence[PathStep], c_library: Set[str]) -> tuple[str, ...]:
    """Name the functions to show, in the order in which the thread came to them.

    ``c_library`` are the files whose insides are not shown.
    """
    calls = c_calls(steps)
    bases = [call for call in calls if call.caller is None]
    inside = {call for call in calls if call.step.file in c_library}
    # The C library's own layers around the system call, but for the one that was called.
    layers = {one for one, around in pairwise(bases) if {one, around} <= inside}
    inside -= {call for call in inside if call.is_open and call.caller not in inside}
    whole = sum(call.instructions for call in bases)
    names = [
        label(call.step)
        for call in calls
        if call not in layers and (call.caller is None or call not in inside)
        if call.is_open or call.caller is None or _is_worth_it(call, whole)
    ]
    return tuple(name for before, name in pairwise(["", *names]) if name != before)


def passed_through(path: CPath) -> frozenset[str]:
    """Name the shown functions that had returned by the end, and are not about EINTR."""
    returned = {call.step.function for call in c_calls(path.steps) if not call.is_open}
    still_in = {call.step.function for call in c_calls(path.steps) if call.is_open}
    return frozenset(filter(None, returned - still_in - _ABOUT_EINTR))


def label(step: PathStep) -> str:
    """Name a function, or as ``file+0x1f0`` what no symbol covers."""
    if step.function is not None:
        return step.function
    if step.file is None:
        return "?"
    return f"{PurePosixPath(step.file).name}+{step.offset or 0:#x}"


def _is_worth_it(call: CCall, whole: int) -> bool:
    """Tell whether a function that has returned is shown, as far as it has a public name."""
    name = call.step.function
    if name is None or name.startswith("_"):
        return False
    return name in _ABOUT_EINTR or call.instructions * _GOOD_PART >= whole
