"""Breakpoints of perf_event_open(2): the kernel's own, which tell of a hit and stop nothing.

Nothing is written to the thread that is watched, and a breakpoint is gone with its descriptor,
however the process that holds it ends. Every hit leaves a sample in a buffer shared with the
kernel; ``SIGIO`` says that there is one (``F_SETOWN_EX`` of fcntl(2)).
"""

from __future__ import annotations

import ctypes
import mmap
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from eintr_trace.model.c_stack import Registers
from eintr_trace.sources.live.perf_ring import (
    ANY_CPU,
    AttributeFlag,
    Attributes,
    EventType,
    PerfEvent,
    Record,
    RecordType,
    SampleField,
)

# enum perf_event_x86_regs (asm/perf_regs.h), in the order in which they are written
_AX, _BX, _BP, _SP, _IP, _R12, _R13, _R14, _R15 = 0, 1, 6, 7, 8, 20, 21, 22, 23
_REGISTERS = sum(1 << number for number in (_AX, _BX, _BP, _SP, _IP, _R12, _R13, _R14, _R15))
_ABI_NONE = 0  # PERF_SAMPLE_REGS_ABI_NONE: a kernel thread

_HEAD = struct.Struct("=2Q")  # time; ABI of the registers
_WORDS = struct.Struct("=9Q")
_SIZE = struct.Struct("=Q")
_LOST = struct.Struct("=8xQ")  # id; how many
_RECORD_HEADER_BYTES = 8
_SW_DUMMY = 9  # PERF_COUNT_SW_DUMMY: counts nothing
_USER_ONLY = AttributeFlag.EXCLUDE_KERNEL | AttributeFlag.EXCLUDE_HV
_EXECUTE_BYTES = 8  # sizeof(long), which an execute breakpoint has to say (perf_event_open(2))


class BreakpointKind(IntEnum):
    """What a breakpoint waits for (include/uapi/linux/hw_breakpoint.h)."""

    WRITE = 2
    EXECUTE = 4


@dataclass(frozen=True)
class RunningStack:
    """The registers of a thread that ran on, and its stack from ``registers.rsp`` on.

    ``rax`` is what a function has returned, at the instruction after its call.
    """

    registers: Registers
    copy: bytes
    rax: int


@dataclass(frozen=True)
class Sample:
    """One hit, at ``time_ns`` of CLOCK_MONOTONIC; ``stack`` is ``None`` if there was no room."""

    time_ns: int
    stack: RunningStack | None


@dataclass(frozen=True)
class LostSamples:
    """So many hits whose samples had no room in the ring; they come before the next sample."""

    count: int


class Breakpoint(PerfEvent):
    """One of a thread's four hardware breakpoints, disabled until it is enabled.

    It holds the slot, a descriptor of its own and one of its buffer until it is closed. Each
    hit copies ``stack_bytes`` of the stack; there is room for ``samples_kept``.
    """

    def __init__(
        self,
        tid: int,
        kind: BreakpointKind,
        address: int,
        size_bytes: int,
        *,
        stack_bytes: int = 0,
        samples_kept: int = 1,
    ) -> None:
        """Set it on a thread (0: this one); raises OSError as ``PerfEvent`` does."""
        attributes = _attributes(kind, address, size_bytes, stack_bytes)
        attributes = replace(attributes, flags=attributes.flags | AttributeFlag.DISABLED)
        pages = _pages_for([stack_bytes] * samples_kept)
        super().__init__(attributes, tid=tid, cpu=ANY_CPU, pages=pages)

    def samples(self) -> Iterator[Sample | LostSamples]:
        """The hits since last asked, in order."""
        yield from _samples(self.records())


@dataclass(frozen=True)
class Watched:
    """An instruction: ``hits`` are told of, each with ``stack_bytes`` of the stack."""

    address: int
    stack_bytes: int
    hits: int = 1


class CountedBreakpoints:
    """Execute breakpoints of one thread, enabled together, that tell of so many hits each.

    The kernel itself disables one that was hit as often: a program that comes there a million
    times pays for those. They keep their slots, a descriptor each and two for the ring until
    they are closed; ``renew`` makes those that were hit ready again.
    """

    def __init__(self, tid: int, places: tuple[Watched, ...]) -> None:
        """Set them on a thread, disabled; raises OSError as ``PerfEvent`` does."""
        self._tid = tid
        self._places = {place.address: place for place in places}
        self._members: dict[int, PerfEvent] = {}
        self._hit: set[int] = set()
        attributes = Attributes(
            type=EventType.SOFTWARE,
            number=_SW_DUMMY,
            sample=SampleField.TIME,
            flags=AttributeFlag.DISABLED | _USER_ONLY,
        )
        pages = _pages_for([place.stack_bytes for place in places for _ in range(place.hits)])
        self._leader = PerfEvent(attributes, tid=tid, cpu=ANY_CPU, pages=pages)
        try:
            for place in places:
                self._add(place)
        except OSError:
            self.close()
            raise

    def _add(self, place: Watched) -> None:
        kind = BreakpointKind.EXECUTE
        attributes = _attributes(kind, place.address, _EXECUTE_BYTES, place.stack_bytes)
        member = PerfEvent(attributes, tid=self._tid, cpu=ANY_CPU, leader=self._leader)
        self._members[place.address] = member
        member.sample_next(place.hits)

    @property
    def addresses(self) -> tuple[int, ...]:
        """Where they are."""
        return tuple(self._members)

    def enable(self) -> None:
        """Begin to sample."""
        self._leader.enable()

    def disable(self) -> None:
        """Sample no more until enabled again."""
        self._leader.disable()

    def renew(self) -> None:
        """Make those ready again that were hit, while disabled; raises as the constructor does."""
        while self._hit:
            address = self._hit.pop()
            member = self._members.pop(address, None)
            if member is not None:
                member.close()
                self._add(self._places[address])

    def samples(self) -> Iterator[Sample | LostSamples]:
        """The hits since last asked, in order."""
        for told in _samples(self._leader.records()):
            if isinstance(told, Sample) and told.stack is not None:
                self._hit.add(told.stack.registers.rip)
            else:
                self._hit.update(self._members)  # it may have been any of them
            yield told

    def close(self) -> None:
        """Give everything back."""
        for member in self._members.values():
            member.close()
        self._members.clear()
        self._leader.close()


def _attributes(
    kind: BreakpointKind,
    address: int,
    size_bytes: int,
    stack_bytes: int,
) -> Attributes:
    return Attributes(
        type=EventType.BREAKPOINT,
        sample=SampleField.TIME | SampleField.REGS_USER | SampleField.STACK_USER,
        flags=_USER_ONLY,
        wake_up_after=1,
        breakpoint_kind=kind,
        address=address,
        size_bytes=size_bytes,
        user_registers=_REGISTERS,
        user_stack_bytes=stack_bytes,
    )


def _pages_for(stacks_bytes: Sequence[int]) -> int:
    """How many pages hold samples with so much of the stack each."""
    without_stack_bytes = _RECORD_HEADER_BYTES + _HEAD.size + _WORDS.size + 2 * _SIZE.size
    size_bytes = sum(without_stack_bytes + stack_bytes for stack_bytes in stacks_bytes)
    pages = 1
    while pages * mmap.PAGESIZE < size_bytes:
        pages *= 2
    return pages


def _samples(records: Iterator[Record]) -> Iterator[Sample | LostSamples]:
    for record in records:
        if record.type == RecordType.SAMPLE:
            yield _sample(record.body)
        elif record.type == RecordType.LOST:
            yield LostSamples(*_LOST.unpack_from(record.body))


def _sample(body: bytes) -> Sample:
    """PERF_RECORD_SAMPLE of perf_event_open(2), with the fields asked for above."""
    time_ns, abi = _HEAD.unpack_from(body)
    if abi == _ABI_NONE:
        return Sample(time_ns, None)
    rax, rbx, rbp, rsp, rip, r12, r13, r14, r15 = _WORDS.unpack_from(body, _HEAD.size)
    at = _HEAD.size + _WORDS.size
    (room_bytes,) = _SIZE.unpack_from(body, at)
    copied_bytes = 0
    if room_bytes:
        (copied_bytes,) = _SIZE.unpack_from(body, at + _SIZE.size + room_bytes)
    copy = body[at + _SIZE.size :][:copied_bytes]
    registers = Registers(rbx, rbp, rsp, r12, r13, r14, r15, rip)
    return Sample(time_ns, RunningStack(registers, copy, rax))


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
