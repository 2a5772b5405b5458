"""Threads and processes that begin, become another program, and end."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from eintr_trace.facts.signals import signal_name
from eintr_trace.model.events import (
    Event,
    ProcessExeced,
    ProcessExited,
    ThreadExited,
)
from eintr_trace.sources.live import binding
from eintr_trace.sources.live.roster import Roster
from eintr_trace.sources.live.tracee import Tracee
from eintr_trace.sources.live.wait_status import PtraceEvent, consume_exec_stop, reap


class Lifecycle:
    """Keeps the roster right; remembers how each traced process ended.

    ``exit_statuses`` are as a shell reports them: 128 + signo for a process that was killed.
    """

    def __init__(self, roster: Roster, emit: Callable[[Event], None]) -> None:
        self._roster = roster
        self._emit = emit
        self.exit_statuses: dict[int, int] = {}

    def event(self, tracee: Tracee, event: PtraceEvent, now_ns: int) -> Tracee:
        """A ptrace-event-stop; returns the thread to resume, another object after an exec."""
        match event:
            case PtraceEvent.CLONE:
                self._made(tracee, new_process=False)
            case PtraceEvent.FORK | PtraceEvent.VFORK:
                self._made(tracee, new_process=True)
            case PtraceEvent.EXEC:
                return self._executed(tracee, now_ns)
            case _:
                assert_never(event)
        return tracee

    def _made(self, tracee: Tracee, *, new_process: bool) -> None:
        self._roster.expect_thread(
            tracee, binding.event_message(tracee.tid), new_process=new_process
        )

    def _executed(self, tracee: Tracee, now_ns: int) -> Tracee:
        consume_exec_stop(tracee.tid)
        former = binding.event_message(tracee.tid)
        tgid = tracee.process.tgid
        self._emit(ProcessExeced(now_ns, tgid, tgid, former_tid=former))
        return self._roster.executed(tgid)

    def ended(self, tracee: Tracee, now_ns: int, *, status: int | None, signo: int | None) -> None:
        """A thread ended; the leader's end, reported last, is the process's."""
        reap(tracee.tid)
        tgid = tracee.process.tgid
        if not self._roster.remove(tracee):
            self._emit(ThreadExited(now_ns, tgid, tracee.tid))
            return
        name = None if signo is None else signal_name(signo)
        self._emit(ProcessExited(now_ns, tgid, tgid, status, signo, name))
        self.exit_statuses[tgid] = 128 + signo if status is None and signo else status or 0
