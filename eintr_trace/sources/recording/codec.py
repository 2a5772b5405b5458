"""Events and the header to lines of a recording and back: JSON Lines, ASCII, one value a line.

An event's line is its fields, those left at their default omitted, after ``"event"`` with a
short tag. A field this version does not know is ignored; so is, and reported, a tag it does not
know: both come from a later release of the same format version. Anything else that does not
fit is malformed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from eintr_trace.errors import MalformedInputError
from eintr_trace.model import events, stack_events, trace_lines
from eintr_trace.model.events import Event
from eintr_trace.model.trace import FORMAT_NAME, FORMAT_VERSION, TraceHeader

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")

TAG_FIELD = "event"

EVENT_TYPES: dict[str, type[Event]] = {
    "process": events.ProcessSeen,
    "thread": events.ThreadSeen,
    "signal": events.SignalDelivered,
    "passed": events.DeliveryPassed,
    "handler-returning": events.HandlerReturning,
    "handler-returned": events.HandlerReturned,
    "python-handler": events.PythonHandlerBegan,
    "python-handler-due": events.PythonHandlerDue,
    "enter": events.SyscallEntered,
    "exit": events.SyscallExited,
    "group-stop": events.GroupStopped,
    "continue": events.ContinueTrapped,
    "quiet": events.WentQuiet,
    "connection": events.ConnectionSeen,
    "follow-ended": events.FollowEnded,
    "exec": events.ProcessExeced,
    "thread-exit": events.ThreadExited,
    "process-exit": events.ProcessExited,
    "library": stack_events.LibrarySeen,
    "stack": stack_events.StackSeen,
    "path": stack_events.PathSeen,
    "not-returned": stack_events.NotReturned,
    "decision-unwatched": stack_events.DecisionUnwatched,
    "line": trace_lines.LogLine,
    "call-interrupted": trace_lines.CallInterrupted,
    "lost": events.EventsLost,
    "warning": events.Warned,
    "end": events.TraceEnded,
}
"""The tags are the format: a class may be renamed, its tag may not."""

RAW_EVENT_TYPES: dict[str, type[Event]] = {
    "code-mapped": stack_events.CodeMapped,
    "stack-copied": stack_events.StackCopied,
    "stepped": stack_events.Stepped,
}
"""From the tracer to the reporting process only, which names what is in them."""

_TAGS = {event_type: tag for tag, event_type in (EVENT_TYPES | RAW_EVENT_TYPES).items()}

_OPENINGS = {event_type: f'{{"{TAG_FIELD}":"{tag}"'.encode() for event_type, tag in _TAGS.items()}
_RAW_OPENINGS = tuple(_OPENINGS[event_type] for event_type in RAW_EVENT_TYPES.values())

_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True)
class UnknownEvent:
    """A well-formed line with a tag of a later release."""

    tag: str


def encode_header(header: TraceHeader) -> bytes:
    """Return the first line of a recording, with its newline.

    It also prepares the encoders, some 30 ms that the first stop would otherwise wait for.
    """
    _encoders()
    first: dict[str, Any] = {"format": header.format, "version": header.version}
    return _line(first | _converter().unstructure(header))


def encode_event(event: Event) -> bytes:
    """Return the line of an event, with its newline."""
    tag, unstructure = _encoders()[type(event)]
    return _line({TAG_FIELD: tag} | unstructure(event))


def decode_header(line: bytes, path: str) -> TraceHeader:
    """Return the header that is a recording's first line; ``path`` is for the message.

    Raises MalformedInputError when the file is not a recording or of a later format version.
    """
    try:
        value = _json_object(line)
    except ValueError:
        value = {}
    if value.get("format") != FORMAT_NAME:
        raise MalformedInputError(
            path,
            1,
            "this is not a recording of eintr-trace",
            "Make one with: eintr-trace -o FILE -p PID",
        )
    version = value.get("version")
    if type(version) is int and version > FORMAT_VERSION:
        raise MalformedInputError(
            path,
            1,
            f"the recording has format version {version}, and this eintr-trace reads up to "
            f"version {FORMAT_VERSION}",
            f"Read it with the release that wrote it, {value.get('tool_version', 'not named')}, "
            "or a later one",
        )
    return _structure(value, TraceHeader, path, 1)


def decode_line(line: bytes, path: str, number: int) -> Event | UnknownEvent:
    """Return the event of a line; ``path`` and ``number`` (from 1) are for the message.

    Raises MalformedInputError when the line is not an event.
    """
    try:
        value = _json_object(line)
    except ValueError:
        raise malformed_line(path, number, "this line is not a JSON object") from None
    tag = value.pop(TAG_FIELD, None)
    if not isinstance(tag, str):
        raise malformed_line(path, number, f'this line has no "{TAG_FIELD}" tag')
    event_type = EVENT_TYPES.get(tag)
    if event_type is None:
        return UnknownEvent(tag)
    return _structure(value, event_type, path, number)


def is_line_of(line: bytes, event_type: type[Event]) -> bool:
    """Whether a line that ``encode_event`` made is of a kind, told by its beginning."""
    return line.startswith(_OPENINGS[event_type])


def is_raw_line(line: bytes) -> bool:
    """Likewise, whether it is of one of the kinds that no recording has."""
    return line.startswith(_RAW_OPENINGS)


def decode_raw_line(line: bytes, path: str, number: int) -> Event:
    """Return the event of such a line; raise as ``decode_line`` does."""
    value = _json_object(line)
    return _structure(value, RAW_EVENT_TYPES[value.pop(TAG_FIELD)], path, number)


def malformed_line(path: str, number: int, what: str) -> MalformedInputError:
    """Return the error of a line, which says how to have the report of those before it."""
    remedy = f"Report what comes before it: head -n {number - 1} FILE | eintr-trace report -"
    return MalformedInputError(path, number, what, remedy if number > 1 else None)


def _line(value: dict[str, Any]) -> bytes:
    return _to_json(value).encode("ascii") + b"\n"


def _json_object(line: bytes) -> dict[str, Any]:
    """Return the JSON object a line is; raise ValueError when it is none."""
    try:
        value = json.loads(line.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _structure(value: dict[str, Any], target: type[T], path: str, number: int) -> T:
    try:
        return _converter().structure(value, target)
    except KeyError as error:
        what = f"this {target.__name__} lacks the field {error}"
        raise malformed_line(path, number, what) from None
    except (TypeError, ValueError, AttributeError) as error:
        what = f"this line does not hold a {target.__name__} ({error})"
        raise malformed_line(path, number, what) from None


@cache
def _converter() -> Converter:
    # Imported here: `eintr-trace -h` needs none of it.
    from cattrs import Converter

    # Without detailed validation a hook raises the plain error of the first field that is wrong.
    converter = Converter(omit_if_default=True, detailed_validation=False)
    for scalar in (int, str, bool):
        converter.register_structure_hook(scalar, _exactly)
    # Said again because a StrEnum is a str, and the hook of str would take it.
    converter.register_structure_hook(StrEnum, lambda value, target: target(value))
    return converter


def _exactly(value: object, target: type) -> object:
    """Take a scalar as it is: cattrs would call ``int("4")``, ``str(None)``, ``bool("no")``."""
    if type(value) is not target:
        raise TypeError(f"{value!r:.40} is not of type {target.__name__}")
    return value


@cache
def _encoders() -> dict[type[Event], tuple[str, Callable[[Any], dict[str, Any]]]]:
    converter = _converter()
    return {
        event_type: (tag, converter.get_unstructure_hook(event_type))
        for event_type, tag in _TAGS.items()
    }
