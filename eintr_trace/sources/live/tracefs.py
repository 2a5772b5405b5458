"""A tracepoint's number and the places of its fields, from tracefs.

Documentation/trace/events.rst. Where tracefs is mounted nowhere, it is mounted for this process
alone, on no path (fsopen(2), fsmount(2): Linux 5.2): nobody sees it, and it is gone with its
descriptor.
"""

from __future__ import annotations

import ctypes
import os
import re
from dataclasses import dataclass
from pathlib import Path

_PLACES = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
# The same numbers on every architecture; include/uapi/linux/mount.h
_NR_FSOPEN, _NR_FSCONFIG, _NR_FSMOUNT = 430, 431, 432
_FSOPEN_CLOEXEC = _FSMOUNT_CLOEXEC = 1
_FSCONFIG_CMD_CREATE = 6

_LIBC = ctypes.CDLL(None, use_errno=True)
_FIELD = re.compile(r"field:[^;]*?(\w+)(?:\[\d*\])?;\s*offset:(\d+);")


@dataclass(frozen=True)
class Tracepoint:
    """``number`` is perf_event_open's config; ``offsets`` are of the fields, in bytes."""

    number: int
    offsets: dict[str, int]


def find_tracepoint(name: str) -> Tracepoint:
    """Look up a tracepoint (``signal/signal_generate``); raises OSError, mostly EPERM."""
    for place in _PLACES:
        try:
            directory = os.open(place, os.O_PATH | os.O_DIRECTORY)
            return _tracepoint(directory, name)
        except OSError:
            continue  # not mounted there, or not for us
    return _tracepoint(_mounted_nowhere(), name)


def _tracepoint(directory: int, name: str) -> Tracepoint:
    """Read the two files that tell, and close the directory."""
    try:
        base = Path(f"/proc/self/fd/{directory}/events/{name}")
        number = int((base / "id").read_text())
        fields = _FIELD.findall((base / "format").read_text())
    finally:
        os.close(directory)
    return Tracepoint(number, {field: int(offset) for field, offset in fields})


def _mounted_nowhere() -> int:
    """A descriptor of a tracefs that is on no path."""
    context = _call(_NR_FSOPEN, ctypes.c_char_p(b"tracefs"), ctypes.c_uint(_FSOPEN_CLOEXEC))
    try:
        create = ctypes.c_uint(_FSCONFIG_CMD_CREATE)
        _call(_NR_FSCONFIG, ctypes.c_int(context), create, None, None, ctypes.c_int(0))
        cloexec = ctypes.c_uint(_FSMOUNT_CLOEXEC)
        return _call(_NR_FSMOUNT, ctypes.c_int(context), cloexec, ctypes.c_uint(0))
    finally:
        os.close(context)


def _call(nr: int, *args: object) -> int:
    result: int = _LIBC.syscall(ctypes.c_long(nr), *args)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
