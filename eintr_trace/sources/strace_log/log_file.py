"""A log on disk, read at any place: lines, and where a text occurs next or last."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from eintr_trace.sources.strace_log.lexer import MAX_LINE_CHARACTERS
from eintr_trace.sources.strace_log.points import BLOCK_BYTES
from eintr_trace.sources.strace_log.text_lines import decoded

_FIRST_READ: Final = 1 << 16
_LINE_READ: Final = 1 << 15
_FIRST_BLOCK: Final = 1 << 13  # the next line that is needed is often near
_LARGEST_BLOCK: Final = 1 << 18


class LogFile:
    """Reads by offset; ``place`` says which line begins where."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        self._offsets: list[int] = [0]
        self._numbers: list[int] = [1]
        self._last = (0, 1)
        self._near, self._near_at = b"", 0

    def mark(self, offset: int, number: int) -> None:
        """Learn which line begins at an offset beyond all that were marked before."""
        if offset > self._offsets[-1]:
            self._offsets.append(offset)
            self._numbers.append(number)

    def line_at(self, offset: int) -> tuple[str, int]:
        """Give the line that begins at ``offset``, and where the next one does."""
        line, after = self.bytes_at(offset)
        return decoded(line), after

    def bytes_at(self, offset: int) -> tuple[bytes, int]:
        """Give the line that begins at ``offset`` undecoded, and where the next one does."""
        near = offset - self._near_at
        if 0 <= near < len(self._near):
            end = self._near.find(b"\n", near)
            if end >= 0:
                return self._near[near:end], offset + end + 1 - near
        size = _LINE_READ
        while True:
            found = os.pread(self._descriptor, size, offset)
            self._near, self._near_at = found, offset
            end = found.find(b"\n")
            if end >= 0:
                return found[:end], offset + end + 1
            if len(found) < size:
                return found, offset + len(found)
            if size > MAX_LINE_CHARACTERS:
                after = self.find(b"\n", offset + size, self.size)
                return found, self.size if after is None else after + 1
            size *= 8

    def number_of(self, offset: int) -> int:
        """Give the number of the line that begins at ``offset``."""
        at = bisect_right(self._offsets, offset)
        before = max(self._offsets[at - 1], self._last[0] if self._last[0] <= offset else 0)
        if at < len(self._offsets) and self._offsets[at] - offset < offset - before:
            number = self._numbers[at] - self._newlines(offset, self._offsets[at])
        else:
            known = self._last[1] if before == self._last[0] else self._numbers[at - 1]
            number = known + self._newlines(before, offset)
        self._last = (offset, number)
        return number

    def _newlines(self, start: int, end: int) -> int:
        near = start - self._near_at
        if near >= 0 and end <= self._near_at + len(self._near):
            return self._near.count(b"\n", near, end - self._near_at)
        return sum(part.count(b"\n") for _, part in self._parts(start, end, 0))

    def find(self, needle: bytes, start: int, end: int) -> int | None:
        """Give where ``needle`` begins next, wholly before ``end``."""
        near_end = self._near_at + len(self._near)
        if self._near_at <= start < near_end:
            at = self._near.find(needle, start - self._near_at, max(end - self._near_at, 0))
            if at >= 0:
                return self._near_at + at
            start = max(start, near_end - len(needle) + 1)
        for offset, part in self._parts(start, end, len(needle) - 1):
            at = part.find(needle)
            if at >= 0:
                self._near, self._near_at = part, offset
                return offset + at
        return None

    def blocks_of(self, mark: bytes | None, offset: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Give the log before ``end`` in blocks of whole lines, from the line at ``offset`` on.

        A block begins with a line that begins with ``mark``, and what comes before that is left
        out; ``None``: with any. Each with where it begins and with the newline before it.
        """
        needle = b"\n" if mark is None else b"\n" + mark
        size = _FIRST_BLOCK
        # The newline before a line that begins where the last one ended is behind.
        while (newline := self.find(needle, offset - 1, end)) is not None and newline + 1 < end:
            near, at = self._near, newline - self._near_at
            stop = near.rfind(b"\n", at + 1, min(at + size, end - self._near_at))
            size = min(2 * size, _LARGEST_BLOCK)
            if stop >= 0:
                block, offset = near[at:stop], newline + stop - at + 1
            else:
                line, offset = self.bytes_at(newline + 1)
                block = b"\n" + line
            yield newline + 1, block

    def rfind(self, needle: bytes, start: int, end: int) -> int | None:
        """Give where ``needle`` begins last, wholly before ``end``."""
        size = _FIRST_READ
        while end > start:
            begin = max(start, end - size)
            at = os.pread(self._descriptor, end - begin, begin).rfind(needle)
            if at >= 0:
                return begin + at
            if begin == start:
                return None
            end = begin + len(needle) - 1
            size = min(size * 8, BLOCK_BYTES)
        return None

    def _parts(self, start: int, end: int, overlap: int) -> Iterator[tuple[int, bytes]]:
        """Give what is there in parts, each a little larger than the one before."""
        size = _FIRST_READ
        while start < end:
            part = os.pread(self._descriptor, min(size, end - start), start)
            if not part:
                return
            yield start, part
            if start + len(part) >= end:
                return
            start += len(part) - overlap
            size = min(size * 8, BLOCK_BYTES)
