"""``--step``: the whole way of a thread from EINTR to the decision, one instruction at a time.

It begins where the interrupted call has given EINTR to user space and ends at a landmark: where
an exception is made of errno, where the Python handler that is due would be run (which is Python
code, and not stepped), at the next system call, or in the evaluation loop. A ``syscall``
instruction is never stepped over: the thread would sleep in single-step mode. The interpreter's
own calls, to take the GIL, are made like those of any followed thread; the walk goes on at their
end, and other threads' stops are served meanwhile.

While a thread steps the tracer serves no other stop, and its death would kill the thread. So
there is one walk at a time, one for each place and kind of interruption, and none on the credit of
a thread that has been held for too long (``hold_budget``).

PTRACE_SINGLEBLOCK, one stop a branch, is not used: a ``syscall`` inside of a block is to be seen
before it is executed, which would take a disassembler; and a virtual machine ignores it.
"""

from __future__ import annotations

import base64
import signal
import time
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import assert_never

from eintr_trace.facts.syscalls import is_bookkeeping
from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.python_state import HandlerKind
from eintr_trace.model.stack_events import Stepped
from eintr_trace.sources.live import binding, observe, proc
from eintr_trace.sources.live.emit import Emit, Told
from eintr_trace.sources.live.follow import Follow
from eintr_trace.sources.live.landmarks import Landmark, Landmarks
from eintr_trace.sources.live.registers import read_registers
from eintr_trace.sources.live.resuming import Resuming
from eintr_trace.sources.live.same_processor import on_processor_of
from eintr_trace.sources.live.tracee import Tracee
from eintr_trace.sources.live.wait_status import (
    Exited,
    GroupStop,
    Killed,
    SignalDeliveryStop,
    Stop,
    SyscallStop,
    TrapStop,
    look_at,
)

_MOST_STEPS = 3000
_MOST_PAID_NS = 50_000_000  # what is asked for beyond is not paid for by passing deliveries on
_MOST_CALLS = 16  # of the interpreter's own
_MOST_TRIES = 3  # of walks that something else ended
_MOST_PLACES = 4096
_BREATHER_STEPS = 400  # half of what the rings for merged signals hold; each step tells of a stop
_LOOK_AGAIN_S = 0.1
_SIGCHLD = frozenset({signal.SIGCHLD})

_LEFT_BY_ITSELF = frozenset({PathEnd.SIGNAL, PathEnd.ENDED})
_INCONCLUSIVE = _LEFT_BY_ITSELF | {PathEnd.TOO_LONG}


@dataclass(eq=False)
class _Walk:
    """One walk under way; ``addresses`` are those of the instructions that the thread came to."""

    tracee: Tracee
    follow: Follow
    place: Hashable
    landmarks: Landmarks
    addresses: array[int] = field(default_factory=lambda: array("Q"))
    took_ns: int = 0
    calls: int = 0


@dataclass(frozen=True)
class _Walked:
    """A walk that has ended, still to be compressed; fields as in ``Stepped``."""

    time_ns: int
    tgid: int
    tid: int
    addresses: bytes
    end: PathEnd
    took_ns: int

    def event(self) -> Stepped:
        """The event of it."""
        packed = base64.b64encode(zlib.compress(self.addresses)).decode("ascii")
        return Stepped(self.time_ns, self.tgid, self.tid, packed, self.end, self.took_ns)

    def stand_in(self) -> None:
        """Nothing: a place is walked once."""


class Stepping:
    """Single-steps one thread at a time, once for each place; ``breathe`` is called on the way.

    A walk takes ``most_ns`` at most, ``None``: there are none.
    """

    def __init__(
        self,
        resuming: Resuming,
        emit: Emit,
        breathe: Callable[[], None],
        most_ns: int | None,
    ) -> None:
        self._resuming = resuming
        self._emit = emit
        self._breathe = breathe
        self._most_ns = most_ns
        self._traps = binding.StepTraps()
        self._walk: _Walk | None = None
        # The thread that may have TF set: its last step had not ended when it was waited for no
        # longer, or it is in a stop of another kind, which is still to be served.
        self._in_step_mode: Tracee | None = None
        self._tries: Counter[Hashable] = Counter()

    def begin(self, tracee: Tracee, ip: int) -> None:
        """The interrupted call has given EINTR at ``ip``: walk from here on, if that is new."""
        follow = tracee.following.innermost
        if self._most_ns is None or follow is None or self._is_busy():
            return
        if not tracee.budget.allows(time.monotonic_ns()):
            return
        place = _place(tracee, follow, ip)
        if self._tries[place] >= _MOST_TRIES:
            return
        if len(self._tries) > _MOST_PLACES:
            self._tries.clear()
        self._tries[place] += 1
        self._walk = _Walk(tracee, follow, place, Landmarks(tracee.process))

    def _is_busy(self) -> bool:
        """Whether a walk waits for the end of a call, and its thread is still followed."""
        return self._walk is not None and self._walk.tracee.following.innermost is not None

    def resume(
        self, tracee: Tracee, stopped_ns: int, ip: int, signo: int = 0
    ) -> tuple[int, tuple[Told, ...]]:
        """Let a thread at ``ip`` go on as Resuming.resume() does, by steps first if it walks.

        Returns how long it was held, and what is to be told of its walk once that has ended.
        """
        walk = self._walk
        if walk is None or walk.tracee is not tracee or self._most_ns is None:
            return self._resuming.resume(tracee, stopped_ns, signo), ()
        began_ns = time.monotonic_ns()
        known = len(walk.addresses)
        with on_processor_of(tracee.tid):
            end = self._step(walk, ip, signo, began_ns + self._most_ns - walk.took_ns)
        took_ns = time.monotonic_ns() - began_ns
        tracee.budget.excuse(took_ns - max(0, min(took_ns, _MOST_PAID_NS - walk.took_ns)))
        walk.took_ns += took_ns
        if end is PathEnd.SIGNAL:
            self._in_step_mode = tracee
        if end is PathEnd.ENDED or self._in_step_mode is tracee:
            held_ns = self._resuming.stopped_again(tracee, stopped_ns)
        else:
            undelivered = signo if len(walk.addresses) == known + 1 else 0
            held_ns = self._resuming.resume(tracee, stopped_ns, undelivered)
        return held_ns, () if end is None else self._finish(walk, end, stopped_ns)

    def takes(self, tracee: Tracee, stop: Stop, now_ns: int) -> bool:
        """Whether a stop is only owed to a step; any but a call's ends a walk."""
        in_step_mode = self._in_step_mode is tracee
        if in_step_mode:
            self._in_step_mode = None
        if isinstance(stop, SyscallStop):
            return False
        if self._walk is not None and self._walk.tracee is tracee:
            ended = isinstance(stop, Exited | Killed)
            end = PathEnd.ENDED if ended else PathEnd.SIGNAL
            for told in self._finish(self._walk, end, now_ns):
                self._emit(told)
        if not in_step_mode:
            return False
        match stop:
            case GroupStop():
                binding.stop_anew(tracee.tid)
                return True
            case SignalDeliveryStop() if self._traps.instruction_after(tracee.tid) is not None:
                self._resuming.resume(tracee, now_ns)
                return True
            case _:
                return False

    def finish(self) -> None:
        """Leave no thread in single-step mode, which the tracer's end would kill."""
        tracee, self._in_step_mode = self._in_step_mode, None
        if tracee is None:
            return
        # Ended meanwhile, or replaced by another thread's exec.
        with suppress(ProcessLookupError, ChildProcessError):
            while (stop := look_at(tracee.tid)) is None and not proc.is_ending(tracee.tid):
                signal.sigtimedwait(_SIGCHLD, _LOOK_AGAIN_S)
            match stop:
                case GroupStop():
                    binding.stop_anew(tracee.tid)
                case SignalDeliveryStop(signo):
                    trapped = self._traps.instruction_after(tracee.tid) is not None
                    binding.resume(tracee.tid, binding.Resume.CONT, 0 if trapped else signo)
                case TrapStop():
                    binding.resume(tracee.tid, binding.Resume.CONT)
                case _:
                    pass

    def _step(self, walk: _Walk, ip: int, signo: int, deadline_ns: int) -> PathEnd | None:
        """Step until the walk ends, or (``None``) to a call that is made as usual."""
        try:
            return self._step_to_end(walk, ip, signo, deadline_ns)
        except (ProcessLookupError, ChildProcessError):  # killed, or replaced by an exec
            return PathEnd.ENDED
        except BaseException:
            # A defect of ours ends the tracer, which would kill a thread in single-step mode.
            with suppress(OSError):
                binding.resume(walk.tracee.tid, binding.Resume.CONT)
            raise

    def _step_to_end(self, walk: _Walk, ip: int, signo: int, deadline_ns: int) -> PathEnd | None:
        addresses, landmarks, tid = walk.addresses, walk.landmarks, walk.tracee.tid
        while True:
            addresses.append(ip)
            landmark = landmarks.at(ip)
            if landmark is not None:
                end = self._end_at(walk, landmark)
                if end is not None or landmark is Landmark.CALL:
                    return end
            if len(addresses) > _MOST_STEPS:
                return PathEnd.TOO_MANY_STEPS
            if len(addresses) % _BREATHER_STEPS == 0:
                self._breathe()
            binding.single_step(tid, signo)
            arrival = self._arrival(walk.tracee, deadline_ns)
            if isinstance(arrival, PathEnd):
                return arrival
            ip, signo = arrival, 0

    def _arrival(self, tracee: Tracee, deadline_ns: int) -> int | PathEnd:
        """Wait until a step has ended; the address that the thread has come to."""
        while True:
            left_ns = deadline_ns - time.monotonic_ns()
            # Only a hint, as in the wait loop, which sweeps before it sleeps again.
            signal.sigtimedwait(_SIGCHLD, max(0, left_ns) / 1e9)
            try:
                address = self._traps.instruction_after(tracee.tid)
            except ProcessLookupError:  # not stopped yet, or ended
                if isinstance(look_at(tracee.tid), Exited | Killed):
                    return PathEnd.ENDED
                if left_ns <= 0:
                    self._in_step_mode = tracee
                    return PathEnd.TOO_LONG
                continue
            if address is None:
                return PathEnd.SIGNAL
            return address if left_ns > 0 else PathEnd.TOO_LONG

    def _end_at(self, walk: _Walk, landmark: Landmark) -> PathEnd | None:
        match landmark:
            case Landmark.ERRNO_EXCEPTION:
                return PathEnd.DECISION
            case Landmark.SIGNAL_CHECK:
                return PathEnd.HANDLER_DUE if _tripped(walk) is True else None
            case Landmark.PYTHON_CODE:
                # CPython clears the mark right before it calls the handler.
                is_handler = _tripped(walk) is False
                return PathEnd.HANDLER_DUE if is_handler else PathEnd.EVALUATION_LOOP
            case Landmark.EVALUATION_LOOP:
                return PathEnd.EVALUATION_LOOP
            case Landmark.TRAP_FLAG:
                return PathEnd.TRAP_FLAG
            case Landmark.CALL:
                return _end_at_call(walk)
        assert_never(landmark)

    def _finish(self, walk: _Walk, end: PathEnd, now_ns: int) -> tuple[Told, ...]:
        self._walk = None
        if end not in _INCONCLUSIVE:
            self._tries[walk.place] = _MOST_TRIES
        tracee = walk.tracee
        if len(walk.addresses) <= 1:
            self._tries[walk.place] -= 1
            return ()
        process = tracee.process
        addresses = walk.addresses.tobytes()
        walked = _Walked(now_ns, process.tgid, tracee.tid, addresses, end, walk.took_ns)
        mapped = process.code.news(now_ns)
        return (walked,) if mapped is None else (mapped, walked)


def _end_at_call(walk: _Walk) -> PathEnd | None:
    """``None``: a call of the interpreter's own, after which the walk goes on."""
    registers = read_registers(walk.tracee.tid)
    nr, interrupted = registers.retval, walk.follow.call  # rax, before the call is made
    first = registers.args[: len(interrupted.args or ())][:1]
    if nr == interrupted.nr and first == (interrupted.args or ())[:1]:
        return PathEnd.CALLED_AGAIN
    walk.calls += 1
    own = is_bookkeeping(binding.syscall_name(nr)) and walk.calls <= _MOST_CALLS
    return None if own else PathEnd.OTHER_CALL


def _tripped(walk: _Walk) -> bool | None:
    """CPython's mark for the Python handler of the signal; ``None``: none is run here."""
    python = walk.follow.python
    if python is None or not python.is_python_main_thread:
        return None
    handler = observe.handler_of(walk.tracee, walk.follow.signo)
    if handler is None or handler.kind is not HandlerKind.FUNCTION:
        return None
    return handler.tripped


def _place(tracee: Tracee, follow: Follow, ip: int) -> Hashable:
    """What makes one interruption the same as another, as far as the way of C code goes."""
    python = follow.python
    frame = None if python is None or not python.frames else python.frames[0]
    handler = None if python is None else python.handler
    return (
        proc.program_image(tracee.process.tgid),
        follow.call.nr,
        ip,
        None if frame is None else (frame.code_address, frame.instruction_offset),
        None if handler is None else handler.kind,
        None if python is None else python.is_python_main_thread,
    )
