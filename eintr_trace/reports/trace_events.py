"""Chrome's trace events as values, and how they are written.

"Trace Event Format" (the document of chrome://tracing): ``X`` is a slice with its duration,
``i`` an instant, ``s`` and ``f`` are the ends of an arrow, ``M`` names a process or a thread.
Perfetto reads the same (src/trace_processor/importers/json/json_trace_parser_impl.cc).
Times are those of the trace; they are written in microseconds since its first event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, order=True)
class Track:
    """A thread of a process, as the viewers know them: by numbers."""

    pid: int
    tid: int


@dataclass(frozen=True)
class Slice:
    """Something that lasts, from ``start_ns`` to ``end_ns``."""

    track: Track
    name: str
    category: str
    start_ns: int
    end_ns: int
    args: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Instant:
    """Something at one moment."""

    track: Track
    name: str
    category: str
    time_ns: int
    args: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Arrow:
    """An arrow to the beginning of a slice, from an instant, drawn with it, or from a slice's."""

    start: Instant | Slice
    end: Slice


@dataclass(frozen=True)
class TrackNames:
    """What the viewers call processes and threads."""

    processes: dict[int, str]
    threads: dict[Track, str]


def nested(slices: Iterable[Slice]) -> list[Slice]:
    """Return the slices of each track in order, cut where one would outlast what it began in.

    Viewers draw the slices of a thread as a stack, so that of two one lies within the other or
    after it. A slice that was cut says so in its arguments.
    """
    found: list[Slice] = []
    by_track: dict[Track, list[Slice]] = defaultdict(list)
    for one in slices:
        by_track[one.track].append(one)
    for track in sorted(by_track):
        found += _stacked(sorted(by_track[track], key=lambda one: (one.start_ns, -one.end_ns)))
    return found


def _stacked(ordered: Sequence[Slice]) -> Iterator[Slice]:
    open_ends: list[int] = []
    for one in ordered:
        while open_ends and open_ends[-1] <= one.start_ns:
            open_ends.pop()
        end_ns = max(one.start_ns, one.end_ns)
        if open_ends and end_ns > open_ends[-1]:
            end_ns = open_ends[-1]
            one = replace(one, args={**one.args, "cut": "it lasted longer than is drawn"})
        open_ends.append(end_ns)
        yield replace(one, end_ns=end_ns)


@dataclass(frozen=True)
class Scale:
    """How times are written: ``first_ns`` is 0, and ``ns_per_us`` of them are a microsecond.

    That is 1000; 1 where the times are no nanoseconds, each of which is drawn as a microsecond.
    """

    first_ns: int
    ns_per_us: int

    def us(self, time_ns: int) -> float:
        """Return a moment in microseconds since the first."""
        return (time_ns - self.first_ns) / self.ns_per_us


def encoded(
    slices: Sequence[Slice], instants: Sequence[Instant], arrows: Sequence[Arrow], scale: Scale
) -> list[Json]:
    """Return the events as JSON objects in order of time.

    Of those at one moment slices come first, as they are given. Each end of an arrow follows
    what it is tied to, which viewers take to be what began last in its thread.
    """
    timed = [(one.start_ns, _slice(one, scale)) for one in slices]
    for number, arrow in enumerate(arrows, start=1):
        timed += _with_both_ends(number, arrow)
    timed += [(one.time_ns, _instant(one)) for one in instants]
    timed.sort(key=lambda entry: entry[0])
    return [{**event, "ts": scale.us(time_ns)} for time_ns, event in timed]


def naming(names: TrackNames) -> list[Json]:
    """Return the events that name processes and threads."""
    processes: list[Json] = [
        {"ph": "M", "name": "process_name", "pid": pid, "args": {"name": name}}
        for pid, name in names.processes.items()
    ]
    threads: list[Json] = [
        {"ph": "M", "name": "thread_name", **_place(track), "args": {"name": name}}
        for track, name in names.threads.items()
    ]
    return processes + threads


def _slice(one: Slice, scale: Scale) -> Json:
    dur = (one.end_ns - one.start_ns) / scale.ns_per_us
    return {"ph": "X", "dur": dur, **_common(one)}


def _instant(one: Instant) -> Json:
    """Return an instant of its thread (scope ``t``), not of all threads."""
    return {"ph": "i", "s": "t", **_common(one)}


def _with_both_ends(number: int, arrow: Arrow) -> Iterator[tuple[int, Json]]:
    """Yield an arrow's instant and both ends; ``bp: e`` ties one to the slice that is open."""
    shared = {"name": arrow.end.name, "cat": arrow.end.category, "id": number}
    if isinstance(arrow.start, Instant):
        shared = {"name": arrow.start.name, "cat": arrow.start.category, "id": number}
        yield arrow.start.time_ns, _instant(arrow.start)
    yield _began_ns(arrow.start), {"ph": "s", **shared, **_place(arrow.start.track)}
    yield arrow.end.start_ns, {"ph": "f", "bp": "e", **shared, **_place(arrow.end.track)}


def _began_ns(one: Slice | Instant) -> int:
    return one.start_ns if isinstance(one, Slice) else one.time_ns


def _common(event: Slice | Instant) -> Json:
    return {
        "name": event.name,
        "cat": event.category,
        **_place(event.track),
        "args": event.args,
    }


def _place(track: Track) -> Json:
    return {"pid": track.pid, "tid": track.tid}
