"""Structures that calls of several families have: times, vectors, addresses, numbers.

Layouts are those of x86_64 in the kernel's include/uapi headers, named beside each.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Final

from eintr_trace.sources.live.call_arguments import (
    DATA_BYTES,
    LONG_BITS,
    CallArguments,
    Render,
    UnreadableError,
    non_null,
    show_pointer,
)
from eintr_trace.sources.live.tracee_text import quoted, socket_address_text

_INT: Final = struct.Struct("<i")
_LONG: Final = struct.Struct("<q")
_UNSIGNED_INT: Final = struct.Struct("<I")
_TIMES: Final = struct.Struct("<4q")  # struct itimerspec, itimerval: linux/time.h
_IOVEC: Final = struct.Struct("<QQ")  # struct iovec: linux/uio.h
_MOST_VECTORS: Final = 16
_ADDRESS_BYTES: Final = 128  # sizeof(struct sockaddr_storage)


def show_structure(layout: struct.Struct, text: Callable[..., str]) -> Render:
    """Show what ``text`` makes of the fields of the structure that is pointed to."""

    @non_null
    def show(call: CallArguments, index: int) -> str:
        return text(*layout.unpack(call.memory(call.address(index), layout.size)))

    return show


def bracketed(value: object) -> str:
    """Write a number that was pointed to."""
    return f"[{value}]"


show_given_int: Final = show_structure(_INT, bracketed)
show_given_unsigned: Final = show_structure(_UNSIGNED_INT, bracketed)
show_given_long: Final = show_structure(_LONG, bracketed)


def timespec_text(seconds: int, fraction_ns: int) -> str:
    """Write a struct timespec."""
    return f"{{tv_sec={seconds}, tv_nsec={fraction_ns}}}"


def timeval_text(seconds: int, fraction_us: int) -> str:
    """Write a struct timeval."""
    return f"{{tv_sec={seconds}, tv_usec={fraction_us}}}"


def _interval_text(every: int, every_ns: int, first: int, first_ns: int) -> str:
    interval, value = timespec_text(every, every_ns), timespec_text(first, first_ns)
    return f"{{it_interval={interval}, it_value={value}}}"


show_interval_spec: Final = show_structure(_TIMES, _interval_text)


def date_text(seconds: int, fraction: str = "") -> str:
    """Write a time of the clock as strace's comments do, in local time; empty if there is none."""
    try:
        return time.strftime(f"%Y-%m-%dT%H:%M:%S{fraction}%z", time.localtime(seconds))
    except (OverflowError, OSError, ValueError):
        return ""


def array_text(items: list[str], count: int) -> str:
    """Write the first of ``count`` items."""
    more = ["..."] if count > len(items) else []
    return f"[{', '.join(items + more)}]"


def data_text(call: CallArguments, address: int, size_bytes: int) -> str:
    """Write the beginning of a buffer of so many bytes; its address where that can't be read."""
    if not size_bytes:
        return '""'
    try:
        data = call.up_to(address, min(size_bytes, DATA_BYTES))
    except UnreadableError:
        return f"{address:#x}" if address else "NULL"
    return quoted(data) + "..." if size_bytes > len(data) else quoted(data)


def vectors_text(call: CallArguments, address: int, count: int, transferred: int | None) -> str:
    """Write iovec structures with their data, of which no more is shown than was transferred.

    ``None`` for ``transferred``: all of it is the program's. Raises UnreadableError.
    """
    if not count:
        return "[]" if address else "NULL"
    data = call.memory(address, min(count, _MOST_VECTORS) * _IOVEC.size)
    items = []
    for base, size in _IOVEC.iter_unpack(data):
        shown = size if transferred is None else min(size, transferred)
        if transferred is not None:
            transferred -= shown
        items.append(f"{{iov_base={data_text(call, base, shown)}, iov_len={size}}}")
    return array_text(items, count)


@non_null
def show_sent_vectors(call: CallArguments, index: int) -> str:
    """Show iovec structures and what lies in them; their number is the next argument."""
    return vectors_text(call, call.address(index), call.address(index + 1), None)


@non_null
def show_received_vectors(call: CallArguments, index: int) -> str:
    """Show the same with what the call has put there."""
    return vectors_text(call, call.address(index), call.address(index + 1), call.returned)


def address_text(call: CallArguments, address: int, size_bytes: int) -> str:
    """Write a struct sockaddr; NULL, or its address where it cannot be read or is another kind."""
    if not address:
        return "NULL"
    text = None
    if size_bytes:
        try:
            text = socket_address_text(call.up_to(address, min(size_bytes, _ADDRESS_BYTES)))
        except UnreadableError:
            text = None
    return text or f"{address:#x}"


def unsigned_at(call: CallArguments, address: int) -> int:
    """Read an unsigned int; raises UnreadableError."""
    value: int = _UNSIGNED_INT.unpack(call.memory(address, _UNSIGNED_INT.size))[0]
    return value


def length_text(before: int | None, after: int) -> str:
    """Write a length that the call was given and has changed."""
    return str(after) if before is None or before == after else f"{before} => {after}"


@non_null
def show_given_length(call: CallArguments, index: int) -> str:
    """Show an int that is pointed to, and before it what it was when the call was made."""
    return f"[{length_text(call.length_before, unsigned_at(call, call.address(index)))}]"


def show_given_address(call: CallArguments, index: int) -> str:
    """Show a struct sockaddr that the call has filled; the next argument points to its length."""
    if not call.address(index) or not call.address(index + 1):
        return show_pointer(call, index)
    size = unsigned_at(call, call.address(index + 1))
    if call.length_before is not None:
        size = min(size, call.length_before)
    return address_text(call, call.address(index), size)


def show_owner(call: CallArguments, index: int) -> str:
    """Show a user or group id; -1 is none (chown(2))."""
    return str(call.signed(index)) if call.signed(index) == -1 else str(call.unsigned(index))


def signed_long(call: CallArguments, index: int) -> int:
    """Give 64 bits with a sign."""
    return call.signed(index, LONG_BITS)
