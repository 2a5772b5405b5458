"""The tracer: what it does with each stop, and when it lets a thread sleep again.

Every handler of a stop follows one order: look, resume the thread, then tell. A thread that
was killed while it was held (ESRCH) is left to its exit, which is reported next.
"""

from __future__ import annotations

import errno
import time
from contextlib import suppress
from dataclasses import replace
from typing import assert_never

from eintr_trace.facts.signals import signal_name
from eintr_trace.model.events import (
    ContinueTrapped,
    Disposition,
    GroupStopped,
    InterruptedCall,
)
from eintr_trace.model.python_state import PythonSnapshot
from eintr_trace.model.stack_events import StackMoment
from eintr_trace.sources.live import binding, observe
from eintr_trace.sources.live.connections import Connections
from eintr_trace.sources.live.decision_probes import DecisionProbes
from eintr_trace.sources.live.deliveries import Deliveries
from eintr_trace.sources.live.emit import Tell, Told
from eintr_trace.sources.live.first_stops import FirstStops
from eintr_trace.sources.live.handler_watch import HITS_OF_A_DELIVERY, HandlerWatches
from eintr_trace.sources.live.merged_signals import MergedSignalWatch
from eintr_trace.sources.live.registers import EXECVE_NR, read_registers
from eintr_trace.sources.live.resuming import Resuming
from eintr_trace.sources.live.roster import Roster
from eintr_trace.sources.live.sample_order import SampleOrder
from eintr_trace.sources.live.stack_copies import StackCopy, copy_stack, told_with
from eintr_trace.sources.live.stepping import Stepping
from eintr_trace.sources.live.syscall_stops import SyscallStops, was_interrupted
from eintr_trace.sources.live.tracee import Tracee
from eintr_trace.sources.live.wait_status import (
    EventStop,
    Exited,
    GroupStop,
    Killed,
    PtraceEvent,
    SignalDeliveryStop,
    Stop,
    SyscallStop,
    TrapStop,
    consume_exec_stop,
    reap,
)


class Tracer:
    """Serves the stops of all traced threads; one thread, never more than one stop at a time."""

    def __init__(
        self,
        roster: Roster,
        emit: Tell,
        signals: frozenset[int] | None,
        *,
        step_ns: int | None = None,
        every_syscall: bool = False,
    ) -> None:
        self._roster = roster
        self._samples = SampleOrder(emit)
        self._handlers = HandlerWatches(self._samples)
        self._emit = emit = self._samples.emit
        roster.tell_with(emit)
        self._connections = Connections(emit, alive=roster.processes)
        self._resuming = Resuming(emit, self._connections, every_syscall=every_syscall)
        self._stepping = Stepping(self._resuming, emit, self.read_merges, step_ns)
        self._probes = DecisionProbes(self._samples, self._handlers)
        self._syscall_stops = SyscallStops(
            self._resuming, self._handlers, self._probes, self._connections, self._stepping, emit
        )
        self._deliveries = Deliveries(roster, emit, signals)
        self._first_stops = FirstStops(emit)
        self._decided = 0

    @property
    def deliveries_decided(self) -> int:
        """Those whose outcome is known, or will not be known any better."""
        return self._decided + self._syscall_stops.deliveries_decided

    @property
    def deliveries_seen(self) -> int:
        """Deliveries of the signals asked for, looked at or not."""
        return self._deliveries.seen

    @property
    def deliveries_passed(self) -> int:
        """Those that were passed on unread for the sake of the program's progress."""
        return self._deliveries.passed

    def prepare(self) -> None:
        """Do what is slow, before the first thread is traced; in the thread that will trace."""
        self._handlers.prepare()

    def stop_each(self) -> None:
        """Have the threads that were there before us stop once, to see all their calls."""
        self._first_stops.begin(list(self._roster.tracees.values()))

    def watch_merges(self, merges: MergedSignalWatch) -> None:
        """Ask this at every delivery which signals merged into it."""
        self._deliveries.merges = merges

    def read_merges(self) -> None:
        """Make room for what the kernel tells of signals that merge."""
        self._deliveries.read_merges()

    def serve(self, tid: int, stop: Stop, wait_round: int) -> None:
        """Serve one stop; ``wait_round`` counts the times the wait loop has slept."""
        now_ns = time.monotonic_ns()
        # Killed while held: its exit is reported next.
        with suppress(ProcessLookupError):
            tracee = self._roster.tracees.get(tid)
            if tracee is None:
                self._serve_unknown(tid, stop, now_ns)
                return
            tracee.held_in_round = wait_round
            try:
                self._dispatch(tracee, stop, now_ns)
            finally:
                tracee.released_ns = time.monotonic_ns()

    def _serve_unknown(self, tid: int, stop: Stop, now_ns: int) -> None:
        """A thread whose first stop is seen before its maker's event, or that is not wanted."""
        if isinstance(stop, Exited | Killed):
            reap(tid)
            return
        tracee = self._roster.enrol(tid)
        if tracee is None:
            binding.detach(tid)
        else:
            self._first_stop(tracee, now_ns)

    def _dispatch(self, tracee: Tracee, stop: Stop, now_ns: int) -> None:
        if self._stepping.takes(tracee, stop, now_ns):
            return
        match stop:
            case SignalDeliveryStop(signo):
                self._delivery(tracee, signo, now_ns)
            case SyscallStop():
                self._syscall_stops.serve(tracee, now_ns)
            case TrapStop():
                self._trap(tracee, now_ns)
            case GroupStop(signo):
                self._group_stop(tracee, signo, now_ns)
            case EventStop(event):
                self._event(tracee, event, now_ns)
            case Exited() | Killed():
                self._ended(tracee, stop, now_ns)
            case _:
                assert_never(stop)

    # Beginnings and ends

    def _first_stop(self, tracee: Tracee, now_ns: int) -> None:
        tracee.fresh = False
        if tracee.interrupted:
            self._first_stops.stopped(tracee, now_ns)
        self._resuming.resume(tracee, now_ns)

    def _event(self, tracee: Tracee, event: PtraceEvent, now_ns: int) -> None:
        if event is PtraceEvent.EXEC:
            self._executed(tracee, now_ns)
            return
        made = binding.event_message(tracee.tid)
        self._resuming.resume(tracee, now_ns)
        self._roster.enrol(made)

    def _executed(self, tracee: Tracee, now_ns: int) -> None:
        consume_exec_stop(tracee.tid)
        former_tid = binding.event_message(tracee.tid)
        for thread in self._roster.threads_of(tracee.process):
            self._forget(thread, "the process has executed another program")
        tracee.process.code.close()
        self._handlers.close(tracee.process)
        self._probes.close(tracee.process)
        caller = self._roster.tracees.get(former_tid)
        entered_nr = None if caller is None else caller.following.entered_nr
        if tracee.process.tgid == self._roster.command_pid:
            entered_nr = entered_nr or EXECVE_NR  # before the trace began; it was we who called it
        program = self._roster.program_of(tracee.process)  # which may end as soon as it runs
        self._resuming.resume(tracee, now_ns)
        self._samples.tell()
        self._roster.executed(tracee.process, former_tid, now_ns, program, entered_nr)

    def _ended(self, tracee: Tracee, end: Exited | Killed, now_ns: int) -> None:
        reap(tracee.tid)
        self._probes.forget(tracee.tid)
        if tracee.tid == tracee.process.tgid:
            self._probes.close(tracee.process)  # of threads whose ends were not seen
        if tracee.tid in {tracee.process.tgid, tracee.process.main_tid}:
            self._handlers.close(tracee.process)
            self._samples.tell()
        self._forget(tracee)
        status = end.status if isinstance(end, Exited) else None
        signo = end.signo if isinstance(end, Killed) else None
        self._deliveries.forget(tracee)
        self._roster.ended(tracee, now_ns, status=status, signo=signo)

    def _forget(self, tracee: Tracee, reason: str | None = None) -> None:
        """Follow a thread no more; ``None`` for the reason: it has ended, which is told itself."""
        self._resuming.forget(tracee)
        self._deliveries.tell_passed(tracee)
        if tracee.following.innermost is not None:
            self._decided += tracee.following.abandon()
            if reason is not None:
                self._syscall_stops.tell_ended(tracee, reason)

    # Signals

    def _delivery(self, tracee: Tracee, signo: int, now_ns: int) -> None:
        if not self._deliveries.asked_for(signo):
            self._glance(tracee, signo)
            self._resuming.resume(tracee, now_ns, signo)
            return
        if not tracee.budget.allows(now_ns):
            self._pass_on(tracee, signo, now_ns)
            return
        event = self._deliveries.look(tracee, signo, now_ns, tracee.held_in_round)
        self._syscall_stops.met(tracee, event.call, event.python)
        tracee.following.delivered(event)
        if tracee.following.innermost is None:
            self._decided += 1
        stack = None
        if event.call is not None and was_interrupted(event.call):
            stack = copy_stack(tracee, StackMoment.INTERRUPTED, event.call.syscall, now_ns)
        event = self._handlers.delivering(tracee, event)
        if event.handler_watch is not None:
            tracee.budget.spend_hits(HITS_OF_A_DELIVERY)
        # Where a handler runs, EINTR comes after it.
        ended = None if event.disposition is Disposition.CAUGHT else event.call
        held_ns, walked = self._go_on(tracee, ended, now_ns, signo)
        event = replace(event, held_ns=held_ns)
        self._deliveries.tell(tracee, event, *told_with(tracee, stack), *walked)

    def _go_on(
        self, tracee: Tracee, ended: InterruptedCall | None, now_ns: int, signo: int = 0
    ) -> tuple[int, tuple[Told, ...]]:
        """Let a thread go on, watched where the call it was in has ended with EINTR."""
        if ended is None or ended.retval != -errno.EINTR or ended.ip is None or ended.sp is None:
            return self._resuming.resume(tracee, now_ns, signo), ()
        unwatched = self._probes.arm(tracee, ended.sp, now_ns)
        self._stepping.begin(tracee, ended.ip)
        held_ns, walked = self._stepping.resume(tracee, now_ns, ended.ip, signo)
        return held_ns, (*unwatched, *walked)

    def _glance(self, tracee: Tracee, signo: int) -> bool:
        """Note what a delivery begins that is not told; whether it interrupted a call."""
        seen = self._deliveries.glance(tracee, signo)
        if seen.runs_handler:
            handler = observe.handler_of(tracee, signo)
            tracee.following.handler_entered(handler, told=False)
        return seen.interrupts

    def _pass_on(self, tracee: Tracee, signo: int, now_ns: int) -> None:
        """Deliver at once; a thread out of credit is soon no longer followed either."""
        was_followed = tracee.following.innermost is not None
        is_followed = tracee.following.outlives_pass() and not self._glance(tracee, signo)
        self._decided += 1 if is_followed else tracee.following.abandon() + 1
        self._handlers.passing(tracee, signo)
        self._resuming.resume(tracee, now_ns, signo)
        self._deliveries.count_passed(tracee, signo, now_ns)
        if is_followed:
            # At once: what is seen next of the thread may be owed to it.
            self._deliveries.tell_passed(tracee)
        elif was_followed:
            self._syscall_stops.tell_ended(
                tracee, "no longer followed, so that the program makes progress"
            )

    def _trap(self, tracee: Tracee, now_ns: int) -> None:
        """A new thread's first stop, or SIGCONT: which traps every seized thread."""
        if tracee.fresh or tracee.interrupted:
            self._first_stop(tracee, now_ns)
            return
        stopped_by, tracee.stopped_by = tracee.stopped_by, None
        call, python, stack = self._meet_call(tracee, now_ns)
        held_ns, walked = self._go_on(tracee, call, now_ns)
        self._emit(
            ContinueTrapped(
                now_ns,
                tracee.process.tgid,
                tracee.tid,
                call,
                was_stopped=stopped_by is not None,
                python=python,
                held_ns=held_ns,
                reduced=observe.reductions(tracee),
            ),
            *told_with(tracee, stack),
            *walked,
        )

    def _group_stop(self, tracee: Tracee, signo: int, now_ns: int) -> None:
        tracee.fresh = tracee.interrupted = False
        tracee.stopped_by = signo
        call, python, stack = self._meet_call(tracee, now_ns)
        binding.listen(tracee.tid)
        self._resuming.forget(tracee)
        self._emit(
            GroupStopped(
                now_ns,
                tracee.process.tgid,
                tracee.tid,
                signo,
                signal_name(signo),
                call,
                python=python,
                held_ns=time.monotonic_ns() - now_ns,
                reduced=observe.reductions(tracee),
            ),
            *told_with(tracee, stack),
        )

    def _meet_call(
        self, tracee: Tracee, now_ns: int
    ) -> tuple[InterruptedCall | None, PythonSnapshot | None, StackCopy | None]:
        """The call a group-stop or trap met; the thread is followed if it was interrupted."""
        registers = read_registers(tracee.tid)
        tracee.fs_base = registers.fs_base
        call = observe.call_in_progress(tracee, registers)
        if call is None or not was_interrupted(call):
            return call, None, None
        python = stack = None
        # SIGCONT traps every thread, all at once: only those it can harm are read.
        if call.retval == -errno.EINTR:
            python = observe.python_state(tracee, None)
            stack = copy_stack(tracee, StackMoment.INTERRUPTED, call.syscall, now_ns)
        self._syscall_stops.met(tracee, call, python)
        return call, python, stack

    # Threads that make no stop

    @property
    def expects_stop(self) -> bool:
        """Whether a thread will soon stop again: one that is followed to its outcome."""
        return self._resuming.every_syscall or self._resuming.next_quiet_ns() is not None

    def next_quiet_ns(self) -> int | None:
        """When the next thing is to be looked at that no stop will tell of."""
        planned = (
            self._handlers.next_look_ns(),
            self._resuming.next_quiet_ns(),
            self._connections.next_look_ns(),
            self._first_stops.next_look_ns(),
        )
        return min((at_ns for at_ns in planned if at_ns is not None), default=None)

    def look_at_quiet(self, now_ns: int) -> None:
        """Tell of followed threads that made no stop for too long, and of sockets; reads only."""
        self._probes.renew()
        self._handlers.look(now_ns)
        self._resuming.look_at_quiet(now_ns)
        self._connections.look(now_ns)
        self._first_stops.look(now_ns)

    def finish(self) -> None:
        """Tell what is still untold: sums of deliveries that were passed on, handlers to come."""
        self._stepping.finish()
        for tracee in self._roster.tracees.values():
            self._deliveries.tell_passed(tracee)
        self._probes.finish()
        self._handlers.finish()
