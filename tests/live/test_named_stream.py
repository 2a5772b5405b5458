"""The tracer's stream with names put in: everything else passes, whatever goes wrong."""

from __future__ import annotations

import io
from dataclasses import replace

from eintr_trace.model.c_stack import PathEnd, Registers, StackEnd
from eintr_trace.model.events import Event, Warned
from eintr_trace.model.stack_events import (
    CodeMapped,
    CodeMapping,
    PathSeen,
    StackCopied,
    StackMoment,
    StackSeen,
    Stepped,
)
from eintr_trace.sources.live.named_stream import NamedStream
from eintr_trace.sources.recording.codec import encode_event, encode_header
from eintr_trace.sources.recording.reader import read_recording
from tests.recording.samples import EVENTS, HEADER

MAPPED = CodeMapped(1, 4700, 0, (CodeMapping(0x1000, 0x2000, 0, "/no/such/file"),))
REGISTERS = Registers(0, 0, 0x7FFF0000, 0, 0, 0, 0, 0x1010)
BROKEN = StackCopied(2, 4700, 4700, StackMoment.PROBE, REGISTERS, "no base64!", "recv")
BROKEN_PATH = Stepped(3, 4700, 4700, "neither", PathEnd.SIGNAL, 7)


def passed_through(contents: bytes) -> bytes:
    stream = NamedStream(io.BytesIO(contents))
    return b"".join(iter(lambda: stream.readline(1 << 20), b""))


def events_of(contents: bytes) -> list[Event]:
    return list(read_recording(NamedStream(io.BytesIO(contents)), "x").events)


def recording(*between: Event) -> bytes:
    events = [*EVENTS[:-1], *between, EVENTS[-1]]
    return encode_header(HEADER) + b"".join(map(encode_event, events))


def test_a_recording_passes_byte_for_byte() -> None:
    assert passed_through(recording()) == recording()
    assert passed_through(recording()[:-20]) == recording()[:-20]


def test_what_cannot_be_named_costs_nothing_else() -> None:
    *before, warning, stack, path, again, end = events_of(
        recording(MAPPED, BROKEN, BROKEN_PATH, replace(BROKEN, time_ns=4))
    )
    assert (*before, end) == EVENTS
    assert isinstance(warning, Warned)  # once
    assert "has no names" in warning.text
    assert isinstance(stack, StackSeen)
    assert (stack.moment, stack.probe) == (StackMoment.PROBE, "recv")
    assert (stack.stack.frames[0].address, stack.stack.end) == (0x1010, StackEnd.FILE_UNUSABLE)
    assert path == PathSeen(3, 4700, 4700, (), PathEnd.SIGNAL, 7)
    assert again == replace(stack, time_ns=4)


def test_a_raw_line_that_is_cut_off_is_not_recorded() -> None:
    whole = recording(MAPPED)[: recording().index(b'{"event":"end"')]
    for cut in (1, 40, 100):
        raw = encode_event(BROKEN)[:-cut]
        assert passed_through(whole + raw) == whole
