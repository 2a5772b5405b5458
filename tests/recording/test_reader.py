from __future__ import annotations

import io
import json
import os

import pytest

from eintr_trace.errors import MalformedInputError
from eintr_trace.model.events import DeliveryPassed, EndReason, EventsLost, TraceEnded, Warned
from eintr_trace.sources.recording.codec import encode_event, encode_header
from eintr_trace.sources.recording.reader import MAX_LINE_BYTES, read_recording
from tests.recording.samples import EVENTS, HEADER, recording


def test_a_recording_is_read_as_it_was_written() -> None:
    trace = read_recording(io.BytesIO(recording()), "x")
    assert trace.header == HEADER
    assert tuple(trace.events) == EVENTS


def test_a_recording_cut_at_any_byte_is_read_up_to_there() -> None:
    whole = recording()
    header_bytes = len(encode_header(HEADER)) - 1  # a header that lacks only its newline is whole
    ends = [len(encode_header(HEADER))]
    for event in EVENTS:
        ends.append(ends[-1] + len(encode_event(event)))
    for size in range(len(whole)):
        stream = io.BytesIO(whole[:size])
        if size < header_bytes:
            with pytest.raises(MalformedInputError, match="empty" if size == 0 else "cut short"):
                read_recording(stream, "x")
            continue
        events = list(read_recording(stream, "x").events)
        complete = sum(1 for end in ends[1:] if size >= end - 1)
        if complete == len(EVENTS):
            assert tuple(events) == EVENTS
            continue
        assert tuple(events[:-1]) == EVENTS[:complete]
        end = events[-1]
        assert isinstance(end, TraceEnded)
        assert end.reason is EndReason.CUT_SHORT
        assert end.deliveries == (1 if complete >= 3 else 0)
        assert end.time_ns == (EVENTS[complete - 1].time_ns if complete else 1_000_000_000)


def test_the_made_up_end_counts_what_was_passed_on_and_lost() -> None:
    events = (DeliveryPassed(5, 1, 1, 10, "SIGUSR1", 7, 4), EventsLost(6, 0, 0, 3))
    cut = encode_header(HEADER) + b"".join(encode_event(event) for event in events)
    *_, end = read_recording(io.BytesIO(cut), "x").events
    assert end == TraceEnded(6, 0, 0, reason=EndReason.CUT_SHORT, deliveries=7, passed=7, lost=3)


def test_events_come_while_the_recording_is_still_being_written() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as stream, os.fdopen(write_end, "wb", buffering=0) as writer:
        writer.write(encode_header(HEADER))
        events = read_recording(stream, "pipe").events
        for event in EVENTS[:-1]:
            writer.write(encode_event(event))
            assert next(events) == event


def test_events_of_a_later_release_are_counted_and_said() -> None:
    unknown = b'{"event":"teleport"}\n{"event":"nap"}\n{"event":"nap"}\n'
    events = list(read_recording(_inserted(unknown), "x").events)
    assert tuple(e for e in events if not isinstance(e, Warned)) == EVENTS
    (warning,) = (e for e in events if isinstance(e, Warned))
    assert "3 events" in warning.text
    assert "nap, teleport" in warning.text


def test_the_tee_gets_every_line_also_those_that_are_unknown() -> None:
    lines: list[bytes] = []
    stream = _inserted(b'{"event":"teleport"}\n')
    list(read_recording(stream, "x", lines.append).events)
    assert b"".join(lines) == stream.getvalue()


def test_a_malformed_line_inside_is_named() -> None:
    events = read_recording(_inserted(b"oops\n"), "run.jsonl").events
    with pytest.raises(MalformedInputError, match=r"run\.jsonl:2: "):
        list(events)


def test_two_recordings_in_one_file_are_refused() -> None:
    events = read_recording(io.BytesIO(recording() * 2), "x").events
    with pytest.raises(MalformedInputError, match="goes on after its end"):
        list(events)


@pytest.mark.parametrize(
    "content",
    [
        b"recvfrom(3, 0x7f) = ? ERESTARTSYS\n",
        b"\x7fELF\x02\x01",
        b'{"format":"strace"}\n',
        b'{"format":"eintr-trace-2"',
        b'"eintr-trace"\n',
        b"{",
        b"\n",
    ],
)
def test_a_file_that_is_no_recording_is_refused(content: bytes) -> None:
    what = "cut short" if content == b"{" else "not a recording"
    with pytest.raises(MalformedInputError, match=what):
        read_recording(io.BytesIO(content), "x")


def test_a_later_format_names_the_release_that_wrote_it() -> None:
    value = json.loads(encode_header(HEADER)) | {"version": 2, "tool_version": "9.1.0"}
    with pytest.raises(MalformedInputError, match=r"format version 2.*up to version 1") as caught:
        read_recording(io.BytesIO(json.dumps(value).encode() + b"\n"), "x")
    assert caught.value.remedy is not None
    assert "9.1.0" in caught.value.remedy


def test_a_header_with_a_field_missing_is_malformed() -> None:
    line = b'{"format":"eintr-trace","version":1}\n'
    with pytest.raises(MalformedInputError, match="TraceHeader lacks the field"):
        read_recording(io.BytesIO(line), "x")


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    class Endless(io.BytesIO):
        def readline(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert 0 < size <= MAX_LINE_BYTES
            return b"x" * size

    with pytest.raises(MalformedInputError, match="too long"):
        read_recording(Endless(), "x")


def _inserted(lines: bytes) -> io.BytesIO:
    header = encode_header(HEADER)
    return io.BytesIO(header + lines + recording()[len(header) :])
