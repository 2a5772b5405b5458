"""The tracer: what it does with each stop, and when it lets a thread sleep again.

Every handler of a stop follows one order: look, resume the thread, then tell. A thread that
was killed while it was held (ESRCH) is left to its exit, which is reported next.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from contextlib import suppress
from typing import assert_never

from eintr_trace.facts.restart_codes import restart_code_name
from eintr_trace.facts.signals import signal_name
from eintr_trace.interpreter.errors import MemoryUnreadableError
from eintr_trace.model.events import (
    ContinueTrapped,
    Event,
    FollowEnded,
    GroupStopped,
    HandlerReturned,
    HandlerReturning,
    InterruptedCall,
    SyscallEntered,
    SyscallExited,
    WentQuiet,
)
from eintr_trace.model.python_state import PythonSnapshot
from eintr_trace.sources.live import binding, observe, proc
from eintr_trace.sources.live.binding import Resume, SyscallInfo, SyscallOp
from eintr_trace.sources.live.deliveries import Deliveries
from eintr_trace.sources.live.follow import Follow
from eintr_trace.sources.live.registers import (
    RT_SIGRETURN_NR,
    read_registers,
    saved_frame_at_sigreturn,
)
from eintr_trace.sources.live.roster import Roster
from eintr_trace.sources.live.tracee import Moment, Tracee
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

QUIET_AFTER_NS = 100_000_000  # an outcome not known by then is told as it stands


class Tracer:
    """Serves the stops of all traced threads; one thread, never more than one stop at a time."""

    def __init__(
        self, roster: Roster, emit: Callable[[Event], None], signals: frozenset[int] | None
    ) -> None:
        self._roster = roster
        self._emit = emit
        # Followed threads whose outcome is open, the one with the oldest stop first.
        self._watched: dict[int, Tracee] = {}
        self._deliveries = Deliveries(roster, emit, signals)
        self._wait_round = 0
        self.deliveries_decided = 0

    @property
    def deliveries_seen(self) -> int:
        """Deliveries of the signals asked for, looked at or not."""
        return self._deliveries.seen

    @property
    def deliveries_passed(self) -> int:
        """Those that were passed on unread for the sake of the program's progress."""
        return self._deliveries.passed

    def serve(self, tid: int, stop: Stop, wait_round: int) -> None:
        """Serve one stop; ``wait_round`` counts the times the wait loop has slept."""
        now_ns = time.monotonic_ns()
        # Killed while held: its exit is reported next.
        with suppress(ProcessLookupError):
            tracee = self._roster.tracees.get(tid)
            if tracee is None:
                self._serve_unknown(tid, stop, now_ns)
                return
            self._wait_round = tracee.held_in_round = wait_round
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
        match stop:
            case SignalDeliveryStop(signo):
                self._delivery(tracee, signo, now_ns)
            case SyscallStop():
                self._syscall_stop(tracee, now_ns)
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

    def _resume(self, tracee: Tracee, stopped_ns: int, signo: int = 0) -> int:
        """Let the thread go on, asleep or followed; returns how long it was held."""
        following = tracee.following
        how = Resume.CONT if following.innermost is None else Resume.SYSCALL
        binding.resume(tracee.tid, how, signo)
        now_ns = time.monotonic_ns()
        tracee.budget.spend(now_ns - stopped_ns)
        following.last_stop_ns = now_ns
        self._watched.pop(tracee.tid, None)
        if following.is_open:
            self._watched[tracee.tid] = tracee
        return now_ns - stopped_ns

    # Beginnings and ends

    def _first_stop(self, tracee: Tracee, now_ns: int) -> None:
        tracee.fresh = False
        self._resume(tracee, now_ns)

    def _event(self, tracee: Tracee, event: PtraceEvent, now_ns: int) -> None:
        if event is PtraceEvent.EXEC:
            self._executed(tracee, now_ns)
            return
        made = binding.event_message(tracee.tid)
        self._resume(tracee, now_ns)
        self._roster.enrol(made)

    def _executed(self, tracee: Tracee, now_ns: int) -> None:
        consume_exec_stop(tracee.tid)
        former_tid = binding.event_message(tracee.tid)
        for thread in self._roster.threads_of(tracee.process):
            self._forget(thread, "the process has executed another program")
        self._resume(tracee, now_ns)
        self._roster.executed(tracee.process, former_tid, now_ns)

    def _ended(self, tracee: Tracee, end: Exited | Killed, now_ns: int) -> None:
        reap(tracee.tid)
        self._forget(tracee, "the thread has ended")
        status = end.status if isinstance(end, Exited) else None
        signo = end.signo if isinstance(end, Killed) else None
        self._roster.ended(tracee, now_ns, status=status, signo=signo)

    def _forget(self, tracee: Tracee, reason: str) -> None:
        """Follow a thread no more, because it is none any more."""
        self._watched.pop(tracee.tid, None)
        self._deliveries.tell_passed(tracee)
        if tracee.following.innermost is not None:
            self.deliveries_decided += tracee.following.abandon()
            self._tell_ended(tracee, reason)

    # Signals

    def _delivery(self, tracee: Tracee, signo: int, now_ns: int) -> None:
        if not self._deliveries.asked_for(signo):
            if self._deliveries.glance(tracee, signo):
                handler = observe.handler_of(tracee, signo)
                tracee.following.handler_entered(handler, told=False)
            self._resume(tracee, now_ns, signo)
            return
        if not tracee.budget.allows(now_ns):
            self._pass_on(tracee, signo, now_ns)
            return
        event = self._deliveries.look(tracee, signo, now_ns, self._wait_round)
        self._met(tracee, event.call, event.python)
        tracee.following.delivered(event)
        if tracee.following.innermost is None:
            self.deliveries_decided += 1
        held_ns = self._resume(tracee, now_ns, signo)
        self._deliveries.tell(tracee, event, held_ns)

    def _pass_on(self, tracee: Tracee, signo: int, now_ns: int) -> None:
        """Deliver at once; a thread out of credit is no longer followed either."""
        was_followed = tracee.following.innermost is not None
        self.deliveries_decided += tracee.following.abandon() + 1
        self._resume(tracee, now_ns, signo)
        self._deliveries.count_passed(tracee, signo, now_ns)
        if was_followed:
            self._tell_ended(tracee, "no longer followed, so that the program makes progress")

    def _trap(self, tracee: Tracee, now_ns: int) -> None:
        """A new thread's first stop, or SIGCONT: which traps every seized thread."""
        if tracee.fresh:
            self._first_stop(tracee, now_ns)
            return
        stopped_by, tracee.stopped_by = tracee.stopped_by, None
        call, python = self._meet_call(tracee)
        held_ns = self._resume(tracee, now_ns)
        self._emit(
            ContinueTrapped(
                now_ns,
                tracee.process.tgid,
                tracee.tid,
                call,
                was_stopped=stopped_by is not None,
                python=python,
                held_ns=held_ns,
            )
        )

    def _group_stop(self, tracee: Tracee, signo: int, now_ns: int) -> None:
        tracee.fresh = False
        tracee.stopped_by = signo
        call, python = self._meet_call(tracee)
        binding.listen(tracee.tid)
        self._watched.pop(tracee.tid, None)
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
            )
        )

    def _meet_call(self, tracee: Tracee) -> tuple[InterruptedCall | None, PythonSnapshot | None]:
        """The call a group-stop or trap met; the thread is followed if it was interrupted."""
        registers = read_registers(tracee.tid)
        tracee.fs_base = registers.fs_base
        call = observe.call_in_progress(tracee, registers)
        if call is None or not was_interrupted(call):
            return call, None
        # SIGCONT traps every thread, all at once: only those it can harm are read.
        python = observe.python_state(tracee, None) if call.retval == -errno.EINTR else None
        self._met(tracee, call, python)
        return call, python

    # Following

    def _met(
        self, tracee: Tracee, call: InterruptedCall | None, python: PythonSnapshot | None
    ) -> None:
        """Follow the thread if a call was interrupted, and not already for this very call.

        Several stops can meet one interruption before the thread runs again: a trap and a
        delivery (SIGCONT), a group-stop and its end, two signals at once.
        """
        if call is None or not was_interrupted(call):
            return
        innermost = tracee.following.innermost
        if innermost is not None and not innermost.ran:
            return
        tracee.following.begin(Follow(call.syscall, python))

    def _tell_ended(self, tracee: Tracee, reason: str) -> None:
        now_ns = time.monotonic_ns()
        self._emit(FollowEnded(now_ns, tracee.process.tgid, tracee.tid, reason))

    def _syscall_stop(self, tracee: Tracee, now_ns: int) -> None:
        follow = tracee.following.innermost
        info = binding.syscall_information(tracee.tid)
        if info is None or follow is None:
            self._resume(tracee, now_ns)
            return
        match info.op:
            case SyscallOp.ENTRY if info.nr == RT_SIGRETURN_NR:
                self._handler_returning(tracee, follow, info, now_ns)
            case SyscallOp.ENTRY:
                self._entered(tracee, follow, info, now_ns)
            case SyscallOp.EXIT:
                self._exited(tracee, info, now_ns)
            case _:
                assert_never(info.op)

    def _handler_returning(
        self, tracee: Tracee, follow: Follow, info: SyscallInfo, now_ns: int
    ) -> None:
        if not tracee.following.handler_returned():
            tracee.following.entered_nr = None
            self._resume(tracee, now_ns)
            return
        tracee.following.entered_nr = RT_SIGRETURN_NR
        try:
            frame = saved_frame_at_sigreturn(info.sp, tracee.process.memory.read)
        except MemoryUnreadableError:
            frame = None
        handler = observe.handler_of(tracee, follow.signo)
        held_ns = self._resume(tracee, now_ns)
        self._emit(
            HandlerReturning(
                now_ns,
                tracee.process.tgid,
                tracee.tid,
                saved_retval=None if frame is None else frame.retval,
                saved_ip=None if frame is None else frame.ip,
                python=None if handler is None else PythonSnapshot((), (), handler),
                held_ns=held_ns,
            )
        )

    def _entered(self, tracee: Tracee, follow: Follow, info: SyscallInfo, now_ns: int) -> None:
        assert info.nr is not None  # an entry has both (SyscallInfo)
        assert info.args is not None
        syscall = observe.syscall_made(tracee, info.nr, info.args)
        python = None
        if follow.wants_python(syscall):
            python = observe.python_state(tracee, follow.signo, before=follow.python)
        self.deliveries_decided += tracee.following.entered(syscall, python)
        held_ns = self._resume(tracee, now_ns)
        tgid, tid = tracee.process.tgid, tracee.tid
        self._emit(SyscallEntered(now_ns, tgid, tid, syscall, info.ip, info.sp, python, held_ns))
        if tracee.following.innermost is None:
            self._tell_ended(tracee, "the thread has gone on to another call")

    def _exited(self, tracee: Tracee, info: SyscallInfo, now_ns: int) -> None:
        assert info.retval is not None  # an exit has it (SyscallInfo)
        nr = tracee.following.entered_nr
        interrupted = restart_code_name(info.retval) is not None
        if interrupted:
            tracee.woken = Moment(self._wait_round, now_ns)
        tracee.following.exited(interrupted=interrupted)
        held_ns = self._resume(tracee, now_ns)
        tgid, tid = tracee.process.tgid, tracee.tid
        if nr == RT_SIGRETURN_NR:
            self._emit(HandlerReturned(now_ns, tgid, tid, info.retval, held_ns))
        elif nr is not None:
            name = binding.syscall_name(nr)
            self._emit(SyscallExited(now_ns, tgid, tid, name, nr, info.retval, held_ns))
        if tracee.following.innermost is None:
            self._tell_ended(tracee, "the call made again has ended")

    # Threads that make no stop

    def next_quiet_ns(self) -> int | None:
        """When the next followed thread will have been without a stop for too long."""
        oldest = next(iter(self._watched.values()), None)
        return None if oldest is None else oldest.following.last_stop_ns + QUIET_AFTER_NS

    def look_at_quiet(self, now_ns: int) -> None:
        """Tell of followed threads that made no stop for ``QUIET_AFTER_NS``; reads only."""
        while (at_ns := self.next_quiet_ns()) is not None and at_ns <= now_ns:
            tracee = self._watched.pop(next(iter(self._watched)))
            number = proc.blocked_call_number(tracee.tid)
            self._emit(
                WentQuiet(
                    now_ns,
                    tracee.process.tgid,
                    tracee.tid,
                    now_ns - tracee.following.last_stop_ns,
                    python=observe.agreeing_python_state(tracee, None),
                    blocked_in=None if number is None else binding.syscall_name(number),
                )
            )

    def finish(self) -> None:
        """Tell what is still untold: sums of deliveries that were passed on."""
        for tracee in self._roster.tracees.values():
            self._deliveries.tell_passed(tracee)


def was_interrupted(call: InterruptedCall) -> bool:
    """Whether a signal met the call in progress: a restart code or EINTR in rax."""
    return restart_code_name(call.retval) is not None
