"""Which thread of one run is which of another: by role, program and what most often met it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from eintr_trace.analysis.two_runs.appearance import Appearance, Thread
from eintr_trace.model.events import ProcessSeen, ThreadOrigin


@dataclass(frozen=True)
class ThreadProfile:
    """A thread that was interrupted, in what two runs can have in common.

    ``role`` is whether it is the main thread; ``program`` the script, or what else was started;
    ``since_ns`` when its process began, ``None`` where that was before the trace.
    """

    thread: Thread
    role: bool | None
    program: str | None
    usual: Hashable
    since_ns: int | None


def profiles(items: Sequence[Appearance], processes: Iterable[ProcessSeen]) -> list[ThreadProfile]:
    """Give the threads in the order in which they were first interrupted."""
    by_thread: defaultdict[Thread, list[Appearance]] = defaultdict(list)
    for item in items:
        by_thread[item.thread].append(item)
    seen = {one.tgid: one for one in processes}
    return [_profile(thread, own, seen.get(thread[0])) for thread, own in by_thread.items()]


def _profile(
    thread: Thread, items: Sequence[Appearance], process: ProcessSeen | None
) -> ThreadProfile:
    began = process is not None and process.origin is not ThreadOrigin.SEIZED
    return ThreadProfile(
        thread=thread,
        role=next((item.main_thread for item in items if item.main_thread is not None), None),
        program=None if process is None else _program(process.argv),
        usual=Counter((item.signal, item.call, item.place) for item in items).most_common(1)[0][0],
        since_ns=process.time_ns if process is not None and began else None,
    )


def _program(argv: Sequence[str]) -> str | None:
    """Give the first word that is no option, without folders; without any, the command's own.

    So ``python2.7 client.py`` and ``python3.13 client.py`` are one program.
    """
    words = [word for word in argv[1:] if not word.startswith("-")] or argv[:1]
    return words[0].rpartition("/")[2] if words else None


@dataclass(frozen=True)
class Lane:
    """A thread and its counterpart, or a thread that has none.

    ``roles`` and ``since_ns`` are those of the two, ``None`` also where there is no thread.
    """

    number: int
    roles: tuple[bool | None, bool | None]
    since_ns: tuple[int | None, int | None]


Lanes = tuple[dict[Thread, Lane], dict[Thread, Lane]]
"""The lane of each thread of the two runs."""

_Match = tuple[ThreadProfile | None, ThreadProfile | None]


def lanes_of(left: Sequence[ThreadProfile], right: Sequence[ThreadProfile]) -> Lanes:
    """Match the threads: the n-th of a kind with the n-th, by less and less of that kind."""
    lanes: Lanes = ({}, {})
    for number, match in enumerate(_matches(left, right)):
        one, other = match
        lane = Lane(
            number,
            (None if one is None else one.role, None if other is None else other.role),
            (None if one is None else one.since_ns, None if other is None else other.since_ns),
        )
        for side, profile in zip(lanes, match, strict=True):
            if profile is not None:
                side[profile.thread] = lane
    return lanes


def _matches(left: Sequence[ThreadProfile], right: Sequence[ThreadProfile]) -> Iterator[_Match]:
    for kind in _kinds():
        found = list(_matched(kind, left, right))
        yield from found
        taken = {one.thread for one, _ in found}, {other.thread for _, other in found}
        left = [one for one in left if one.thread not in taken[0]]
        right = [other for other in right if other.thread not in taken[1]]
    yield from ((one, None) for one in left)
    yield from ((None, other) for other in right)


def _kinds() -> Iterator[Callable[[ThreadProfile], Hashable]]:
    yield lambda one: (one.role, one.program, one.usual)
    yield lambda one: (one.role, one.program)
    yield lambda one: (one.role, one.usual)
    yield lambda one: one.role
    yield lambda _: None  # of a log it may not be known which is the main thread


def _matched(
    kind: Callable[[ThreadProfile], Hashable],
    left: Sequence[ThreadProfile],
    right: Sequence[ThreadProfile],
) -> Iterator[tuple[ThreadProfile, ThreadProfile]]:
    waiting: defaultdict[Hashable, list[ThreadProfile]] = defaultdict(list)
    for other in reversed(right):
        waiting[kind(other)].append(other)
    for one in left:
        if waiting[kind(one)]:
            yield one, waiting[kind(one)].pop()
