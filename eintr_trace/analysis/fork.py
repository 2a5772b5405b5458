"""Two ways through C side by side, and where they part: the fork in the road.

Functions are the same if they are called the same, but for what compilers add. A function may
have another name in another version (``sock_recv_guts``, ``sock_recv``): so what differs before
the last function that both have is no fork. Nor is a function that only one of them passes
through on its way, and returns from, as to take the GIL.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from eintr_trace.analysis.c_path import passed_through
from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.episodes import CPath

_DECIDED = frozenset(
    {
        PathEnd.DECISION,
        PathEnd.HANDLER_DUE,
        PathEnd.CALLED_AGAIN,
        PathEnd.OTHER_CALL,
        PathEnd.EVALUATION_LOOP,
    }
)


def is_whole(path: CPath) -> bool:
    """Tell whether a path leads to what was decided; another one parts from none."""
    return path.end in _DECIDED


@dataclass(frozen=True)
class ForkRow:
    """A function of each path, or ``None`` where only the other one has one."""

    left: str | None
    right: str | None
    is_common: bool


@dataclass(frozen=True)
class Fork:
    """Two paths, row by row; from row ``parts_at`` on they part (``None``: they do not)."""

    rows: tuple[ForkRow, ...]
    parts_at: int | None


def fork(left: CPath, right: CPath) -> Fork:
    """Align two paths and find where they part."""
    matcher = SequenceMatcher(
        None,
        [_plain(name) for name in left.functions],
        [_plain(name) for name in right.functions],
        autojunk=False,
    )
    rows: list[ForkRow] = []
    for tag, *(from_left, to_left, from_right, to_right) in matcher.get_opcodes():
        pairs = zip_longest(left.functions[from_left:to_left], right.functions[from_right:to_right])
        rows += [ForkRow(one, other, is_common=tag == "equal") for one, other in pairs]
    common = [number for number, row in enumerate(rows, start=1) if row.is_common]
    together = max(common, default=0)
    return _parted(rows[:together], rows[together:], passed_through(left), passed_through(right))


def _parted(
    together: list[ForkRow],
    after: list[ForkRow],
    passing_left: frozenset[str],
    passing_right: frozenset[str],
) -> Fork:
    """Put what each only passes through before the fork, and the rest after it."""
    left = [row.left for row in after if row.left is not None]
    right = [row.right for row in after if row.right is not None]
    ways = (_passing(left, passing_left), _passing(right, passing_right))
    rows = [*together, *_side_by_side(*ways)]
    parted = _side_by_side(left[len(ways[0]) :], right[len(ways[1]) :])
    return Fork((*rows, *parted), len(rows) if parted else None)


def _side_by_side(left: list[str], right: list[str]) -> list[ForkRow]:
    return [ForkRow(one, other, is_common=False) for one, other in zip_longest(left, right)]


def _passing(functions: list[str], passing: frozenset[str]) -> list[str]:
    """Give the first functions, as long as they are only passed through."""
    count = next((at for at, name in enumerate(functions) if name not in passing), len(functions))
    return functions[:count]


def _plain(function: str) -> str:
    return function.partition(".")[0].lstrip("_")
