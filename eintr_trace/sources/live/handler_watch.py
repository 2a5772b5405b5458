"""Watching for Python signal handlers to begin, from a delivery on, whichever thread took it.

CPython's C handler sets ``Handlers[signo].tripped``; its main thread clears that mark right
before it calls the Python handler (Modules/signalmodule.c: trip_signal(),
_PyErr_CheckSignalsTstate(), in 2.7 PyErr_CheckSignals()). A write watchpoint on the mark, in
the main thread only, therefore sees the C handler if that thread took the signal, and then the
beginning of the Python handler, however much later that is.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace

from eintr_trace.facts.signals import signal_name
from eintr_trace.model.delivery import HandlerWatch
from eintr_trace.model.events import (
    Disposition,
    PythonHandlerBegan,
    PythonHandlerDue,
    Reduction,
    SignalDelivered,
)
from eintr_trace.model.python_state import HandlerKind, PythonHandler, PythonSnapshot
from eintr_trace.sources.live import binding, proc
from eintr_trace.sources.live.perf_events import (
    Breakpoint,
    BreakpointKind,
    LostSamples,
    OwnBreakpoint,
    Sample,
)
from eintr_trace.sources.live.sample_order import SampleOrder
from eintr_trace.sources.live.stack_copies import COPIED_BYTES
from eintr_trace.sources.live.tracee import TracedProcess, Tracee

# Of the main thread's four hardware breakpoints: a debugger wants some too.
_MOST_SLOTS = 2
_TRIPPED_BYTES = 4
_PROBE = "Handlers[].tripped"
_SAMPLES_KEPT = 3  # each delivery makes two, and collects those before
HITS_OF_A_DELIVERY = 2  # the C handler's and the one before the Python handler

# SIGIO is asked for only so long after a delivery: each costs the program as much again as its
# hit, and most handlers have begun by then, which the next stop or one look shows.
_LATE_NS = 10_000_000

_REFUSALS = {
    errno.ENOSPC: Reduction.WATCHPOINTS_TAKEN,
    errno.EMFILE: Reduction.WATCHPOINT_UNOPENED,
    errno.ENFILE: Reduction.WATCHPOINT_UNOPENED,
    errno.ENOMEM: Reduction.WATCHPOINT_UNOPENED,
}
"""What the errors of perf_event_open(2) and mmap(2) come to; the others mean not allowed."""


@dataclass(eq=False)
class _Slot:
    """A watchpoint on one signal's mark.

    ``c_handlers_due`` are the deliveries to the main thread itself whose C handler has not
    written yet. ``main_due``: some of them wait for the Python handler; ``workers_due`` are the
    deliveries to other threads that do, and may each need a run of their own.
    """

    signo: int
    process: TracedProcess
    main_tid: int
    watchpoint: Breakpoint
    c_handlers_due: int = 0
    main_due: bool = False
    workers_due: int = 0

    def delivered(self, tid: int) -> None:
        if tid == self.main_tid:
            self.c_handlers_due += 1
            self.main_due = True
        else:
            self.workers_due += 1

    def written(self) -> bool:
        """Take in a write of the main thread; true if the Python handler is about to run."""
        if self.c_handlers_due:
            self.c_handlers_due -= 1
            return False
        if self.main_due:
            self.main_due = False
            return True
        if self.workers_due:
            self.workers_due -= 1
            return True
        return False  # Py_Finalize() clears all marks once again

    def began(self, sample: Sample) -> PythonHandlerBegan:
        """What the write before a Python handler tells."""
        name = signal_name(self.signo)
        return PythonHandlerBegan(
            sample.time_ns, self.process.tgid, self.main_tid, self.signo, name
        )

    def due(self, now_ns: int) -> PythonHandlerDue:
        """What is to be said of a handler that is waited for no longer."""
        name, tripped = signal_name(self.signo), self.is_tripped()
        return PythonHandlerDue(now_ns, self.process.tgid, self.main_tid, self.signo, name, tripped)

    def is_tripped(self) -> bool | None:
        reader = self.process.reader
        handler = None if reader is None else reader.handler(self.signo)
        return None if handler is None else handler.tripped


class HandlerWatches:
    """The watchpoints of all processes, kept open and enabled only while a handler is due.

    A process takes one slot for each signal waited for at a time.
    """

    def __init__(self, order: SampleOrder) -> None:
        self._order = order
        order.collect_with(self._collect)
        self._slots: dict[TracedProcess, list[_Slot]] = {}
        # Those that wait for a handler, the one that waits longest first.
        self._enabled: dict[_Slot, None] = {}
        # Those without SIGIO, and when to look at them; the next one first.
        self._looks_ns: dict[_Slot, int] = {}
        self._opener: OwnBreakpoint | None = None

    def prepare(self) -> None:
        """Do what is slow about the first watchpoint, before anything is traced."""
        # Where it is not allowed, the first delivery concerned says so.
        with suppress(OSError):
            self._opener = OwnBreakpoint()

    def next_look_ns(self) -> int | None:
        """When to look at handlers that are late by then."""
        return next(iter(self._looks_ns.values()), None)

    def look(self, now_ns: int) -> None:
        """Tell of the handlers seen to begin; for those that are late, SIGIO will come."""
        self._collect()
        while (at_ns := self.next_look_ns()) is not None and at_ns <= now_ns:
            slot = next(iter(self._looks_ns))
            del self._looks_ns[slot]
            slot.watchpoint.notify(threading.get_native_id())
        # Afterwards: what was hit before SIGIO was asked for is seen here.
        self._order.tell()

    def _collect(self) -> None:
        for slot in list(self._enabled):
            if not self._has_begun(slot):
                continue
            if self._is_due(slot):
                slot.workers_due = max(slot.workers_due, 1)
            else:
                self._disable(slot)

    def _has_begun(self, slot: _Slot) -> bool:
        begun = False
        for sample in slot.watchpoint.samples():
            match sample:
                case LostSamples(count):
                    # Which writes they were follows from how many; when they were is lost.
                    begun = any([slot.written() for _ in range(count)]) or begun
                case Sample() if slot.written():
                    begun = True
                    self._order.saw_stack(sample, slot.process, slot.main_tid, _PROBE)
                    self._order.saw(slot.began(sample))
        return begun

    @staticmethod
    def _is_due(slot: _Slot) -> bool:
        """Whether the signal has come again meanwhile."""
        return slot.c_handlers_due > 0 or slot.is_tripped() is True

    # What else is to be watched in a main thread

    def is_due_in(self, tracee: Tracee) -> bool:
        """Whether a Python handler is watched for that this thread will run."""
        return any(slot in self._enabled for slot in self._slots_in(tracee))

    def slots_taken(self, tracee: Tracee) -> int:
        """How many of the thread's hardware breakpoints are ours, enabled or not."""
        return len(self._slots_in(tracee))

    def _slots_in(self, tracee: Tracee) -> list[_Slot]:
        slots = self._slots.get(tracee.process, ())
        return [slot for slot in slots if slot.main_tid == tracee.tid]

    # At the stops of a thread, before it goes on

    def delivering(self, tracee: Tracee, event: SignalDelivered) -> SignalDelivered:
        """Watch for the Python handler of a delivery, if there is one; the event says how."""
        handler = None if event.python is None else event.python.handler
        if event.disposition is not Disposition.CAUGHT or not _is_python(handler):
            return event
        main_tid = _main_tid(tracee, event.python)
        if main_tid is None:
            return _reduced(event, Reduction.MAIN_THREAD_UNKNOWN)
        if tracee.budget.is_short:
            self.passing(tracee, event.signal.signo)
            return _reduced(event, Reduction.WATCHPOINT_SPARED)
        # What it saw until now was before this delivery.
        self._collect()
        try:
            slot = self._slot(tracee.process, main_tid, event.signal.signo)
        except OSError as error:
            kind = _REFUSALS.get(error.errno or 0, Reduction.WATCHPOINT_REFUSED)
            return _reduced(event, kind)
        slot.delivered(tracee.tid)
        self._enable(slot)
        blocked_in = None if tracee.tid == main_tid else _blocked_in(main_tid)
        return replace(event, handler_watch=HandlerWatch(main_tid, blocked_in))

    def passing(self, tracee: Tracee, signo: int) -> None:
        """A delivery that is not looked at: its C handler will write as well."""
        for slot in self._slots.get(tracee.process, ()):
            if (slot.signo, slot.main_tid) != (signo, tracee.tid):
                continue
            self._collect()  # which disables it, if nothing is due any more
            if slot in self._enabled:
                slot.c_handlers_due += 1

    def returning(self, tracee: Tracee, handler: PythonHandler | None) -> None:
        """A C handler has run: if the mark it set is there, the Python handler is still due.

        A slot is disabled by then if the main thread was just beginning an earlier one.
        """
        if handler is None or not handler.tripped:
            return
        for slot in self._slots.get(tracee.process, ()):
            if slot.signo == handler.signo and slot not in self._enabled:
                slot.workers_due = 1
                self._enable(slot)

    def _slot(self, process: TracedProcess, main_tid: int, signo: int) -> _Slot:
        """The slot of a signal: its own, a new one, or in place of an idle one.

        Raises OSError as perf_event_open(2) does, with ENOSPC also when all of ours are in use.
        """
        slots = self._slots.setdefault(process, [])
        for slot in slots:
            if (slot.signo, slot.main_tid) == (signo, main_tid):
                return slot
        if len(slots) >= _MOST_SLOTS:
            idle = next((slot for slot in slots if slot not in self._enabled), None)
            if idle is None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            idle.watchpoint.close()
            slots.remove(idle)
        address = None if process.reader is None else process.reader.tripped_address(signo)
        assert address is not None  # its handler was read from there
        watchpoint = Breakpoint(
            main_tid,
            BreakpointKind.WRITE,
            address,
            _TRIPPED_BYTES,
            stack_bytes=COPIED_BYTES,
            samples_kept=_SAMPLES_KEPT,
        )
        slots.append(_Slot(signo, process, main_tid, watchpoint))
        return slots[-1]

    def _enable(self, slot: _Slot) -> None:
        if slot not in self._enabled:
            slot.watchpoint.enable()
            self._enabled[slot] = None
            self._looks_ns[slot] = time.monotonic_ns() + _LATE_NS

    def _disable(self, slot: _Slot) -> None:
        slot.watchpoint.disable()
        if self._looks_ns.pop(slot, None) is None:
            slot.watchpoint.hush()
        slot.main_due, slot.workers_due = False, 0
        del self._enabled[slot]

    # Ends

    def close(self, process: TracedProcess) -> None:
        """Watch no more: the process has ended, or is another program from now on.

        What was seen until now is still to be told.
        """
        self._collect()
        for slot in self._slots.pop(process, ()):
            self._enabled.pop(slot, None)
            self._looks_ns.pop(slot, None)
            slot.watchpoint.close()

    def finish(self) -> None:
        """Tell of the handlers that are still waited for, and watch no more."""
        self._order.tell()
        now_ns = time.monotonic_ns()
        for slot in self._enabled:
            name, tripped = signal_name(slot.signo), slot.is_tripped()
            tgid = slot.process.tgid
            self._order.emit(
                PythonHandlerDue(now_ns, tgid, slot.main_tid, slot.signo, name, tripped)
            )
        for process in list(self._slots):
            self.close(process)
        if self._opener is not None:
            self._opener.close()


def _reduced(event: SignalDelivered, kind: Reduction) -> SignalDelivered:
    return replace(event, reduced=(*event.reduced, kind))


def _is_python(handler: PythonHandler | None) -> bool:
    return handler is not None and handler.kind is HandlerKind.FUNCTION


def _main_tid(tracee: Tracee, python: PythonSnapshot | None) -> int | None:
    """CPython's main thread, looked for once a process."""
    process = tracee.process
    if python is not None and python.is_python_main_thread:
        process.main_tid = tracee.tid
    elif process.main_tid is None and process.reader is not None:
        process.main_tid = process.reader.main_thread_tid()
    return process.main_tid


def _blocked_in(tid: int) -> str | None:
    number = proc.blocked_call_number(tid)
    return None if number is None else binding.syscall_name(number)
