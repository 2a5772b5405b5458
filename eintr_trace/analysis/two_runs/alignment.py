"""Two sequences of interruptions aligned: what is alike stands beside each other, in order.

As many alike ones as possible are paired, and no two pairs cross. Where one of several alike
ones has no counterpart, the time that passed since the pair before tells which.

The work is linear in the interruptions: as long as the next of both are alike, and as far apart
as the ones before, they are a pair. Else the best alignment of the next ``_WINDOW`` of each is
looked for, cell by cell, and the first half of it kept. Where nothing there is alike, both go on
where they next are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from eintr_trace.analysis.two_runs.appearance import Appearance

Positions = tuple[int, int]
Likeness = Callable[[Appearance], Hashable]
"""What must be equal for two to be alike."""
Moments = tuple[int | None, int | None]
"""A time of each run, in ns of its own clock; ``None``: not known."""

UNKNOWN_MOMENTS: Moments = (None, None)

_WINDOW = 96
_PAIR = 10_000
_OTHER_LINE = 1_000
_OTHER_GAP = 500
"""Points: so many fewer than ``_PAIR`` that hardly anything is left alone for lines and times."""

_NOISE_NS = 1_000_000
_SAME_GAP = 0.8
"""Two spans of time are as good as equal when the shorter is at least so much of the longer."""


def aligned(
    left: Sequence[Appearance],
    right: Sequence[Appearance],
    likeness: Likeness,
    before: Moments = UNKNOWN_MOMENTS,
) -> list[Positions]:
    """Give the pairs, as positions in both, in order.

    ``before``: when in each what precedes them happened. The other way round gives the same pairs.
    """
    one, other = [likeness(item) for item in left], [likeness(item) for item in right]
    if _rank(left, one, before[0]) <= _rank(right, other, before[1]):
        return _Alignment(left, right, one, other).pairs(before)
    pairs = _Alignment(right, left, other, one).pairs((before[1], before[0]))
    return [(mine, theirs) for theirs, mine in pairs]


def _rank(
    items: Sequence[Appearance], kinds: Sequence[Hashable], before_ns: int | None
) -> list[tuple[str, int, int]]:
    """Which of two sequences comes first, whichever way round they are given."""
    start_ns = items[0].time_ns if items and before_ns is None else before_ns
    return [
        (
            repr(kind),
            -1 if item.line is None else item.line,
            -1 if item.time_ns is None or start_ns is None else item.time_ns - start_ns,
        )
        for kind, item in zip(kinds, items, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Path:
    """The pairs of an alignment, the last one first."""

    left: int
    right: int
    before: _Path | None
    length: int


_Cell = tuple[int, _Path | None]
"""The points of the best alignment up to here, and its pairs."""


class _Alignment:
    def __init__(
        self,
        left: Sequence[Appearance],
        right: Sequence[Appearance],
        left_kinds: Sequence[Hashable],
        right_kinds: Sequence[Hashable],
    ) -> None:
        self._left, self._right = left, right
        self._left_kinds, self._right_kinds = left_kinds, right_kinds
        self._where: defaultdict[Hashable, list[int]] = defaultdict(list)
        for index, kind in enumerate(right_kinds):
            self._where[kind].append(index)

    def pairs(self, before: Moments) -> list[Positions]:
        pairs: list[Positions] = []
        start: Positions | None = (0, 0)
        while start is not None and start[0] < len(self._left) and start[1] < len(self._right):
            found = self._head(start, before)
            if found:
                start = found[-1][0] + 1, found[-1][1] + 1
            else:
                found, start = self._first_half(start, before)
            if found:
                pairs += found
                before = self._moments(*found[-1])
        return pairs

    def _head(self, start: Positions, before: Moments) -> list[Positions]:
        """Pair the next of both as long as nothing speaks against it."""
        pairs: list[Positions] = []
        i, j = start
        while i < len(self._left) and j < len(self._right):
            one, other = self._left[i], self._right[j]
            if self._left_kinds[i] != self._right_kinds[j] or one.line != other.line:
                break
            if _likeness_of_gaps(before, one, other) < 1:
                break
            pairs.append((i, j))
            before = one.time_ns, other.time_ns
            i, j = i + 1, j + 1
        return pairs

    def _first_half(
        self, start: Positions, before: Moments
    ) -> tuple[list[Positions], Positions | None]:
        """Align a window, keep what lies in its first half, and say where to go on."""
        pairs = self._window(start, before)
        if not pairs:
            return [], self._next_alike(start)
        if start[0] + _WINDOW >= len(self._left) and start[1] + _WINDOW >= len(self._right):
            return pairs, None
        half = start[0] + _WINDOW // 2, start[1] + _WINDOW // 2
        count = sum(i < half[0] and j < half[1] for i, j in pairs)
        i, j = pairs[count] if count < len(pairs) else half
        last = pairs[count - 1] if count else (start[0] - 1, start[1] - 1)
        # What is passed over before the half is settled too.
        after = (half[0] if i >= half[0] else last[0] + 1, half[1] if j >= half[1] else last[1] + 1)
        return pairs[:count], after

    def _window(self, start: Positions, before: Moments) -> list[Positions]:
        width = min(_WINDOW, len(self._right) - start[1])
        above: list[_Cell] = [(0, None)] * (width + 1)
        ends: list[tuple[_Cell, Positions]] = []
        stop = min(start[0] + _WINDOW, len(self._left))
        for i in range(start[0], stop):
            above = self._row(above, i, start[1], before)
            ends.append((above[-1], (i + 1, start[1] + width)))
        ends += [(cell, (stop, start[1] + column)) for column, cell in enumerate(above)]
        points, most = above[-1]
        usual = points / _length(most) if most is not None else _PAIR
        _, path = max(ends, key=lambda end: self._promise(end, usual))[0]
        pairs: list[Positions] = []
        while path is not None:
            pairs.append((path.left, path.right))
            path = path.before
        return pairs[::-1]

    def _promise(self, end: tuple[_Cell, Positions], usual: float) -> tuple[float, int]:
        """Add to the points of an end what can still come of the rest, at the usual points."""
        (points, path), (i, j) = end
        rest = min(len(self._left) - i, len(self._right) - j)
        return points + usual * rest, _length(path)

    def _row(
        self,
        above: Sequence[_Cell],
        i: int,
        first: int,
        before: Moments,
    ) -> list[_Cell]:
        """Give the cells of the next row, that of ``left[i]``."""
        kind, one = self._left_kinds[i], self._left[i]
        best = above[0]
        row = [best]
        for column in range(1, len(above)):
            # Alike ones are paired as early as possible: a pair must be worth more, not as much.
            if above[column][0] > best[0]:
                best = above[column]
            j = first + column - 1
            if kind == self._right_kinds[j]:
                points, path = above[column - 1]
                last = before if path is None else self._moments(path.left, path.right)
                points += _points(last, one, self._right[j])
                if points > best[0]:
                    best = points, _Path(i, j, path, _length(path) + 1)
            row.append(best)
        return row

    def _moments(self, i: int, j: int) -> Moments:
        return self._left[i].time_ns, self._right[j].time_ns

    def _next_alike(self, start: Positions) -> Positions | None:
        """Find where both next have one that is alike, with as few as possible passed over."""
        nearest: Positions | None = None
        passed = len(self._left) + len(self._right)
        for i in range(start[0], len(self._left)):
            if i - start[0] >= passed:
                break
            places = self._where.get(self._left_kinds[i], ())
            index = bisect_left(places, start[1])
            if index < len(places) and i - start[0] + places[index] - start[1] < passed:
                passed = i - start[0] + places[index] - start[1]
                nearest = i, places[index]
        return nearest


def _length(path: _Path | None) -> int:
    return 0 if path is None else path.length


def _points(before: Moments, one: Appearance, other: Appearance) -> int:
    points = _PAIR - (one.line != other.line) * _OTHER_LINE
    return points - round(_OTHER_GAP * (1 - _likeness_of_gaps(before, one, other)))


def _likeness_of_gaps(before: Moments, one: Appearance, other: Appearance) -> float:
    """Hold the times since ``before`` against each other; 1: as good as equal, or not known."""
    left, right = _gap_ns(before[0], one.time_ns), _gap_ns(before[1], other.time_ns)
    if left is None or right is None:
        return 1.0
    share = (min(left, right) + _NOISE_NS) / (max(left, right) + _NOISE_NS)
    return min(1.0, share / _SAME_GAP)


def _gap_ns(earlier_ns: int | None, later_ns: int | None) -> int | None:
    if earlier_ns is None or later_ns is None:
        return None
    return max(0, later_ns - earlier_ns)
