"""Which interruption of one run is which of another.

The interruptions of a thread by a signal are aligned with those of its counterpart by the same
signal: first those that are alike in all that both runs can show, then, between these, those
that are alike in less, so that a call that is another one in the other run (``poll`` for
``recvfrom``), or a place that a log cannot show, still finds its counterpart. What is left may
have come to another thread. In which order different signals came parts nothing: each has a
sender of its own.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Sequence

from eintr_trace.analysis.two_runs.alignment import (
    UNKNOWN_MOMENTS,
    Likeness,
    Moments,
    Positions,
    aligned,
)
from eintr_trace.analysis.two_runs.appearance import Appearance, appearances
from eintr_trace.analysis.two_runs.threads import Lane, Lanes, lanes_of, profiles
from eintr_trace.model.episodes import Episode
from eintr_trace.model.report import Report

EpisodePair = tuple[Episode | None, Episode | None]

_Found = dict[int, int]
"""Of each paired episode of the left run that of the right one, by their indices."""
_Group = tuple[list[Appearance], list[Appearance]]
_Side = Sequence[Appearance]

_LIKENESSES: tuple[Likeness, ...] = (
    lambda one: (one.call, one.place),
    lambda one: one.place,
    lambda one: one.call,
    lambda _: None,
)


def pair_episodes(left: Report, right: Report) -> list[EpisodePair]:
    """Pair them, in the order of the left run; what only the right one has comes where it was.

    Of one signal to one thread no two pairs cross.
    """
    ones, others = appearances(left, right)
    lanes = lanes_of(profiles(ones, left.processes), profiles(others, right.processes))
    found = _in_lanes(ones, others, lanes)
    for with_role in (True, False):
        found |= _in_other_lanes(*_rest(ones, others, found), lanes, with_role)
    return list(_in_order(left.episodes, right.episodes, found))


def _in_lanes(left: _Side, right: _Side, lanes: Lanes) -> _Found:
    groups: defaultdict[tuple[Lane, str | None], _Group] = defaultdict(_empty_group)
    for number, side in enumerate((left, right)):
        for item in side:
            groups[lanes[number][item.thread], item.signal][number].append(item)
    found: _Found = {}
    for (lane, _), group in groups.items():
        found |= _aligned(*group, lane.since_ns)
    return found


def _empty_group() -> _Group:
    return [], []


def _aligned(left: _Side, right: _Side, since: Moments = UNKNOWN_MOMENTS) -> _Found:
    pairs: list[Positions] = []
    for likeness in _LIKENESSES:
        pairs = list(_with_holes_filled(left, right, pairs, likeness, since))
    return {left[i].index: right[j].index for i, j in pairs}


def _with_holes_filled(
    left: _Side, right: _Side, pairs: Iterable[Positions], likeness: Likeness, since: Moments
) -> Iterator[Positions]:
    """Yield the pairs, and between them those of what is alike in this."""
    i = j = 0
    before = since
    for end in (*pairs, (len(left), len(right))):
        hole = left[i : end[0]], right[j : end[1]]
        if all(hole):
            yield from ((i + one, j + other) for one, other in aligned(*hole, likeness, before))
        if end[0] < len(left):
            yield end
            before = left[end[0]].time_ns, right[end[1]].time_ns
        i, j = end[0] + 1, end[1] + 1


def _rest(left: _Side, right: _Side, found: _Found) -> tuple[_Side, _Side]:
    taken = set(found.values())
    return (
        [one for one in left if one.index not in found],
        [other for other in right if other.index not in taken],
    )


def _in_other_lanes(left: _Side, right: _Side, lanes: Lanes, with_role: bool) -> _Found:
    """Pair what came to another thread; ``with_role``: a main one as well, or neither is.

    What both have left of what was aligned before is left alone: pairs of theirs lie between.
    """

    def aligned_before(number: int, item: Appearance) -> set[Hashable]:
        lane = lanes[number][item.thread]
        of_lane = (lane, item.signal)
        return {of_lane} if with_role else {of_lane, (lane.roles[number], item.signal)}

    sides = left, right
    rest: list[set[Hashable]] = [
        {kind for item in side for kind in aligned_before(number, item)}
        for number, side in enumerate(sides)
    ]
    groups: defaultdict[Hashable, _Group] = defaultdict(_empty_group)
    for number, side in enumerate(sides):
        for item in side:
            if aligned_before(number, item).isdisjoint(rest[1 - number]):
                role = lanes[number][item.thread].roles[number] if with_role else None
                groups[item.signal, role][number].append(item)
    found: _Found = {}
    for group in groups.values():
        found |= _aligned(*group)
    return found


def _in_order(
    left: Sequence[Episode], right: Sequence[Episode], found: _Found
) -> Iterator[EpisodePair]:
    paired = set(found.values())
    waiting = deque(index for index in range(len(right)) if index not in paired)
    for index, episode in enumerate(left):
        partner = found.get(index)
        if partner is None:
            yield episode, None
            continue
        while waiting and waiting[0] < partner:
            yield None, right[waiting.popleft()]
        yield episode, right[partner]
    yield from ((None, right[index]) for index in waiting)
