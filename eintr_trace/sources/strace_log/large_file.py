"""A large log on disk to a trace, without reading all of it line by line."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, Protocol

from eintr_trace.model.events import Event, Warned
from eintr_trace.model.python_state import Interpreter
from eintr_trace.model.trace import Trace, TraceClock
from eintr_trace.sources.strace_log.clock import LogClock
from eintr_trace.sources.strace_log.log_end import end_shown_by
from eintr_trace.sources.strace_log.log_file import LogFile
from eintr_trace.sources.strace_log.needed_lines import NeededLine, NeededLines
from eintr_trace.sources.strace_log.parser import Parser
from eintr_trace.sources.strace_log.points import STARTING_BYTES, Point
from eintr_trace.sources.strace_log.search_processes import searched_points
from eintr_trace.sources.strace_log.source import (
    LogStory,
    clock_of_lines,
    first_lines,
    log_header,
)
from eintr_trace.sources.strace_log.teller import Teller
from eintr_trace.sources.strace_log.text_lines import decoded, numbered_lines
from eintr_trace.sources.strace_log.threads import Threads

LARGE_BYTES: Final = 32 << 20
"""From this size on a log is not read whole: below, that takes a few seconds at most."""
_READ_WHOLE_BYTES: Final = 1 << 18
_HEAD_BYTES: Final = 1 << 16
_COLOUR: Final = b"\x1b["
_NAMED_ARGUMENT: Final = re.compile(
    rb'^[^"(\n]{0,99}\b(?!clone)[a-z_0-9]+\([a-z_0-9]+=', re.MULTILINE
)
_LAST_BYTES: Final = 1 << 16
_MOST_READ_WHOLE_BYTES: Final = 4 << 20


class Progress(Protocol):
    """Who is told how far the search is."""

    def at(self, done: int, total: int, /) -> None:
        """So many bytes of so many are done."""

    def clear(self) -> None:
        """Something is about to be told of the log."""


def is_large(stream: BinaryIO) -> bool:
    """Tell whether a log is a file on disk that is too large to be read whole, and searchable.

    Colours (strace 7.0) and names of arguments (-N, 6.16) stand within what is searched for.
    """
    try:
        if not stream.seekable() or os.fstat(stream.fileno()).st_size < LARGE_BYTES:
            return False
        head = os.pread(stream.fileno(), _HEAD_BYTES, 0)
    except (OSError, io.UnsupportedOperation):
        return False
    return _COLOUR not in head and _NAMED_ARGUMENT.search(head) is None


def read_large_log(
    stream: BinaryIO,
    path: str,
    interpreter: Interpreter | None = None,
    own_pid: int | None = None,
    progress: Progress | None = None,
) -> Trace:
    """Return the trace of a log on disk; arguments and errors as of ``read_log``.

    Lines that no interruption needs are not looked at, and nothing is said of those of them
    that are malformed. Times since the line before (``-r``) cannot be added up without them.
    """
    first = first_lines(numbered_lines(stream), path)
    stream.seek(0)
    kind = clock_of_lines(first)
    kind = TraceClock.LINE_NUMBERS if kind is TraceClock.RELATIVE else kind
    teller = Teller(Threads(), interpreter)
    story = LogStory(teller)
    parser = story.parser(LogClock(kind), own_pid)
    reading = _Reading(stream, story, teller, parser, progress)
    return Trace(log_header(kind), reading.events())


class _Reading:
    """One large log on its way to events."""

    def __init__(
        self,
        stream: BinaryIO,
        story: LogStory,
        teller: Teller,
        parser: Parser,
        progress: Progress | None,
    ) -> None:
        self._stream = stream
        self._story = story
        self._teller = teller
        self._parser = parser
        self._progress = progress
        self._log = LogFile(stream.fileno())

    def events(self) -> Iterator[Event]:
        number, offset, begun = 0, 0, self._stream
        for number, text in numbered_lines(begun):
            yield from self._story.line(self._parser, number, text)
            offset = begun.tell()
            is_open = self._teller.follows_any or self._parser.is_holding
            if offset >= (_MOST_READ_WHOLE_BYTES if is_open else _READ_WHOLE_BYTES):
                break
        self._log.mark(offset, number + 1)
        teller = self._teller
        needed = NeededLines(self._log, self._parser.tid_of, teller.need, teller.passed_over)
        size = self._log.size
        with searched_points(self._stream.fileno(), offset, number + 1, size) as points:
            for line in needed.lines(self._watched(points), offset):
                yield from self._line(line)
                while needed.given_up:
                    yield from self._story.gave_up(needed.given_up.pop())
        yield Warned(
            0,
            0,
            0,
            "the log is large: only the lines that an interruption needs were read. Not looked for "
            "were malformed ones among the others, and, beyond the first 64 MB, programs started, "
            "threads made and signal handlers installed",
        )
        self._parser.last_text = self._last_text()
        yield from self._story.end()

    def _last_text(self) -> str:
        """Give the last line that says something of a thread."""
        begin = max(0, self._log.size - _LAST_BYTES)
        tail = os.pread(self._stream.fileno(), _LAST_BYTES, begin)
        lines = (decoded(line) for line in reversed(tail.split(b"\n")[1 if begin else 0 :]))
        return next((text for text in lines if end_shown_by(text) is not None), "")

    def _show(self, progress: Progress, point: Point) -> None:
        if point.is_hit or point.offset >= self._log.size:
            progress.clear()
        else:
            progress.at(point.offset, self._log.size)

    def _line(self, line: NeededLine) -> Iterator[Event]:
        yield from self._story.line(self._parser, line.number, line.text)
        if line.below is not None:
            yield from self._story.passed(self._parser, line.number + 1, line.below)

    def _watched(self, points: Iterable[Point]) -> Iterator[Point]:
        knows_actions = True
        for point in points:
            if self._progress is not None:
                self._show(self._progress, point)
            if knows_actions and point.offset > STARTING_BYTES:
                # From here on rt_sigaction(2) is not searched for.
                self._teller.forget_actions()
                knows_actions = False
            yield point
