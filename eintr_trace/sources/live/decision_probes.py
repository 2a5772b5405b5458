"""Who decides about EINTR: samples of the C functions that raise it, or are asked before a retry.

Armed when the kernel has given EINTR to a thread, for what it does until its next call that is
not the interpreter's own. Nothing stops and nothing is written (``perf_events``); who decided
is in the stack that a sample carries, not in which function was hit.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from eintr_trace.facts.decision_probes import (
    DECISION_PROBES,
    RETURN_PROBE,
    DecisionProbe,
)
from eintr_trace.interpreter.reader import InterpreterReader
from eintr_trace.model.events import Event, Reduction
from eintr_trace.model.stack_events import DecisionUnwatched, NotReturned
from eintr_trace.sources.live.handler_watch import HandlerWatches
from eintr_trace.sources.live.perf_events import CountedBreakpoints, Sample, Watched
from eintr_trace.sources.live.return_places import ReturnPlace, return_to_loop
from eintr_trace.sources.live.sample_order import SampleOrder
from eintr_trace.sources.live.stack_copies import COPIED_BYTES
from eintr_trace.sources.live.tracee import TracedProcess, Tracee

# Each has the slots of one thread, four descriptors, and 36 KB of locked memory.
_MOST_SETS = 8
# Of a thread's four hardware breakpoints, the watchpoints of handlers included.
_MOST_SLOTS = 3
# Python code that runs before the call returns may itself call C code from there: a signal
# handler, ctypes' errcheck. Whose return it is, registers tell.
_RETURN_HITS = 8
_RETURN_COPIED_BYTES = 64

_REFUSALS = {
    errno.ENOSPC: Reduction.DECISION_SLOTS_TAKEN,
    errno.EMFILE: Reduction.DECISION_UNOPENED,
    errno.ENFILE: Reduction.DECISION_UNOPENED,
    errno.ENOMEM: Reduction.DECISION_UNOPENED,
    errno.EBUSY: Reduction.DECISION_THREADS_BUSY,
}
"""What the errors of perf_event_open(2) and mmap(2) come to; the others mean not allowed."""


@dataclass(eq=False)
class _Set:
    """The probes of one thread; ``functions`` are their names by address.

    ``awaited`` is where the interrupted call returns to, as long as it is known not to have;
    ``returns`` counts what was seen to return there, to whichever loop.
    """

    process: TracedProcess
    tid: int
    functions: dict[int, str]
    breakpoints: CountedBreakpoints
    armed: bool = False
    awaited: ReturnPlace | None = None
    returns: int = 0

    def await_return(self, place: ReturnPlace | None) -> None:
        """Watch for it from now on, if a probe is there."""
        self.awaited = place if place is not None and place.address in self.functions else None
        self.returns = 0

    def takes_return(self, sp: int) -> bool:
        """Whether what returned, with this stack pointer, is the interrupted call."""
        self.returns += 1
        is_it = self.awaited is not None and self.awaited.sp == sp
        if is_it or self.returns == _RETURN_HITS:
            self.awaited = None
        return is_it


class DecisionProbes:
    """The probes of a few threads, kept open; those used longest ago give way to others."""

    def __init__(self, order: SampleOrder, handlers: HandlerWatches) -> None:
        self._order = order
        self._handlers = handlers
        # By tid, the one used longest ago first.
        self._sets: dict[int, _Set] = {}
        order.collect_with(self._collect)

    def arm(self, tracee: Tracee, sp: int, now_ns: int) -> tuple[Event, ...]:
        """The thread, held, was given EINTR: watch what it decides; tells why it can't be.

        ``sp`` is its stack pointer after the interrupted call.

        Without an interpreter that can be read, there is none whose decision it were.
        """
        reader = tracee.process.reader
        if reader is None or self._is_armed(tracee.tid):
            return ()
        reason = self._try_to_arm(tracee, reader, sp)
        if reason is None:
            return ()
        return (DecisionUnwatched(now_ns, tracee.process.tgid, tracee.tid, reason),)

    def _try_to_arm(self, tracee: Tracee, reader: InterpreterReader, sp: int) -> Reduction | None:
        if tracee.budget.is_short:
            return Reduction.DECISION_SPARED
        awaited = _return_place(tracee, reader, sp)
        functions = self._functions(tracee, reader, awaited)
        if not functions:
            return Reduction.DECISION_UNNAMED
        try:
            probes = self._ready(tracee, functions)
        except OSError as error:
            return _REFUSALS.get(error.errno or 0, Reduction.DECISION_REFUSED)
        probes.breakpoints.enable()
        probes.armed = True
        probes.await_return(awaited)
        tracee.budget.spend_hits(len(functions))
        return None

    def _functions(
        self, tracee: Tracee, reader: InterpreterReader, awaited: ReturnPlace | None
    ) -> dict[int, str]:
        """Where to set probes, the one needed most first.

        Where the Python handler is watched for in this thread, its beginning shows who let it
        run, and only what raises without a name in its stack is still to be told apart. What
        code that is not CPython's gives back says more than that it asks for handlers.
        """
        watched = self._handlers.is_due_in(tracee)
        raising, *checking = (_found(probe, reader) for probe in DECISION_PROBES)
        returning = None if awaited is None else (awaited.address, RETURN_PROBE)
        wanted = (raising, returning, *(() if watched else checking))
        room = _MOST_SLOTS - self._handlers.slots_taken(tracee)
        return dict([place for place in wanted if place is not None][:room])

    def _ready(self, tracee: Tracee, functions: dict[int, str]) -> _Set:
        """The thread's probes, disabled; raises OSError, EBUSY when all are in use."""
        probes = self._sets.get(tracee.tid)
        if probes is not None and probes.functions == functions:
            self._renew(probes)
            self._sets[tracee.tid] = self._sets.pop(tracee.tid)
            return probes
        if probes is not None:
            self._discard(probes)
        self._make_room()
        breakpoints = CountedBreakpoints(tracee.tid, tuple(_watched(functions)))
        probes = _Set(tracee.process, tracee.tid, functions, breakpoints)
        self._sets[tracee.tid] = probes
        return probes

    def _make_room(self) -> None:
        if len(self._sets) < _MOST_SETS:
            return
        idle = next((probes for probes in self._sets.values() if not probes.armed), None)
        if idle is None:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self._discard(idle)

    def disarm(self, tracee: Tracee, now_ns: int) -> None:
        """The thread made a call at ``now_ns``, and has gone on: it does not decide any more."""
        probes = self._sets.get(tracee.tid)
        if probes is None or not probes.armed:
            return
        probes.armed = False
        probes.breakpoints.disable()
        self._take(probes, until_ns=now_ns)
        awaited, probes.awaited = probes.awaited, None
        if awaited is not None:
            tgid = probes.process.tgid
            self._order.saw(NotReturned(now_ns, tgid, probes.tid, awaited.address, awaited.sp))

    def renew(self) -> None:
        """Make ready again what was hit, while no thread waits for it."""
        for probes in list(self._sets.values()):
            if not probes.armed:
                # Else the next episode opens them, or says why not.
                with suppress(OSError):
                    self._renew(probes)

    def _renew(self, probes: _Set) -> None:
        try:
            probes.breakpoints.renew()
        except OSError:
            self._discard(probes)
            raise

    def _is_armed(self, tid: int) -> bool:
        probes = self._sets.get(tid)
        return probes is not None and probes.armed

    def _collect(self) -> None:
        for probes in self._sets.values():
            if probes.armed:
                self._take(probes)

    def _take(self, probes: _Set, until_ns: int | None = None) -> None:
        for sample in probes.breakpoints.samples():
            if not isinstance(sample, Sample) or sample.stack is None:
                probes.awaited = None
                continue  # no decision was seen
            if until_ns is None or sample.time_ns <= until_ns:
                function = probes.functions.get(sample.stack.registers.rip)
                if function == RETURN_PROBE and not probes.takes_return(sample.stack.registers.rsp):
                    continue  # of another call, further in
                # The stack at the interruption was told a moment ago, and with it where code is.
                known = probes.process.code.is_known
                self._order.saw_stack(
                    sample, probes.process, probes.tid, function, code_known=known
                )

    # Ends

    def forget(self, tid: int) -> None:
        """A thread has ended."""
        probes = self._sets.get(tid)
        if probes is not None:
            self._discard(probes)

    def close(self, process: TracedProcess) -> None:
        """The process has ended, or is another program from now on."""
        for probes in list(self._sets.values()):
            if probes.process is process:
                self._discard(probes)

    def finish(self) -> None:
        """Watch no more; what was seen until now is still to be told."""
        for probes in list(self._sets.values()):
            self._discard(probes)

    def _discard(self, probes: _Set) -> None:
        if probes.armed:
            self._take(probes)
        probes.breakpoints.close()
        del self._sets[probes.tid]


def _watched(functions: Mapping[int, str]) -> Iterator[Watched]:
    for address, name in functions.items():
        if name == RETURN_PROBE:
            yield Watched(address, _RETURN_COPIED_BYTES, _RETURN_HITS)
        else:
            yield Watched(address, COPIED_BYTES)


def _return_place(tracee: Tracee, reader: InterpreterReader, sp: int) -> ReturnPlace | None:
    """Where the interrupted call returns to, if code that may not be CPython's was called."""
    follow = tracee.following.innermost
    if follow is None or not follow.may_call_foreign_code:
        return None
    return return_to_loop(reader, tracee.process.memory, sp)


def _found(probe: DecisionProbe, reader: InterpreterReader) -> tuple[int, str] | None:
    for name in probe.names:
        function = reader.function(name)
        if function is not None:
            return function.start, name
    return None
