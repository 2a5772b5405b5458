"""Which threads and processes are traced, kept in step with the kernel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from eintr_trace.model.events import Event, ProcessSeen, ThreadOrigin, ThreadSeen
from eintr_trace.sources.live import binding, proc
from eintr_trace.sources.live.hold_budget import HoldBudget
from eintr_trace.sources.live.tracee import TracedProcess, Tracee


class Roster:
    """The traced threads by tid and their processes by tgid; tells of those that come."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self.tracees: dict[int, Tracee] = {}
        self.processes: dict[int, TracedProcess] = {}

    def add_process(self, process: TracedProcess, origin: ThreadOrigin) -> None:
        """A process came into view."""
        self.processes[process.tgid] = process
        self.tell_process(process, origin)

    def tell_process(self, process: TracedProcess, origin: ThreadOrigin) -> None:
        """Tell what is known of a process now; told again when its interpreter is found."""
        self._emit(
            ProcessSeen(
                time.monotonic_ns(),
                process.tgid,
                process.tgid,
                argv=proc.argv(process.tgid),
                exe=proc.executable(process.tgid),
                origin=origin,
                interpreter=None if process.reader is None else process.reader.interpreter,
                interpreter_problem=process.problem,
            )
        )

    def add_threads(
        self, process: TracedProcess, tids: Iterable[int], origin: ThreadOrigin
    ) -> None:
        """Threads that were seized."""
        for tid in tids:
            self._add_thread(process, tid, origin)

    def add_untold(self, process: TracedProcess, tid: int) -> None:
        """A child of ours that has yet to execute the command: told of when it has."""
        self.processes[process.tgid] = process
        self.tracees[tid] = Tracee(tid, process, HoldBudget(time.monotonic_ns()))

    def expect_thread(self, parent: Tracee, tid: int, *, new_process: bool) -> None:
        """A traced thread made ``tid``, whose first stop may already have been seen."""
        if tid not in self.tracees:
            self._enrol(tid, parent.process if not new_process else None)

    def first_stop(self, tid: int) -> Tracee:
        """``tid`` stopped before its maker told of it (the order is not fixed)."""
        self._enrol(tid, None)
        return self.tracees[tid]

    def _enrol(self, tid: int, process: TracedProcess | None) -> None:
        tgid = self._tgid_of(tid) if process is None else process.tgid
        known = self.processes.get(tgid)
        origin = ThreadOrigin.CLONED if known is not None else ThreadOrigin.FORKED
        if known is None:
            known = TracedProcess(tgid)
            known.search_later(time.monotonic_ns())
            self.add_process(known, origin)
        self._add_thread(known, tid, origin, fresh=True)

    def _add_thread(
        self, process: TracedProcess, tid: int, origin: ThreadOrigin, *, fresh: bool = False
    ) -> None:
        now_ns = time.monotonic_ns()
        self.tracees[tid] = Tracee(tid, process, HoldBudget(now_ns), fresh=fresh)
        number = None if fresh else proc.blocked_call_number(tid)
        blocked_in = None if number is None else binding.syscall_name(number)
        command = proc.command_name(tid)
        self._emit(ThreadSeen(now_ns, process.tgid, tid, origin, command, blocked_in))

    @staticmethod
    def _tgid_of(tid: int) -> int:
        try:
            return int(proc.status_fields(tid)["Tgid"])
        except (OSError, KeyError):
            return tid  # it is gone again already; its exit will tell

    def executed(self, tgid: int) -> Tracee:
        """execve: the other threads are gone, the caller has the leader's tid (execve(2))."""
        process = self.processes[tgid]
        for tid in [t for t, tracee in self.tracees.items() if tracee.process is process]:
            del self.tracees[tid]
        now_ns = time.monotonic_ns()
        process.executed(now_ns)
        self.tell_process(process, ThreadOrigin.LAUNCHED)
        self._add_thread(process, tgid, ThreadOrigin.LAUNCHED)
        return self.tracees[tgid]

    def remove(self, tracee: Tracee) -> bool:
        """A thread ended; true when it was the leader, whose end is the process's."""
        del self.tracees[tracee.tid]
        if tracee.tid != tracee.process.tgid:
            return False
        tracee.process.close()
        del self.processes[tracee.process.tgid]
        return True

    def search_interpreters(self, now_ns: int) -> None:
        """Do the looks for interpreters that are due, while no thread waits for us."""
        for process in self.processes.values():
            due_ns = process.next_search_ns
            if due_ns is not None and due_ns <= now_ns and process.search():
                self.tell_process(process, ThreadOrigin.LAUNCHED)

    def next_search_ns(self) -> int | None:
        """When the next of those looks is due."""
        planned = [p.next_search_ns for p in self.processes.values()]
        return min((at for at in planned if at is not None), default=None)
