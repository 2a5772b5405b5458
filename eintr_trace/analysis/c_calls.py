"""The calls that a single-stepped thread made, put together from the functions it was in.

Only their order is known. What is entered at its first instruction was called, or jumped to.
Anything else is a return: to one of the callers that were seen, or from the outermost of them.
Where it can be neither, and where what was left goes on later, it was jumped into. Functions that
no symbol names cannot be told apart.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from eintr_trace.model.c_stack import PathStep

_Function = tuple[str | None, str | None]
"""Name and file."""


@dataclass(eq=False)
class CCall:
    """One stay in a function, until it returned.

    ``caller`` is ``None`` for those that the thread was in, or returned to from all that is
    known. ``instructions`` are its own and those of what it called. ``is_open``: it had not
    returned at the end.
    """

    step: PathStep
    caller: CCall | None
    instructions: int = 0
    is_open: bool = False

    def is_of(self, step: PathStep) -> bool:
        """Tell whether a step is of the same function."""
        return (self.step.function, self.step.file) == (step.function, step.file)


def c_calls(steps: Sequence[PathStep]) -> list[CCall]:
    """Give all calls in the order in which the thread came to them."""
    builder = _Builder(steps)
    for now, step in enumerate(steps):
        if not _is_stub(step):
            builder.take(now, step)
    for call in builder.stack:
        call.is_open = True
    for call in reversed(builder.calls):
        if call.caller is not None:
            call.caller.instructions += call.instructions
    return builder.calls


class _Builder:
    """Puts the calls together, step by step; ``stack`` are those that have not returned."""

    def __init__(self, steps: Sequence[PathStep]) -> None:
        self.calls: list[CCall] = []
        self.stack: list[CCall] = []
        self._steps = steps
        self._seen_at: dict[_Function, list[int]] = {}
        for at, step in enumerate(steps):
            self._seen_at.setdefault((step.function, step.file), []).append(at)

    def take(self, now: int, step: PathStep) -> None:
        """Take in the step at position ``now``."""
        stack = self.stack
        if not _is_entry(step):
            self._return_to(now, step)
        if not stack or _is_entry(step) or not stack[-1].is_of(step):
            stack.append(CCall(step, stack[-1] if stack else None))
            self.calls.append(stack[-1])
        stack[-1].instructions += step.instructions

    def _return_to(self, now: int, step: PathStep) -> None:
        """Leave what the thread has returned from, if it came to ``step`` by returning."""
        stack = self.stack
        # That leads to a caller that was seen; but not from the outermost, whose own was not.
        if len(stack) > 1 and not any(call.is_of(step) for call in stack):
            return
        while stack and not stack[-1].is_of(step) and not self._comes_back(stack[-1], now):
            stack.pop()

    def _comes_back(self, call: CCall, now: int) -> bool:
        """Tell whether a function goes on later, so that it has not returned yet."""
        if call.step.function is None:
            return False
        at = self._seen_at[call.step.function, call.step.file]
        later = bisect_right(at, now)
        return later < len(at) and not _is_entry(self._steps[at[later]])


def _is_entry(step: PathStep) -> bool:
    return step.function is not None and step.offset == 0


def _is_stub(step: PathStep) -> bool:
    """Tell whether it is a jump on the way to the function that it is named for."""
    return step.function is not None and step.function.endswith("@plt")
