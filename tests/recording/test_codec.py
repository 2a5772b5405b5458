from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eintr_trace.errors import MalformedInputError
from eintr_trace.model.events import Event, ThreadOrigin, ThreadSeen
from eintr_trace.sources.recording.codec import (
    EVENT_TYPES,
    RAW_EVENT_TYPES,
    UnknownEvent,
    decode_header,
    decode_line,
    encode_event,
    encode_header,
)
from tests.recording.samples import EVENTS, HEADER

ANY_EVENT = st.one_of([st.from_type(event_type) for event_type in EVENT_TYPES.values()])


def test_every_event_has_one_tag() -> None:
    tagged = [*EVENT_TYPES.values(), *RAW_EVENT_TYPES.values()]
    assert sorted(c.__name__ for c in Event.__subclasses__()) == sorted(c.__name__ for c in tagged)


@given(ANY_EVENT)
def test_any_event_survives_the_round_trip_on_one_ascii_line(event: Event) -> None:
    line = encode_event(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert decode_line(line, "x", 1) == event


@given(st.binary().map(lambda name: name.decode("utf-8", "surrogateescape")))
def test_bytes_of_the_tracee_that_are_no_utf8_survive(name: str) -> None:
    event = ThreadSeen(1, 2, 3, ThreadOrigin.SEIZED, command=name)
    assert decode_line(encode_event(event), "x", 1) == event


def test_the_header_survives_and_names_the_format_first() -> None:
    line = encode_header(HEADER)
    assert line.startswith(b'{"format":"eintr-trace","version":1,')
    assert decode_header(line, "x") == HEADER


def test_fields_of_a_later_release_are_ignored_at_any_depth() -> None:
    delivered = EVENTS[2]
    value = json.loads(encode_event(delivered))
    value["mood"] = "good"
    value["signal"]["weight"] = {"grams": 1}
    assert decode_line(json.dumps(value).encode(), "x", 1) == delivered
    assert decode_line(b'{"event":"teleport","to":[1]}\n', "x", 1) == UnknownEvent("teleport")


def test_defaults_take_no_room() -> None:
    event = ThreadSeen(1, 2, 3, ThreadOrigin.CLONED)
    assert json.loads(encode_event(event)) == {
        "event": "thread",
        "time_ns": 1,
        "tgid": 2,
        "tid": 3,
        "origin": "cloned",
    }


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"hello\n", "not a JSON object"),
        (b"[1]\n", "not a JSON object"),
        (b"\xff\xfe\n", "not a JSON object"),
        (b"[" * 100_000 + b"\n", "not a JSON object"),
        (b"{}\n", 'no "event" tag'),
        (b'{"event":["signal"]}\n', 'no "event" tag'),
        (b'{"event":"thread-exit","time_ns":1,"tgid":2}\n', "lacks the field 'tid'"),
        (b'{"event":"thread-exit","time_ns":"1","tgid":2,"tid":3}\n', "not of type int"),
        (b'{"event":"thread-exit","time_ns":NaN,"tgid":2,"tid":3}\n', "not of type int"),
        (b'{"event":"thread-exit","time_ns":true,"tgid":2,"tid":3}\n', "not of type int"),
        (b'{"event":"thread","time_ns":1,"tgid":2,"tid":3,"origin":"stork"}\n', "'stork'"),
        (b'{"event":"signal","time_ns":1,"tgid":2,"tid":3,"signal":[]}\n', "SignalDelivered"),
    ],
)
def test_a_line_that_is_no_event_is_named_with_its_file_and_number(line: bytes, what: str) -> None:
    with pytest.raises(MalformedInputError, match=what) as caught:
        decode_line(line, "run.jsonl", 7)
    assert caught.value.message.startswith("run.jsonl:7: ")


@given(st.binary(max_size=200))
def test_no_bytes_escape_as_another_error(line: bytes) -> None:
    with pytest.raises(MalformedInputError):
        decode_line(line, "x", 1)
