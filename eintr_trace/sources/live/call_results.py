"""A call once it has come back: the same text, with what the call gave through its arguments."""

from __future__ import annotations

import struct
from typing import Final

from eintr_trace.sources.live.call_arguments import (
    DATA_BYTES,
    CallArguments,
    Read,
    Render,
    show_signal_set,
)
from eintr_trace.sources.live.call_signatures import Prototype
from eintr_trace.sources.live.call_text import describe_call
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
GIVEN: Final[dict[str, dict[int, Render]]] = {
    "getitimer": {1: show_interval},
    "pipe": {0: _show_two_fds},
    "pipe2": {0: _show_two_fds},
    "pread64": {1: _show_received},
    "read": {1: _show_received},
    "readlink": {1: _show_received},
    "readlinkat": {2: _show_received},
    "recvfrom": {1: _show_received},
    "rt_sigaction": {2: show_signal_action},
    "rt_sigprocmask": {2: show_signal_set},
    "setitimer": {2: show_interval},
    "socketpair": {3: _show_two_fds},
}


def describe_ended_call(
    nr: int,
    name: str,
    args: tuple[int, ...],
    returned: int,
    read: Read,
    prototype: Prototype | None,
) -> str | None:
    """Write a call with what it gave; ``None`` where that is its result alone. Never raises."""
    given = GIVEN.get(name)
    if given is None or returned < 0:
        return None
    return describe_call(nr, name, args, read, prototype, None, given=given, returned=returned)
