"""Sockets whose interrupted call raised: what lies unread in them, and whether they stay open.

The rest of a reply may come long after the exception, and no stop would tell. So a socket is
looked at when the exception is seen, and for a minute more, ever further apart. Nothing is
stopped for it, and where nothing was raised nothing is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, replace

from eintr_trace.model.events import ConnectionSeen, Event, FileDescriptor
from eintr_trace.model.python_state import PythonSnapshot
from eintr_trace.sources.live import proc
from eintr_trace.sources.live.descriptors import describe_descriptor
from eintr_trace.sources.live.follow import Follow
from eintr_trace.sources.live.tracee import Tracee

# After the exception; the last one ends the watch.
_LOOKS_AFTER_NS = tuple(
    ms * 1_000_000
    for ms in (100, 300, 600, *range(1_000, 30_000, 1_000), *range(30_000, 60_001, 5_000))
)
_MOST_WATCHED = 64


@dataclass
class _Watch:
    """One socket; ``looks_left_ns`` are moments of CLOCK_MONOTONIC, ``told`` what was told last."""

    tgid: int
    tid: int
    inode: str
    looks_left_ns: list[int]
    told: FileDescriptor


class Connections:
    """The watched sockets by process and descriptor; ``alive`` are the traced processes."""

    def __init__(self, emit: Callable[[Event], None], alive: Container[int]) -> None:
        self._emit = emit
        self._alive = alive
        self._watched: dict[tuple[int, int], _Watch] = {}

    def look_after(
        self, tracee: Tracee, follow: Follow, python: PythonSnapshot | None, now_ns: int
    ) -> None:
        """Look at the socket of the interrupted call once its exception is seen in ``python``."""
        before = follow.call.descriptor
        if before is None or before.protocol is None or before.target is None:
            return
        if follow.looked_at_connection or not follow.shows_raise(python):
            return
        follow.looked_at_connection = True
        now = describe_descriptor(tracee.process.tgid, before.fd)
        key = tracee.process.tgid, before.fd
        self._emit(ConnectionSeen(now_ns, tracee.process.tgid, tracee.tid, now))
        self._watched.pop(key, None)
        if now.target != before.target:
            return
        looks_ns = [now_ns + after for after in _LOOKS_AFTER_NS]
        self._watched[key] = _Watch(tracee.process.tgid, tracee.tid, before.target, looks_ns, now)
        if len(self._watched) > _MOST_WATCHED:
            del self._watched[next(iter(self._watched))]

    def next_look_ns(self) -> int | None:
        """When the next look is due; ``None``: no socket is watched."""
        return min((watch.looks_left_ns[0] for watch in self._watched.values()), default=None)

    def look(self, now_ns: int) -> None:
        """Do the looks that are due, and tell what has changed."""
        due = [key for key, one in self._watched.items() if one.looks_left_ns[0] <= now_ns]
        for key in due:
            watch = self._watched[key]
            while watch.looks_left_ns and watch.looks_left_ns[0] <= now_ns:
                watch.looks_left_ns.pop(0)
            is_open = self._look_at(watch, now_ns)
            if not is_open or not watch.looks_left_ns:
                del self._watched[key]

    def _look_at(self, watch: _Watch, now_ns: int) -> bool:
        """Tell what has changed; whether the socket is open still."""
        if watch.tgid not in self._alive:
            return False
        now = describe_descriptor(watch.tgid, watch.told.fd)
        is_open = now.target == watch.inode
        # A process that is ending has closed everything, which its end will tell.
        if _is_news(watch.told, now) and (is_open or not proc.is_ending(watch.tgid)):
            self._emit(ConnectionSeen(now_ns, watch.tgid, watch.tid, now))
            watch.told = now
        return is_open


def _is_news(told: FileDescriptor, now: FileDescriptor) -> bool:
    """Whether more than the amount has changed, or that by so much: a reply comes in pieces."""
    before_bytes, now_bytes = told.unread_bytes, now.unread_bytes
    if before_bytes is None or now_bytes is None or before_bytes == now_bytes:
        return now != told
    grows = before_bytes < now_bytes < 2 * before_bytes
    return not grows or replace(now, unread_bytes=before_bytes) != told
