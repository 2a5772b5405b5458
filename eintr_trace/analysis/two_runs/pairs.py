"""Which interruption of one run is which of another: the n-th of a kind is the n-th of its kind.

Kinds are told apart first by all that both runs can have in common, then by less and less of
it, so that a call that is another one in the other run (``poll`` for ``recvfrom``), or a place
that a log cannot show, still finds its counterpart. Each round is linear in the episodes.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence

from eintr_trace.analysis.two_runs.steps import python_place
from eintr_trace.analysis.wording import bare_name
from eintr_trace.model.episodes import Episode

EpisodePair = tuple[Episode | None, Episode | None]

_Kind = Callable[[Episode], Hashable]


def pair_episodes(left: Sequence[Episode], right: Sequence[Episode]) -> list[EpisodePair]:
    """Pair them, in the order of the left run; what only the right one has comes where it was."""
    partners: dict[int, int] = {}
    free_left, free_right = list(range(len(left))), list(range(len(right)))
    for kind in _kinds(left, right):
        found = _matched(
            kind, [(i, left[i]) for i in free_left], [(i, right[i]) for i in free_right]
        )
        partners.update(found)
        taken = set(found.values())
        free_left = [index for index in free_left if index not in found]
        free_right = [index for index in free_right if index not in taken]
    return list(_in_order(left, right, partners, free_right))


def _matched(
    kind: _Kind,
    left: Sequence[tuple[int, Episode]],
    right: Sequence[tuple[int, Episode]],
) -> dict[int, int]:
    waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for index, episode in right:
        waiting[kind(episode)].append(index)
    return {
        index: waiting[kind(episode)].popleft()
        for index, episode in left
        if waiting.get(kind(episode))
    }


def _in_order(
    left: Sequence[Episode],
    right: Sequence[Episode],
    partners: dict[int, int],
    only_right: Sequence[int],
) -> Iterator[EpisodePair]:
    waiting = deque(only_right)
    for index, episode in enumerate(left):
        partner = partners.get(index)
        if partner is None:
            yield episode, None
            continue
        while waiting and waiting[0] < partner:
            yield None, right[waiting.popleft()]
        yield episode, right[partner]
    yield from ((None, right[index]) for index in waiting)


def _kinds(left: Sequence[Episode], right: Sequence[Episode]) -> Iterator[_Kind]:
    yield lambda one: (_signal(one), _call(one), one.main_thread, *_function(one), _line(one))
    yield lambda one: (_signal(one), _call(one), one.main_thread, *_function(one))
    yield lambda one: (_signal(one), one.main_thread, *_function(one))
    yield lambda one: (_signal(one), _call(one), one.main_thread)
    yield lambda one: (_signal(one), one.main_thread)
    yield _signal
    if not (_shows_signals(left) and _shows_signals(right)):
        yield _call  # a log that was taken with -e signal=none


def _signal(episode: Episode) -> str | None:
    return None if episode.signal is None else episode.signal.name


def _call(episode: Episode) -> str | None:
    return None if episode.syscall is None else episode.syscall.syscall.name


def _function(episode: Episode) -> tuple[str, str] | tuple[None, None]:
    where = python_place(episode)
    if where is None:
        return None, None
    # A qualified name from 3.11 on, a bare one before: code.h, co_qualname.
    return bare_name(where.function), where.file.rpartition("/")[2]


def _line(episode: Episode) -> int | None:
    where = python_place(episode)
    return None if where is None else where.line


def _shows_signals(episodes: Sequence[Episode]) -> bool:
    return any(episode.signal is not None for episode in episodes)
