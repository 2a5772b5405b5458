"""What a process may be denied, as a container does: for `preexec_fn`."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

# include/uapi/linux/prctl.h and seccomp.h
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_SECCOMP_MODE_FILTER = 2
_RET_ERRNO, _RET_ALLOW = 0x00050000, 0x7FFF0000
# include/uapi/linux/filter.h: struct sock_filter {u16 code; u8 jt, jf; u32 k}
_INSTRUCTION = struct.Struct("=HBBI")
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_PERF_EVENT_OPEN_NR = 298

_libc = ctypes.CDLL(None, use_errno=True)


def without_perf_events() -> None:
    """Have perf_event_open(2) fail with EACCES from now on."""
    program = b"".join(
        _INSTRUCTION.pack(*fields)
        for fields in (
            (_LOAD, 0, 0, 0),  # seccomp_data.nr
            (_JUMP_IF_EQUAL, 0, 1, _PERF_EVENT_OPEN_NR),
            (_RETURN, 0, 0, _RET_ERRNO | errno.EACCES),
            (_RETURN, 0, 0, _RET_ALLOW),
        )
    )
    instructions = ctypes.create_string_buffer(program)
    # struct sock_fprog {unsigned short len; struct sock_filter *filter}
    filter_ = struct.pack("HP", len(program) // _INSTRUCTION.size, ctypes.addressof(instructions))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, filter_)


def _prctl(option: int, value: int, pointer: bytes | int = 0) -> None:
    if _libc.prctl(option, value, pointer, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
