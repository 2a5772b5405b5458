"""A call once it has come back: the same text, with what the call gave through its arguments."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from eintr_trace.sources.live.call_arguments import (
    DATA_BYTES,
    CallArguments,
    Read,
    Render,
    UnreadableError,
    show_signal_set,
)
from eintr_trace.sources.live.call_signatures import Prototype
from eintr_trace.sources.live.call_text import describe_call
from eintr_trace.sources.live.decoding import families
from eintr_trace.sources.live.decoding.socket_calls import LENGTH_BEFORE
from eintr_trace.sources.live.decoding.structures import unsigned_at
from eintr_trace.sources.live.ordinary_signatures import show_interval, show_signal_action
from eintr_trace.sources.live.tracee_text import quoted

_TWO_FDS: Final = struct.Struct("<ii")


def _show_received(call: CallArguments, index: int) -> str:
    """Show what the call has put into a buffer: as many bytes as it has returned."""
    received = call.returned
    if not received:
        return '""'
    data = call.up_to(call.address(index), min(received, DATA_BYTES))
    return quoted(data) + "..." if received > len(data) else quoted(data)


def _show_two_fds(call: CallArguments, index: int) -> str:
    """Show the two descriptors that pipe(2) and socketpair(2) give."""
    one, other = _TWO_FDS.unpack(call.memory(call.address(index), _TWO_FDS.size))
    return f"[{one}, {other}]"


# name -> the arguments that are shown otherwise once the call has succeeded, by position.
GIVEN: Final[Mapping[str, Mapping[int, Render]]] = {
    **families.GIVEN,
    "getitimer": {1: show_interval},
    "pipe": {0: _show_two_fds},
    "pipe2": {0: _show_two_fds},
    "pread64": {1: _show_received},
    "read": {1: _show_received},
    "readlink": {1: _show_received},
    "readlinkat": {2: _show_received},
    "recvfrom": {1: _show_received, **families.GIVEN["recvfrom"]},
    "rt_sigaction": {2: show_signal_action},
    "rt_sigprocmask": {2: show_signal_set},
    "setitimer": {2: show_interval},
    "socketpair": {3: _show_two_fds},
}


def read_length(name: str, args: tuple[int, ...], read: Read) -> int | None:
    """Read the length that a call is given and will change; ``None``: it has none. Never raises."""
    where = LENGTH_BEFORE.get(name)
    if where is None:
        return None
    index, offset = where
    call = CallArguments(args, read, None)
    try:
        address = call.address(index)
        return unsigned_at(call, address + offset) if address else None
    except UnreadableError:
        return None


@dataclass(frozen=True)
class EndedCall:
    """What strace says of a call once it has come back; ``None``: as of any other.

    ``text`` is the call with what it gave through its arguments, ``result`` its result.
    """

    text: str | None
    result: str | None


def describe_ended_call(
    nr: int,
    name: str,
    args: tuple[int, ...],
    returned: int,
    read: Read,
    prototype: Prototype | None,
    length_before: int | None = None,
) -> EndedCall:
    """Write a call with what it gave. Never raises."""
    given = (families.FAILED if returned < 0 else GIVEN).get(name)
    text = None
    if given is not None:
        text = describe_call(
            nr,
            name,
            args,
            read,
            prototype,
            None,
            given=given,
            returned=returned,
            length_before=length_before,
        )
    return EndedCall(text, _result_text(name, args, returned, read))


def _result_text(name: str, args: tuple[int, ...], returned: int, read: Read) -> str | None:
    show = families.RESULTS.get(name)
    if show is None or returned < 0:
        return None
    try:
        return show(CallArguments(args, read, None, returned))
    except UnreadableError:
        return None
