"""perf_event_open(2): an event, and the ring of records that the kernel shares with us.

Nothing stops and nothing is written to whoever is observed; an event is gone with its
descriptor, however the process that holds it ends. Times are of CLOCK_MONOTONIC.
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
from enum import IntEnum, IntFlag

from eintr_trace.sources.live import descriptor_limit

# include/uapi/linux/perf_event.h
_NR_PERF_EVENT_OPEN = 298  # x86_64
_NO_GROUP = -1
_FLAG_FD_CLOEXEC = 1 << 3
_IOC_ENABLE, _IOC_DISABLE, _IOC_REFRESH, _IOC_SET_OUTPUT = 0x2400, 0x2401, 0x2402, 0x2405
_IOC_SET_FILTER = 0x40082406
_DATA_HEAD, _DATA_TAIL = 1024, 1032  # in struct perf_event_mmap_page
_WORD = struct.Struct("=Q")
_RECORD_HEADER = struct.Struct("=I2H")  # {u32 type; u16 misc, size}

# struct perf_event_attr up to PERF_ATTR_SIZE_VER5: {u32 type, size; u64 config, sample_period,
# sample_type, read_format, flags; u32 wakeup_events, bp_type; u64 bp_addr, bp_len,
# branch_sample_type, sample_regs_user; u32 sample_stack_user; s32 clockid; u64
# sample_regs_intr; u32 aux_watermark; u16 sample_max_stack, reserved}
_ATTRIBUTES = struct.Struct("=2I5Q2I4QIiQI2H")

# fcntl(2); struct f_owner_ex {int type; pid_t pid}
_F_SETOWN_EX = 15
_F_OWNER_TID = 0
_F_OWNER_EX = struct.Struct("=2i")

ANYBODY = ANY_CPU = -1

_LIBC = ctypes.CDLL(None, use_errno=True)


class EventType(IntEnum):
    """PERF_TYPE_*: what an event's number means."""

    SOFTWARE = 1
    TRACEPOINT = 2
    BREAKPOINT = 5


class SampleField(IntFlag):
    """PERF_SAMPLE_*: what a sample holds, in this order."""

    TID = 1 << 1
    TIME = 1 << 2
    RAW = 1 << 10
    REGS_USER = 1 << 12
    STACK_USER = 1 << 13


class AttributeFlag(IntFlag):
    """The bit field of struct perf_event_attr."""

    DISABLED = 1 << 0
    EXCLUDE_KERNEL = 1 << 5
    EXCLUDE_HV = 1 << 6
    USE_CLOCKID = 1 << 25


class RecordType(IntEnum):
    """PERF_RECORD_*: the records that are made use of."""

    LOST = 2
    SAMPLE = 9


@dataclass(frozen=True)
class Attributes:
    """What to sample, every time it happens: of struct perf_event_attr, what is used here.

    ``wake_up_after`` is a number of samples (0: when the ring is half full,
    ring_buffer_init(), kernel/events/ring_buffer.c). ``number`` is a tracepoint's, or
    PERF_COUNT_SW_*; ``breakpoint_kind`` (HW_BREAKPOINT_*), ``address`` and ``size_bytes`` are a
    breakpoint's. ``user_registers`` is a mask of enum perf_event_x86_regs (asm/perf_regs.h);
    ``user_stack_bytes`` are copied from the stack pointer on, a multiple of 8.
    """

    type: EventType
    sample: SampleField
    flags: AttributeFlag
    wake_up_after: int = 0
    number: int = 0
    breakpoint_kind: int = 0
    address: int = 0
    size_bytes: int = 0
    user_registers: int = 0
    user_stack_bytes: int = 0

    def packed(self) -> bytes:
        """As the kernel takes it."""
        return _ATTRIBUTES.pack(
            self.type,
            _ATTRIBUTES.size,
            self.number,
            1,  # the period: each one
            self.sample,
            0,
            self.flags | AttributeFlag.USE_CLOCKID,
            self.wake_up_after,
            self.breakpoint_kind,
            self.address,
            self.size_bytes,
            0,
            self.user_registers,
            self.user_stack_bytes,
            time.CLOCK_MONOTONIC,
            *(0, 0, 0, 0),
        )


@dataclass(frozen=True)
class Record:
    """One record of a ring, without its header (perf_event_open(2), "MMAP layout")."""

    type: int
    body: bytes


class PerfEvent:
    """One event of one thread or processor, with a ring of ``pages`` (a power of two) pages.

    With a ``leader`` it has none: it samples only while the leader is enabled as well, into the
    leader's ring, and is read there.
    """

    def __init__(
        self,
        attributes: Attributes,
        *,
        tid: int,
        cpu: int,
        pages: int = 0,
        leader: PerfEvent | None = None,
    ) -> None:
        """Open it (``tid`` 0: for this thread).

        Raises OSError: as perf_event_open(2) does; EMFILE and ENOMEM also for its ring.
        """
        group_fd = _NO_GROUP if leader is None else leader.fileno()
        self._fd = _open(attributes.packed(), tid, cpu, group_fd)
        self._ring_bytes = pages * mmap.PAGESIZE
        self._ring: mmap.mmap | None = None
        try:
            if leader is None:
                self._ring = mmap.mmap(self._fd, mmap.PAGESIZE + self._ring_bytes)
            else:
                fcntl.ioctl(self._fd, _IOC_SET_OUTPUT, group_fd)
        except OSError as error:
            os.close(self._fd)
            if error.errno == errno.EPERM:  # perf_mmap(): too much memory locked already
                raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)) from error
            raise

    def fileno(self) -> int:
        """The event's descriptor; poll(2) says that its ring wakes up a reader."""
        return self._fd

    def set_filter(self, expression: str) -> None:
        """Have the kernel sample only what this holds for (Documentation/trace/events.rst)."""
        fcntl.ioctl(self._fd, _IOC_SET_FILTER, expression.encode() + b"\0")

    def notify(self, tid: int) -> None:
        """Have SIGIO sent to one of our threads at every sample."""
        fcntl.fcntl(self._fd, _F_SETOWN_EX, _F_OWNER_EX.pack(_F_OWNER_TID, tid))
        flags = fcntl.fcntl(self._fd, fcntl.F_GETFL)
        fcntl.fcntl(self._fd, fcntl.F_SETFL, flags | os.O_ASYNC)

    def hush(self) -> None:
        """Have no more signals sent."""
        flags = fcntl.fcntl(self._fd, fcntl.F_GETFL)
        fcntl.fcntl(self._fd, fcntl.F_SETFL, flags & ~os.O_ASYNC)

    def enable(self) -> None:
        """Begin to sample.

        An event that ended by itself (``sample_next``) is not enabled again by Linux 6.18: a
        breakpoint stays as hw_breakpoint_stop() left it (kernel/events/hw_breakpoint.c).
        """
        fcntl.ioctl(self._fd, _IOC_ENABLE, 0)

    def sample_next(self, times: int) -> None:
        """Sample the next so many times only: the kernel itself disables the event then."""
        fcntl.ioctl(self._fd, _IOC_REFRESH, times)

    def disable(self) -> None:
        """Sample no more until it is enabled again."""
        fcntl.ioctl(self._fd, _IOC_DISABLE, 0)

    def records(self) -> Iterator[Record]:
        """The records since last asked, in order; a ring without any costs one read."""
        if self._ring is None:
            return
        (head,) = _WORD.unpack_from(self._ring, _DATA_HEAD)
        (tail,) = _WORD.unpack_from(self._ring, _DATA_TAIL)
        while tail < head:
            header = self._bytes(self._ring, tail, _RECORD_HEADER.size)
            type_, _, size_bytes = _RECORD_HEADER.unpack(header)
            at = tail + _RECORD_HEADER.size
            body = self._bytes(self._ring, at, size_bytes - _RECORD_HEADER.size)
            tail += size_bytes
            _WORD.pack_into(self._ring, _DATA_TAIL, tail)
            yield Record(type_, body)

    def close(self) -> None:
        """Give everything back."""
        if self._ring is not None:
            self._ring.close()
        os.close(self._fd)

    def _bytes(self, ring: mmap.mmap, position: int, size_bytes: int) -> bytes:
        """Bytes of the ring; a record may go on at its beginning."""
        start = position % self._ring_bytes
        first = min(size_bytes, self._ring_bytes - start)
        at = mmap.PAGESIZE + start
        rest = ring[mmap.PAGESIZE : mmap.PAGESIZE + size_bytes - first]
        return ring[at : at + first] + rest


def _open(attributes: bytes, tid: int, cpu: int, group_fd: int) -> int:
    fd: int = _LIBC.syscall(
        ctypes.c_long(_NR_PERF_EVENT_OPEN),
        ctypes.c_char_p(attributes),
        ctypes.c_int(tid),
        ctypes.c_int(cpu),
        ctypes.c_int(group_fd),
        ctypes.c_ulong(_FLAG_FD_CLOEXEC),
    )
    if fd < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    descriptor_limit.require_spare(fd)
    return fd
