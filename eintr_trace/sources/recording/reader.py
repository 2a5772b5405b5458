"""A recording, or a stream of one that is still being written, to a trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

from eintr_trace.errors import MalformedInputError
from eintr_trace.model.events import (
    DeliveryPassed,
    EndReason,
    Event,
    EventsLost,
    SignalDelivered,
    TraceEnded,
    Warned,
)
from eintr_trace.model.trace import Trace, TraceHeader
from eintr_trace.sources.recording.codec import (
    UnknownEvent,
    decode_header,
    decode_line,
    malformed_line,
)

MAX_LINE_BYTES = 64 * 1024 * 1024
"""Far above the largest event; keeps a file that is no recording from filling the memory."""


class LineSource(Protocol):
    """What lines are read from: a binary file, or what makes the lines."""

    def readline(self, limit_bytes: int, /) -> bytes:
        """The next line, no more than so much of it; empty at the end."""


def read_recording(
    stream: LineSource, path: str, tee: Callable[[bytes], None] | None = None
) -> Trace:
    """Return the trace that ``stream`` holds; its events are read as they are asked for.

    ``path`` names the stream in messages. ``tee`` gets every line as it was read, before its
    event is seen. The events always end in TraceEnded: where the stream ends without one, at
    any byte, it is made up with the reason ``cut-short`` and the counts up to there.

    Raises MalformedInputError, here when the stream does not begin as a recording or is of a
    later format version, and while iterating at a line that is not an event.
    """
    lines = _Lines(stream, path, tee)
    first = lines.next()
    if first is None:
        raise MalformedInputError(path, None, "the file is empty: it is not a recording")
    if not first.endswith(b"\n") and _begins_a_header(first):
        raise MalformedInputError(
            path, 1, "the recording is cut short within its first line, so it holds no event"
        )
    header = decode_header(first, path)
    return Trace(header=header, events=_events(header, lines))


def _begins_a_header(cut: bytes) -> bool:
    """Whether ``cut`` is the beginning, but not the whole, of a header's line."""
    opening = b'{"format":"eintr-trace","version":'
    return not cut.endswith(b"}") and (opening.startswith(cut) or cut.startswith(opening))


class _Lines:
    """The lines of a stream, numbered from 1."""

    def __init__(self, stream: LineSource, path: str, tee: Callable[[bytes], None] | None) -> None:
        self._stream = stream
        self._tee = tee
        self.path = path
        self.number = 0

    def next(self) -> bytes | None:
        """Return the next line, without a newline if the stream ends in it, or None at the end.

        Raises MalformedInputError for a line longer than MAX_LINE_BYTES.
        """
        line = self._stream.readline(MAX_LINE_BYTES)
        if not line:
            return None
        self.number += 1
        if len(line) == MAX_LINE_BYTES:
            raise malformed_line(self.path, self.number, "this line is too long for an event")
        if self._tee is not None:
            self._tee(line)
        return line


def _events(header: TraceHeader, lines: _Lines) -> Iterator[Event]:
    seen = _Seen(header)
    while (line := lines.next()) is not None:
        try:
            event = decode_line(line, lines.path, lines.number)
        except MalformedInputError:
            if line.endswith(b"\n"):
                raise
            break  # cut within this line
        if isinstance(event, UnknownEvent):
            seen.unknown[event.tag] += 1
        elif isinstance(event, TraceEnded):
            yield from seen.warnings()
            yield event
            _refuse_more(lines)
            return
        else:
            seen.add(event)
            yield event
    yield from seen.warnings()
    yield seen.cut_short()


def _refuse_more(lines: _Lines) -> None:
    if lines.next() is not None:
        what = "the recording goes on after its end: two may be in one file"
        raise malformed_line(lines.path, lines.number, what)


class _Seen:
    """What has been read so far, for an end that the recording itself does not have."""

    def __init__(self, header: TraceHeader) -> None:
        self.unknown: Counter[str] = Counter()
        self._time_ns = header.monotonic_anchor_ns
        self._deliveries = 0
        self._passed = 0
        self._lost = 0

    def add(self, event: Event) -> None:
        self._time_ns = event.time_ns
        match event:
            case SignalDelivered():
                self._deliveries += 1
            case DeliveryPassed(count=count):
                self._deliveries += count
                self._passed += count
            case EventsLost(count=count):
                self._lost += count
            case _:
                pass

    def warnings(self) -> Iterator[Warned]:
        if self.unknown:
            tags = ", ".join(sorted(self.unknown))
            yield Warned(
                self._time_ns,
                0,
                0,
                f"{self.unknown.total()} events of a kind this release does not know were left "
                f"out ({tags}); a later release of eintr-trace wrote the recording",
            )

    def cut_short(self) -> TraceEnded:
        return TraceEnded(
            self._time_ns,
            0,
            0,
            reason=EndReason.CUT_SHORT,
            deliveries=self._deliveries,
            passed=self._passed,
            lost=self._lost,
        )
