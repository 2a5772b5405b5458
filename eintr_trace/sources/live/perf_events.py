"""perf_event_open(2): the kernel's own breakpoints, which tell of a hit and stop nothing.

Nothing is written to the thread that is watched, and a breakpoint is gone with its descriptor,
however the process that holds it ends. Every hit leaves a sample in a buffer shared with the
kernel; ``SIGIO`` says that there is one (``F_SETOWN_EX`` of fcntl(2)).
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from eintr_trace.sources.live.perf_ring import (
    ANY_CPU,
    AttributeFlag,
    Attributes,
    EventType,
    PerfEvent,
    RecordType,
    SampleField,
)

_SAMPLE = struct.Struct("=Q")  # time
_RING_PAGES = 1  # some hundred samples


class BreakpointKind(IntEnum):
    """What a breakpoint waits for (include/uapi/linux/hw_breakpoint.h)."""

    WRITE = 2


@dataclass(frozen=True)
class Sample:
    """One hit, at ``time_ns`` of CLOCK_MONOTONIC."""

    time_ns: int


class Breakpoint(PerfEvent):
    """One of a thread's four hardware breakpoints, disabled until it is enabled.

    It holds the slot, a descriptor of its own and one of its buffer until it is closed.
    """

    def __init__(self, tid: int, kind: BreakpointKind, address: int, size_bytes: int) -> None:
        """Set it on a thread (0: this one); raises OSError as ``PerfEvent`` does."""
        attributes = Attributes(
            type=EventType.BREAKPOINT,
            sample=SampleField.TIME,
            flags=AttributeFlag.DISABLED | AttributeFlag.EXCLUDE_KERNEL | AttributeFlag.EXCLUDE_HV,
            wake_up_after=1,
            breakpoint_kind=kind,
            address=address,
            size_bytes=size_bytes,
        )
        super().__init__(attributes, tid=tid, cpu=ANY_CPU, pages=_RING_PAGES)

    def samples(self) -> Iterator[Sample]:
        """The hits since last asked, in order."""
        for record in self.records():
            if record.type == RecordType.SAMPLE:
                yield Sample(*_SAMPLE.unpack(record.body))


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
