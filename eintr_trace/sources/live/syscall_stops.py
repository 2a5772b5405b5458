"""What is done with a followed thread: from the interruption, stop by stop, to the outcome."""

from __future__ import annotations

import errno
import time
from typing import assert_never

from eintr_trace.facts.restart_codes import restart_code_name
from eintr_trace.interpreter.errors import MemoryUnreadableError
from eintr_trace.model.events import (
    Event,
    FollowEnded,
    HandlerReturned,
    HandlerReturning,
    InterruptedCall,
    SyscallEntered,
    SyscallExited,
)
from eintr_trace.model.python_state import PythonSnapshot
from eintr_trace.model.stack_events import StackMoment
from eintr_trace.sources.live import binding, observe
from eintr_trace.sources.live.binding import SyscallInfo, SyscallOp
from eintr_trace.sources.live.call_results import EndedCall
from eintr_trace.sources.live.connections import Connections
from eintr_trace.sources.live.decision_probes import DecisionProbes
from eintr_trace.sources.live.emit import Emit
from eintr_trace.sources.live.follow import Follow
from eintr_trace.sources.live.handler_watch import HandlerWatches
from eintr_trace.sources.live.registers import RT_SIGRETURN_NR, saved_frame_at_sigreturn
from eintr_trace.sources.live.resuming import Resuming
from eintr_trace.sources.live.stack_copies import copy_stack, told_with
from eintr_trace.sources.live.stepping import Stepping
from eintr_trace.sources.live.tracee import Moment, Tracee


class SyscallStops:
    """Begins to follow threads, serves their syscall-stops, tells when following ends."""

    def __init__(
        self,
        resuming: Resuming,
        handlers: HandlerWatches,
        probes: DecisionProbes,
        connections: Connections,
        stepping: Stepping,
        emit: Emit,
    ) -> None:
        self._resuming = resuming
        self._stepping = stepping
        self._handlers = handlers
        self._probes = probes
        self._connections = connections
        self._emit = emit
        self.deliveries_decided = 0

    def met(
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

    def tell_ended(self, tracee: Tracee, reason: str) -> None:
        """Tell that the thread, which goes on, is not followed any more."""
        now_ns = time.monotonic_ns()
        self._probes.disarm(tracee, now_ns)
        self._emit(FollowEnded(now_ns, tracee.process.tgid, tracee.tid, reason))

    def serve(self, tracee: Tracee, now_ns: int) -> None:
        """Serve a syscall-enter-stop or a syscall-exit-stop."""
        follow = tracee.following.innermost
        info = binding.syscall_information(tracee.tid)
        if info is None:
            self._resuming.resume(tracee, now_ns)
            return
        if follow is None:
            self._serve_ordinary(tracee, info, now_ns)
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
        self, tracee: Tracee, follow: Follow | None, info: SyscallInfo, now_ns: int
    ) -> None:
        """Serve rt_sigreturn's entry; ``follow`` is ``None`` where it interrupted no call."""
        if not tracee.following.handler_returned():
            tracee.following.entered_nr = None
            self._resuming.resume(tracee, now_ns)
            return
        tracee.following.entered_nr = RT_SIGRETURN_NR
        try:
            frame = saved_frame_at_sigreturn(info.sp, tracee.process.memory.read)
        except MemoryUnreadableError:
            frame = None
        handler = None if follow is None else observe.handler_of(tracee, follow.signo)
        self._handlers.returning(tracee, handler)
        held_ns = self._resuming.resume(tracee, now_ns)
        self._emit(
            HandlerReturning(
                now_ns,
                tracee.process.tgid,
                tracee.tid,
                saved_retval=None if frame is None else frame.retval,
                saved_ip=None if frame is None else frame.ip,
                python=None if handler is None else PythonSnapshot((), (), handler),
                held_ns=held_ns,
                saved_mask=None if frame is None else frame.mask,
            )
        )

    def _entered(self, tracee: Tracee, follow: Follow, info: SyscallInfo, now_ns: int) -> None:
        assert info.nr is not None  # an entry has both (SyscallInfo)
        assert info.args is not None
        named = not self._resuming.every_syscall
        syscall = observe.syscall_made(tracee, info.nr, info.args, with_names=named)
        python = None
        decided = follow.wants_python(syscall)
        if decided:
            python = observe.python_state(tracee, follow.signo, before=follow.python)
        stack = None
        if follow.takes_stack(syscall, python):
            stack = copy_stack(tracee, StackMoment.ENTERING, syscall, now_ns)
        self.deliveries_decided += tracee.following.entered(syscall, python)
        held_ns = self._resuming.resume(tracee, now_ns)
        if decided:
            self._probes.disarm(tracee, now_ns)
        # Told first, so that the verdict on the exception has it from the start.
        self._connections.look_after(tracee, follow, python, now_ns)
        tgid, tid = tracee.process.tgid, tracee.tid
        entered = SyscallEntered(now_ns, tgid, tid, syscall, info.ip, info.sp, python, held_ns)
        self._emit(*told_with(tracee, stack), entered)
        if tracee.following.innermost is None:
            self.tell_ended(tracee, "the thread has gone on to another call")

    def _exited(self, tracee: Tracee, info: SyscallInfo, now_ns: int) -> None:
        assert info.retval is not None  # an exit has it (SyscallInfo)
        nr = tracee.following.entered_nr
        interrupted = restart_code_name(info.retval) is not None
        if interrupted:
            tracee.woken = Moment(tracee.held_in_round, now_ns)
        tracee.following.exited(interrupted=interrupted)
        unwatched: tuple[Event, ...] = ()
        if nr == RT_SIGRETURN_NR and info.retval == -errno.EINTR:
            unwatched = self._probes.arm(tracee, info.sp, now_ns)
            self._stepping.begin(tracee, info.ip)
        ended = self._ended(tracee, nr, info.retval)
        held_ns, walked = self._stepping.resume(tracee, now_ns, info.ip)
        tgid, tid = tracee.process.tgid, tracee.tid
        if nr == RT_SIGRETURN_NR:
            returned = HandlerReturned(now_ns, tgid, tid, info.retval, held_ns)
            self._emit(returned, *unwatched, *walked)
        elif nr is not None:
            name = binding.syscall_name(nr)
            told = (held_ns, ended.text, ended.result)
            exited = SyscallExited(now_ns, tgid, tid, name, nr, info.retval, *told)
            self._emit(exited, *walked)
        if tracee.following.innermost is None:
            self.tell_ended(tracee, "the call made again has ended")

    # Where every call is traced: those that belong to no interruption

    def _serve_ordinary(self, tracee: Tracee, info: SyscallInfo, now_ns: int) -> None:
        """Serve a stop of a thread that is not followed; no Python state is read."""
        match info.op:
            case SyscallOp.ENTRY if info.nr == RT_SIGRETURN_NR:
                self._handler_returning(tracee, None, info, now_ns)
            case SyscallOp.ENTRY:
                self._ordinary_entered(tracee, info, now_ns)
            case SyscallOp.EXIT:
                self._ordinary_exited(tracee, info, now_ns)
            case _:
                assert_never(info.op)

    def _ordinary_entered(self, tracee: Tracee, info: SyscallInfo, now_ns: int) -> None:
        assert info.nr is not None  # an entry has both (SyscallInfo)
        assert info.args is not None
        syscall = observe.syscall_in_brief(tracee, info.nr, info.args)
        tracee.following.entered_nr = info.nr
        held_ns = self._resuming.resume_ordinary(tracee, now_ns)
        tgid, tid = tracee.process.tgid, tracee.tid
        self._emit(SyscallEntered(now_ns, tgid, tid, syscall, held_ns=held_ns))

    def _ordinary_exited(self, tracee: Tracee, info: SyscallInfo, now_ns: int) -> None:
        assert info.retval is not None  # an exit has it (SyscallInfo)
        nr, tracee.following.entered_nr = tracee.following.entered_nr, None
        if restart_code_name(info.retval) is not None:
            tracee.woken = Moment(tracee.held_in_round, now_ns)
        ended = self._ended(tracee, nr, info.retval)
        held_ns = self._resuming.resume_ordinary(tracee, now_ns)
        tgid, tid = tracee.process.tgid, tracee.tid
        if nr == RT_SIGRETURN_NR:
            self._emit(HandlerReturned(now_ns, tgid, tid, info.retval, held_ns))
        elif nr is not None:
            name = binding.syscall_name(nr)
            told = (held_ns, ended.text, ended.result)
            self._emit(SyscallExited(now_ns, tgid, tid, name, nr, info.retval, *told))

    def _ended(self, tracee: Tracee, nr: int | None, retval: int) -> EndedCall:
        if nr is None or not self._resuming.every_syscall:
            return EndedCall(None, None)
        return observe.ended_call(tracee, nr, retval)


def was_interrupted(call: InterruptedCall) -> bool:
    """Whether a signal met the call in progress: a restart code or EINTR in rax."""
    return restart_code_name(call.retval) is not None
