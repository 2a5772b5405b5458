"""Where in a large log to look: the lines that hold what an interruption cannot be without.

``bytes.find`` for a few long needles is the fastest search that Python has; a regular
expression for all of them takes several times as long.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

BLOCK_BYTES: Final = 8 << 20
_LONGEST_LINE_BYTES: Final = 1 << 16
"""Of a longer line that begins at a block's end, only so much is searched."""

NEEDLES: Final = (
    b"{si_signo=",  # a delivery, from strace 4.7 on; before, one that met no call is missed
    b"= -1 EINTR",
    b"\0",  # garbage: strace writes no such byte
)
RESTART: Final = b"= ? ERESTART"
"""An interrupted call, as long as its ``?`` is rare: a single byte is found at once."""
STARTING_NEEDLES: Final = (
    *NEEDLES,
    b"rt_sigaction(",  # what is done with signals
    b"clone",  # clone() and clone3(): which process a thread is of, and whose child a process
    b"fork",  # and vfork()
    b'execve("',
)
STARTING_BYTES: Final = 64 << 20
"""So far programs are expected to start, make their threads and install their handlers."""
_RARE: Final = 4096


@dataclass(frozen=True, slots=True)
class Point:
    """A place in a log: where line ``number`` (from 1) begins; whether it is to be looked at."""

    offset: int
    number: int
    is_hit: bool


@dataclass(frozen=True, slots=True)
class BlockPoints:
    """What was found in a block: how many lines begin in it, and which of them are hits.

    ``end`` is where the first line begins that is not the block's. ``hits`` are the offset in
    the file and the number of lines that begin before it in the block.
    """

    lines: int
    end: int
    hits: list[tuple[int, int]]


class BlockSearch:
    """Searches blocks of a file, one at a time: memory for one block."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray(1 + BLOCK_BYTES + _LONGEST_LINE_BYTES)

    def search(self, start: int, *, is_first: bool) -> BlockPoints:
        """Search the lines that begin within the block from ``start`` on.

        ``is_first``: a line begins at ``start``; of other blocks the first may begin later.
        """
        # One byte more before: a newline there ends the line before the block.
        before = 0 if is_first else 1
        with memoryview(self._buffer) as view:
            filled = os.preadv(self._descriptor, [view], start - before)
        end = min(before + BLOCK_BYTES, filled)
        first = 0 if is_first else self._buffer.find(b"\n", 0, end) + 1
        if first == 0 and not is_first:
            return BlockPoints(0, start - before + filled, [])
        # The last line that begins in the block ends beyond it.
        last = self._buffer.find(b"\n", max(end - 1, 0), filled)
        searched = filled if last < 0 else last + 1
        needles = STARTING_NEEDLES if start < STARTING_BYTES else NEEDLES
        hits: list[tuple[int, int]] = []
        lines, at = 0, first
        for hit in self._hits(needles, first, searched):
            lines += self._buffer.count(b"\n", at, hit)
            at = hit
            hits.append((start - before + hit, lines))
        lines += self._buffer.count(b"\n", at, searched)
        if last < 0 and searched > at and self._buffer[searched - 1] != ord("\n"):
            lines += 1
        return BlockPoints(lines, start - before + searched, hits)

    def _hits(self, needles: tuple[bytes, ...], first: int, end: int) -> list[int]:
        """Give where the lines with a needle begin, in order, each once."""
        buffer = self._buffer
        hits: set[int] = set()
        for needle in needles:
            at = buffer.find(needle, first, end)
            while at >= 0:
                hits.add(buffer.rfind(b"\n", first, at) + 1 or first)
                after = buffer.find(b"\n", at, end)
                at = -1 if after < 0 else buffer.find(needle, after, end)
        for at in self._restarts(first, end):
            hits.add(buffer.rfind(b"\n", first, at) + 1 or first)
        return sorted(hits)

    def _restarts(self, at: int, end: int) -> Iterator[int]:
        buffer, seen = self._buffer, 0
        while (at := buffer.find(b"?", at, end)) >= 0 and seen < _RARE:
            seen += 1
            if buffer.startswith(RESTART, at - 2):
                yield at
            at += 1
        while at >= 0 and (at := buffer.find(RESTART, at - 2, end)) >= 0:
            yield at
            at += len(RESTART)
