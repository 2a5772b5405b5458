"""Letting a thread go on, asleep or followed; and those that then make no stop for long."""

from __future__ import annotations

import time
from collections.abc import Callable

from eintr_trace.model.events import Event, WentQuiet
from eintr_trace.sources.live import binding, observe, proc
from eintr_trace.sources.live.binding import Resume
from eintr_trace.sources.live.connections import Connections
from eintr_trace.sources.live.tracee import Hold, Tracee
from eintr_trace.sources.live.wait_status import look_at

QUIET_AFTER_NS = 100_000_000  # an outcome not known by then is told as it stands
_TURN_NS = 5_000_000


class Resuming:
    """Resumes threads, and keeps account of the followed ones whose outcome is open.

    ``every_syscall``: no thread sleeps until a signal, each stops at its next call.
    """

    def __init__(
        self, emit: Callable[[Event], None], connections: Connections, *, every_syscall: bool
    ) -> None:
        self._emit = emit
        self._connections = connections
        self.every_syscall = every_syscall
        # The thread with the oldest stop comes first.
        self._open: dict[int, Tracee] = {}

    def resume(self, tracee: Tracee, stopped_ns: int, signo: int = 0) -> int:
        """Let the thread go on, asleep or followed; returns how long it was held."""
        return self._has_left(tracee, stopped_ns, self._let_go(tracee, signo))

    def resume_ordinary(self, tracee: Tracee, stopped_ns: int) -> int:
        """Likewise from a call that belongs to no interruption: the user asked for its stop.

        It is not paid for by passing deliveries on.
        """
        let_go_ns = self._let_go(tracee, 0)
        tracee.holds.append(Hold(stopped_ns, let_go_ns, tracee.own_mask))
        return let_go_ns - stopped_ns

    def _let_go(self, tracee: Tracee, signo: int) -> int:
        followed = tracee.following.innermost is not None
        how = Resume.SYSCALL if followed or self.every_syscall else Resume.CONT
        if how is Resume.CONT:
            tracee.call = None  # it may make others that are not seen
        # Read before: the thread may go on in our place at once, for 4 ms (a scheduler's slice).
        let_go_ns = time.monotonic_ns()
        binding.resume(tracee.tid, how, signo)
        return let_go_ns

    def stopped_again(self, tracee: Tracee, stopped_ns: int) -> int:
        """Likewise for a thread that went by single steps into another stop, or to its end."""
        return self._has_left(tracee, stopped_ns, time.monotonic_ns())

    def _has_left(self, tracee: Tracee, stopped_ns: int, let_go_ns: int) -> int:
        following = tracee.following
        tracee.holds.append(Hold(stopped_ns, let_go_ns, tracee.own_mask))
        tracee.budget.spend(let_go_ns - stopped_ns)
        following.last_stop_ns = let_go_ns
        self._open.pop(tracee.tid, None)
        if following.is_open:
            self._open[tracee.tid] = tracee
        return let_go_ns - stopped_ns

    def forget(self, tracee: Tracee) -> None:
        """Expect no further stop of a thread: it stays stopped, or it is none any more."""
        self._open.pop(tracee.tid, None)

    def next_quiet_ns(self) -> int | None:
        """When the next followed thread will have been without a stop for too long."""
        oldest = next(iter(self._open.values()), None)
        return None if oldest is None else oldest.following.last_stop_ns + QUIET_AFTER_NS

    def look_at_quiet(self, now_ns: int) -> None:
        """Tell of followed threads that made no stop for ``QUIET_AFTER_NS``; reads only.

        For one turn at most: where hundreds are quiet, others make stops meanwhile.
        """
        turn_ends_ns = time.monotonic_ns() + _TURN_NS
        while (at_ns := self.next_quiet_ns()) is not None and at_ns <= now_ns:
            if time.monotonic_ns() >= turn_ends_ns:
                return
            tracee = self._open.pop(next(iter(self._open)))
            if _has_stopped(tracee.tid):
                continue  # it is we who are late; it is open again once that stop is served
            number = proc.blocked_call_number(tracee.tid)
            python = observe.agreeing_python_state(tracee, None)
            self._emit(
                WentQuiet(
                    now_ns,
                    tracee.process.tgid,
                    tracee.tid,
                    now_ns - tracee.following.last_stop_ns,
                    python=python,
                    blocked_in=None if number is None else binding.syscall_name(number),
                )
            )
            if tracee.following.innermost is not None:
                self._connections.look_after(tracee, tracee.following.innermost, python, now_ns)


def _has_stopped(tid: int) -> bool:
    """Whether a stop, or the end, of a thread waits to be served."""
    try:
        return look_at(tid) is not None
    except ChildProcessError:
        return True  # taken already, as the end of a thread that another's exec has replaced
