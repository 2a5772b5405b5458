"""Which threads and processes are traced: those that come, become others, and end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from eintr_trace.facts.signals import signal_name
from eintr_trace.model.events import (
    Event,
    ProcessExeced,
    ProcessExited,
    ProcessSeen,
    ThreadExited,
    ThreadOrigin,
    ThreadSeen,
)
from eintr_trace.sources.live import binding, proc
from eintr_trace.sources.live.hold_budget import HoldBudget
from eintr_trace.sources.live.tracee import TracedProcess, Tracee

_KILLED_STATUS = 128  # a shell's status for a process killed by a signal, plus its number


@dataclass(frozen=True)
class Program:
    """What runs in a process: its command line, and the path of its executable if known."""

    argv: tuple[str, ...]
    exe: str | None


class Roster:
    """The traced threads by tid and their processes by tgid; tells of every change.

    ``command_status`` is how ``command_pid``, a launched command, ended, as a shell has it.
    """

    def __init__(self, emit: Callable[[Event], None], *, follow_forks: bool) -> None:
        self._emit = emit
        self._follow_forks = follow_forks
        self.tracees: dict[int, Tracee] = {}
        self.processes: dict[int, TracedProcess] = {}
        self.command_pid: int | None = None
        self.command_status: int | None = None

    def tell_with(self, emit: Callable[[Event], None]) -> None:
        """Tell by this from now on."""
        self._emit = emit

    def add_process(self, process: TracedProcess, origin: ThreadOrigin) -> None:
        """A process came into view."""
        self.processes[process.tgid] = process
        self.tell_process(process, origin)

    @staticmethod
    def program_of(process: TracedProcess) -> Program:
        """Look at what runs in a process now."""
        return Program(proc.argv(process.tgid), proc.executable(process.tgid))

    def tell_process(
        self, process: TracedProcess, origin: ThreadOrigin, program: Program | None = None
    ) -> None:
        """Tell what is known of a process; told again when its interpreter is found.

        ``program`` is what runs in it, ``None``: what is found there now.
        """
        program = program or self.program_of(process)
        self._emit(
            ProcessSeen(
                time.monotonic_ns(),
                process.tgid,
                process.tgid,
                argv=program.argv,
                exe=program.exe,
                origin=origin,
                interpreter=process.interpreter,
                interpreter_problem=process.problem,
            )
        )

    def add_seized(self, process: TracedProcess, tids: list[int], born_traced: set[int]) -> None:
        """The threads of a process that were seized; ``tell_thread`` tells of each.

        The first stop of those ``born_traced`` is still to come.
        """
        now_ns = time.monotonic_ns()
        for tid in tids:
            self.tracees[tid] = Tracee(tid, process, HoldBudget(now_ns), fresh=tid in born_traced)

    def add_command(self, process: TracedProcess) -> None:
        """A child of ours that has yet to execute the command: told of when it has."""
        self.command_pid = process.tgid
        self.processes[process.tgid] = process
        self.tracees[process.tgid] = Tracee(process.tgid, process, HoldBudget(time.monotonic_ns()))

    def enrol(self, tid: int) -> Tracee | None:
        """A thread that a traced one made, at the maker's event or its own first stop.

        Either can be seen before the other. ``None``: it is a process, and those are not
        followed; or it is gone again already.
        """
        if tid in self.tracees:
            return self.tracees[tid]
        try:
            fields = proc.status_fields(tid)
        except OSError:
            return None
        process = self.processes.get(int(fields["Tgid"]))
        if process is not None:
            return self._add_thread(process, tid, ThreadOrigin.CLONED, fresh=True)
        # clone(2) with another exit signal than SIGCHLD makes processes that PTRACE_O_TRACEFORK
        # does not stand for.
        if not self._follow_forks:
            return None
        process = TracedProcess.forked(int(fields["Tgid"]), self.processes.get(int(fields["PPid"])))
        self.add_process(process, ThreadOrigin.FORKED)
        return self._add_thread(process, tid, ThreadOrigin.FORKED, fresh=True)

    def _add_thread(
        self, process: TracedProcess, tid: int, origin: ThreadOrigin, *, fresh: bool = False
    ) -> Tracee:
        tracee = self.tracees[tid] = Tracee(
            tid, process, HoldBudget(time.monotonic_ns()), fresh=fresh
        )
        self.tell_thread(tracee, origin)
        return tracee

    def tell_thread(self, tracee: Tracee, origin: ThreadOrigin) -> None:
        """Tell of one thread, and of the call it is in if it was there before us."""
        number = None if tracee.fresh else proc.blocked_call_number(tracee.tid)
        self._emit(
            ThreadSeen(
                time.monotonic_ns(),
                tracee.process.tgid,
                tracee.tid,
                origin,
                command=proc.command_name(tracee.tid),
                blocked_in=None if number is None else binding.syscall_name(number),
            )
        )

    def threads_of(self, process: TracedProcess) -> list[Tracee]:
        """The traced threads of one process."""
        return [tracee for tracee in self.tracees.values() if tracee.process is process]

    def executed(
        self,
        process: TracedProcess,
        former_tid: int,
        now_ns: int,
        program: Program,
        entered_nr: int | None,
    ) -> None:
        """execve: the other threads are gone, the caller has the leader's tid (execve(2)).

        ``entered_nr`` is the number of that call where it was seen, which is still to come back.
        """
        for tracee in self.threads_of(process):
            del self.tracees[tracee.tid]
        self._emit(ProcessExeced(now_ns, process.tgid, process.tgid, former_tid=former_tid))
        process.executed(now_ns)
        self.tell_process(process, ThreadOrigin.LAUNCHED, program)
        caller = self._add_thread(process, process.tgid, ThreadOrigin.LAUNCHED)
        caller.following.entered_nr = entered_nr

    def ended(self, tracee: Tracee, now_ns: int, *, status: int | None, signo: int | None) -> None:
        """A thread ended; the leader's end, which the kernel reports last, is the process's."""
        del self.tracees[tracee.tid]
        process = tracee.process
        if tracee.tid != process.tgid:
            self._emit(ThreadExited(now_ns, process.tgid, tracee.tid, status, signo))
            return
        for thread in self.threads_of(process):  # whose ends were taken while attaching
            del self.tracees[thread.tid]
        process.close()
        del self.processes[process.tgid]
        name = None if signo is None else signal_name(signo)
        self._emit(ProcessExited(now_ns, process.tgid, process.tgid, status, signo, name))
        if process.tgid == self.command_pid:
            self.command_status = status if signo is None else _KILLED_STATUS + signo

    def search_interpreters(self, now_ns: int) -> None:
        """Do the looks for interpreters that are due, while no thread waits for us."""
        for process in self.processes.values():
            due_ns = process.next_search_ns
            if due_ns is not None and due_ns <= now_ns and process.search():
                self.tell_process(process, ThreadOrigin.LAUNCHED)
                mapped = process.code.news(now_ns)
                if mapped is not None:
                    self._emit(mapped)

    def next_search_ns(self) -> int | None:
        """When the next of those looks is due."""
        planned = [p.next_search_ns for p in self.processes.values()]
        return min((at for at in planned if at is not None), default=None)
