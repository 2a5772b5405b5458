"""perf_event_open(2): the kernel's own breakpoints, which tell of a hit and stop nothing.

Nothing is written to the thread that is watched, and a breakpoint is gone with its descriptor,
however the process that holds it ends. Every hit leaves a sample in a buffer shared with the
kernel; ``SIGIO`` says that there is one (``F_SETOWN_EX`` of fcntl(2)).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from eintr_trace.sources.live import descriptor_limit

# include/uapi/linux/perf_event.h
_PERF_EVENT_OPEN_NR = 298  # x86_64
_PERF_TYPE_BREAKPOINT = 5
_PERF_FLAG_FD_CLOEXEC = 1 << 3
_ANY_CPU, _NO_GROUP = -1, -1
_SAMPLE_TIME = 1 << 2
_DISABLED, _EXCLUDE_KERNEL, _EXCLUDE_HV, _USE_CLOCKID = 1 << 0, 1 << 5, 1 << 6, 1 << 25
_IOC_ENABLE, _IOC_DISABLE = 0x2400, 0x2401

# struct perf_event_attr of PERF_ATTR_SIZE_VER5: {u32 type, size; u64 config, sample_period,
# sample_type, read_format, flags; u32 wakeup_events, bp_type; u64 bp_addr, bp_len,
# branch_sample_type, sample_regs_user; u32 sample_stack_user; s32 clockid; u64
# sample_regs_intr; u32 aux_watermark; u16 sample_max_stack, reserved}
_ATTR = struct.Struct("=2I5Q2I4QIiQI2H")

_RECORD_SAMPLE = 9
_RECORD_HEADER = struct.Struct("=I2H")  # {u32 type; u16 misc, size}
_SAMPLE = struct.Struct("=Q")  # time
_DATA_HEAD, _DATA_TAIL = 1024, 1032  # of struct perf_event_mmap_page
_DATA_PAGES = 1  # a power of two: some hundred samples
_WORD = struct.Struct("=Q")

# fcntl(2); struct f_owner_ex {int type; pid_t pid}
_F_SETOWN_EX = 15
_F_OWNER_TID = 0
_F_OWNER_EX = struct.Struct("=2i")

_LIBC = ctypes.CDLL(None, use_errno=True)


class BreakpointKind(IntEnum):
    """What a breakpoint waits for (include/uapi/linux/hw_breakpoint.h)."""

    WRITE = 2


@dataclass(frozen=True)
class Sample:
    """One hit, at ``time_ns`` of CLOCK_MONOTONIC."""

    time_ns: int


class Breakpoint:
    """One of a thread's four hardware breakpoints, disabled until it is enabled.

    It holds the slot, a descriptor of its own and one of its buffer until it is closed.
    """

    def __init__(self, tid: int, kind: BreakpointKind, address: int, size_bytes: int) -> None:
        """Set it on a thread (0: this one).

        Raises OSError: as perf_event_open(2) does; EMFILE and ENOMEM also for its buffer.
        """
        self._fd = _open(tid, _attributes(kind, address, size_bytes))
        try:
            self._buffer = mmap.mmap(self._fd, (1 + _DATA_PAGES) * mmap.PAGESIZE)
        except OSError as error:
            os.close(self._fd)
            if error.errno == errno.EPERM:  # perf_mmap(): too much memory locked already
                raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)) from error
            raise

    def notify(self, tid: int) -> None:
        """Have SIGIO sent to one of our threads at every hit."""
        fcntl.fcntl(self._fd, _F_SETOWN_EX, _F_OWNER_EX.pack(_F_OWNER_TID, tid))
        flags = fcntl.fcntl(self._fd, fcntl.F_GETFL)
        fcntl.fcntl(self._fd, fcntl.F_SETFL, flags | os.O_ASYNC)

    def enable(self) -> None:
        """Have it tell of hits.

        Not PERF_EVENT_IOC_REFRESH, which would end by itself after so many: once it has, Linux
        6.18 enables the event no more.
        """
        fcntl.ioctl(self._fd, _IOC_ENABLE, 0)

    def disable(self) -> None:
        """Have it tell of no hits until it is enabled again."""
        fcntl.ioctl(self._fd, _IOC_DISABLE, 0)

    def samples(self) -> Iterator[Sample]:
        """The hits since last asked, in order."""
        (head,) = _WORD.unpack_from(self._buffer, _DATA_HEAD)
        (tail,) = _WORD.unpack_from(self._buffer, _DATA_TAIL)
        while tail < head:
            kind, _, size_bytes = _RECORD_HEADER.unpack(self._read(tail, _RECORD_HEADER.size))
            if kind == _RECORD_SAMPLE:
                body = self._read(tail + _RECORD_HEADER.size, _SAMPLE.size)
                yield Sample(*_SAMPLE.unpack(body))
            tail += size_bytes
            _WORD.pack_into(self._buffer, _DATA_TAIL, tail)

    def close(self) -> None:
        """Give everything back."""
        self._buffer.close()
        os.close(self._fd)

    def _read(self, position: int, size_bytes: int) -> bytes:
        """Bytes of the ring; a record may go on at its beginning."""
        ring_bytes = _DATA_PAGES * mmap.PAGESIZE
        start = position % ring_bytes
        first = min(size_bytes, ring_bytes - start)
        at = mmap.PAGESIZE + start
        rest = self._buffer[mmap.PAGESIZE : mmap.PAGESIZE + size_bytes - first]
        return self._buffer[at : at + first] + rest


class OwnBreakpoint:
    """A breakpoint that nothing hits, on the calling thread; whether they work here.

    While it is open, others are opened in microseconds. The system's first event of a thread
    waits for all CPUs: some 15 ms (account_event(), kernel/events/core.c).
    """

    def __init__(self) -> None:
        """Set it; raises OSError as ``Breakpoint`` does."""
        self._never_written = ctypes.c_int()
        address = ctypes.addressof(self._never_written)
        size_bytes = ctypes.sizeof(self._never_written)
        self._breakpoint = Breakpoint(0, BreakpointKind.WRITE, address, size_bytes)

    def close(self) -> None:
        """Give it back."""
        self._breakpoint.close()


def _attributes(kind: BreakpointKind, address: int, size_bytes: int) -> bytes:
    return _ATTR.pack(
        _PERF_TYPE_BREAKPOINT,
        _ATTR.size,
        0,
        1,  # a sample at every hit
        _SAMPLE_TIME,
        0,
        _DISABLED | _EXCLUDE_KERNEL | _EXCLUDE_HV | _USE_CLOCKID,
        1,  # and a wake-up
        kind,
        address,
        size_bytes,
        0,
        0,
        0,
        time.CLOCK_MONOTONIC,
        0,
        0,
        0,
        0,
    )


def _open(tid: int, attributes: bytes) -> int:
    fd: int = _LIBC.syscall(
        ctypes.c_long(_PERF_EVENT_OPEN_NR),
        ctypes.c_char_p(attributes),
        ctypes.c_int(tid),
        ctypes.c_int(_ANY_CPU),
        ctypes.c_int(_NO_GROUP),
        ctypes.c_ulong(_PERF_FLAG_FD_CLOEXEC),
    )
    if fd < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    descriptor_limit.require_spare(fd)
    return fd
