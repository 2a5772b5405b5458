"""The tracer's stream on its way to the recording: what it only copied gets its names here."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from eintr_trace.model.c_stack import StackEnd
from eintr_trace.model.events import Event, ProcessExeced, ProcessExited, Warned
from eintr_trace.native.naming import Naming, unnamed
from eintr_trace.sources.recording.codec import (
    decode_line,
    decode_raw_line,
    encode_event,
    is_line_of,
    is_raw_line,
)

_WHERE = "the tracer's stream"


class NamedStream:
    """The lines of a recording: those of a raw event replaced by those that name it.

    All others pass as they are. Whatever goes wrong in naming costs no more than the names: a
    stack is then one frame, a path none, and one warning says why.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._naming = Naming()
        self._named: deque[bytes] = deque()
        self._warned = False

    def readline(self, limit_bytes: int = -1, /) -> bytes:
        """The next line; empty at the end."""
        while not self._named:
            line = self._stream.readline(limit_bytes)
            is_raw = is_raw_line(line)
            if not line.endswith(b"\n"):  # cut within it: the tracer was killed
                return b"" if is_raw else line
            if not is_raw:
                if is_line_of(line, ProcessExited) or is_line_of(line, ProcessExeced):
                    self._forget(line)
                return line
            raw = decode_raw_line(line, _WHERE, 0)
            self._named.extend(encode_event(event) for event in self._names(raw))
        return self._named.popleft()

    def _names(self, raw: Event) -> Iterator[Event]:
        try:
            # All of it at once: an event half named is told as one that was not.
            yield from list(self._naming.name(raw))
        # Files of other people's processes: their readers are bounded, and raise what they say;
        # a mistake in one must still not cost the report.
        except Exception as error:
            if not self._warned:
                self._warned = True
                at = traceback.extract_tb(error.__traceback__)[-1]
                what = f"{type(error).__name__} in {at.name}: {error}"
                text = f"some of what was seen of the C side has no names ({what})"
                yield Warned(raw.time_ns, raw.tgid, 0, text)
            yield from unnamed(raw, StackEnd.FILE_UNUSABLE)

    def _forget(self, line: bytes) -> None:
        event = decode_line(line, _WHERE, 0)
        if isinstance(event, Event):
            self._naming.forget(event.tgid)
