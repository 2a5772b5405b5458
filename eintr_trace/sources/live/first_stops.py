"""Having threads stop once, so that all their calls are seen: only where that ends no call.

A thread that was seized makes no syscall-stops before its first stop. PTRACE_INTERRUPT makes
one, but gives up the call that the thread is blocked in as a signal without a handler does: the
kernel then makes most calls again, while some return EINTR, and some what they have done by then.
"""

from __future__ import annotations

import errno
import socket
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from eintr_trace.facts.restart_codes import restart_code_name
from eintr_trace.model.events import Warned
from eintr_trace.sources.live import binding, proc
from eintr_trace.sources.live.at_risk import Look
from eintr_trace.sources.live.emit import Emit
from eintr_trace.sources.live.proc import BlockedCall
from eintr_trace.sources.live.registers import RESTART_SYSCALL_NR, read_registers
from eintr_trace.sources.live.tracee import TracedProcess, Tracee

_LOOK_EVERY_NS: Final = 5_000_000
_LOOKS: Final = 20
_THREADS_AT_ONCE: Final = 16
_THREADS_NAMED: Final = 4

# Blocking calls that transfer nothing before they have waited, so that they can be made again
# from the beginning. Which of them return EINTR all the same, and when, is for ``at_risk``.
_MADE_AGAIN: Final = frozenset(
    {"accept", "accept4", "clock_nanosleep", "epoll_pwait", "epoll_wait", "fcntl", "flock"}
    | {"futex", "nanosleep", "pause", "poll", "ppoll", "pselect6", "read", "rt_sigsuspend"}
    | {"restart_syscall", "select", "wait4", "waitid"}
)
# The same without MSG_WAITALL: the position of their flags.
_MADE_AGAIN_UNLESS_WAITALL: Final = {"recvfrom": 3, "recvmsg": 2}


@dataclass
class _Sleeper:
    """A thread without a stop; ``switches`` are its own, ``None``: not seen running just now."""

    tracee: Tracee
    switches: int | None = None


class FirstStops:
    """Interrupts threads that were there before the tracer, and says which it left alone."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._to_look_at: deque[_Sleeper] = deque()
        self._left: list[_Sleeper] = []
        self._looks: dict[TracedProcess, Look] = {}
        self._looks_left = _LOOKS
        self._look_at_ns: int | None = None

    def begin(self, tracees: Iterable[Tracee]) -> None:
        """Interrupt these threads as soon as that is safe."""
        self._to_look_at.extend(_Sleeper(tracee) for tracee in tracees)
        self._look_at_ns = time.monotonic_ns()

    def next_look_ns(self) -> int | None:
        """When to look again; ``None``: no more."""
        return self._look_at_ns

    def look(self, now_ns: int) -> None:
        """Interrupt those for which it is safe now; after some looks, tell which are left."""
        if self._look_at_ns is None or now_ns < self._look_at_ns:
            return
        for _ in range(min(_THREADS_AT_ONCE, len(self._to_look_at))):
            sleeper = self._to_look_at.popleft()
            if self._still_sleeps(sleeper):
                self._left.append(sleeper)
        if self._to_look_at:
            return  # those that have stopped are served first
        self._looks_left -= 1
        if self._left and self._looks_left > 0:
            self._to_look_at.extend(self._left)
            self._left.clear()
            self._look_at_ns = now_ns + _LOOK_EVERY_NS
            return
        self._look_at_ns = None
        self._tell_left(now_ns)
        self._looks.clear()

    def _still_sleeps(self, sleeper: _Sleeper) -> bool:
        tracee = sleeper.tracee
        if tracee.holds or tracee.fresh or tracee.stopped_by or proc.is_ending(tracee.tid):
            return False  # it has stopped by itself, will, or is no more
        blocked = proc.blocked_call(tracee.tid)
        switches = proc.voluntary_switches(tracee.tid)
        if blocked is None:
            # One that has computed since the last look is not about to block.
            computes = switches is not None and switches == sleeper.switches
            sleeper.switches = switches
            if not computes:
                return True
        elif not self._is_safe(tracee, blocked) or proc.blocked_call(tracee.tid) != blocked:
            sleeper.switches = None
            return True
        if blocked is not None and blocked.nr != RESTART_SYSCALL_NR:
            tracee.call = blocked
        tracee.interrupted = True
        try:
            binding.interrupt(tracee.tid)
        except ProcessLookupError:
            tracee.interrupted = False
        return False

    def _is_safe(self, tracee: Tracee, blocked: BlockedCall) -> bool:
        name = binding.syscall_name(blocked.nr)
        flags_at = _MADE_AGAIN_UNLESS_WAITALL.get(name)
        if flags_at is not None:
            if blocked.args[flags_at] & socket.MSG_WAITALL:
                return False
        elif name not in _MADE_AGAIN:
            return False
        process = tracee.process
        look = self._looks.setdefault(process, Look(process.tgid, process.reader))
        return look.at(tracee.tid, blocked) is None

    def stopped(self, tracee: Tracee, now_ns: int) -> None:
        """Take the stop that was asked for, and tell if it has ended a call after all."""
        tracee.interrupted = False
        registers = read_registers(tracee.tid)
        if registers.nr is None or registers.retval != -errno.EINTR:
            return
        if tracee.call is not None and tracee.call.nr == registers.nr:
            return  # which its caller makes again
        name = binding.syscall_name(registers.nr)
        text = (
            f"beginning to trace every call has interrupted thread {tracee.tid} in {name}, which"
            f" returned {restart_code_name(registers.retval)}: it had entered it at that moment"
        )
        self._emit(Warned(now_ns, tracee.process.tgid, 0, text))

    def _tell_left(self, now_ns: int) -> None:
        if not self._left:
            return
        names = [_where(one.tracee) for one in self._left[:_THREADS_NAMED]]
        if len(self._left) > _THREADS_NAMED:
            names.append(f"and {len(self._left) - _THREADS_NAMED} more")
        whose = "one thread" if len(names) == 1 else f"{len(self._left)} threads"
        text = (
            f"the calls of {whose} are seen only from the next signal on, because to be"
            f" interrupted now could end a call: {', '.join(names)}"
        )
        self._emit(Warned(now_ns, self._left[0].tracee.process.tgid, 0, text))


def _where(tracee: Tracee) -> str:
    number = proc.blocked_call_number(tracee.tid)
    doing = "running" if number is None else f"in {binding.syscall_name(number)}"
    return f"{tracee.tid} {doing}"
