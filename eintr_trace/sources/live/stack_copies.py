"""Copies of a thread's C stack: registers and bytes, taken while it is held, told later.

They are unwound and named by the reporting process, whose time the traced program does not pay
for. Registers and one read of 8 KB take some 12 µs of a stop.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass

from eintr_trace.model.c_stack import Registers
from eintr_trace.model.events import Event, Reduction, Syscall
from eintr_trace.model.stack_events import DecisionUnwatched, StackCopied, StackMoment
from eintr_trace.sources.live.emit import Told
from eintr_trace.sources.live.registers import read_frame_registers
from eintr_trace.sources.live.tracee import Tracee

COPIED_BYTES = 8192
# select_select() has three arrays of FD_SETSIZE entries in its frame (Modules/selectmodule.c):
# some 49 KB, beyond which its callers lie.
_COPIED_OF_SELECT_BYTES = 57_344
_SELECTS = frozenset({"select", "pselect6"})
_FASTEST = 1  # zlib's level: 20 µs for 8 KB, to a fifth or less of it; level 6 takes 50 µs


@dataclass(frozen=True)
class StackCopy:
    """What was taken, still to be compressed; fields as in ``StackCopied``."""

    time_ns: int
    tgid: int
    tid: int
    moment: StackMoment
    registers: Registers
    copy: bytes
    probe: str | None = None
    retval: int | None = None

    def event(self) -> StackCopied:
        """The event of it."""
        packed = base64.b64encode(zlib.compress(self.copy, _FASTEST)).decode("ascii")
        return StackCopied(
            self.time_ns,
            self.tgid,
            self.tid,
            self.moment,
            self.registers,
            packed,
            self.probe,
            self.retval,
        )

    def stand_in(self) -> Event:
        """Say that it is missing: copies are the largest of all that is told."""
        return DecisionUnwatched(self.time_ns, self.tgid, self.tid, Reduction.DECISION_LEFT_OUT)


def copy_stack(tracee: Tracee, moment: StackMoment, call: Syscall, now_ns: int) -> StackCopy | None:
    """Copy the stack of a thread in a stop at ``call``; ProcessLookupError when it is gone.

    ``None`` where its memory cannot be read. The copy is shorter where the stack ends. There is
    one for every delivery that is looked at, and those are bounded (``HoldBudget``): under a
    1 kHz timer some 200 copies a second.
    """
    registers = read_frame_registers(tracee.tid)
    size_bytes = _COPIED_OF_SELECT_BYTES if call.name in _SELECTS else COPIED_BYTES
    copy = tracee.process.memory.read_some(registers.rsp, size_bytes)
    if not copy:
        return None
    return StackCopy(now_ns, tracee.process.tgid, tracee.tid, moment, registers, copy)


def told_with(tracee: Tracee, stack: StackCopy | None) -> tuple[Told, ...]:
    """What to tell of a copy once the thread goes on: first where its code lies, if that is new."""
    if stack is None:
        return ()
    mapped = tracee.process.code.news(stack.time_ns)
    return (stack,) if mapped is None else (mapped, stack)
