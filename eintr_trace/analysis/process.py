"""What is remembered of a process and its threads while their interruptions are open."""

from __future__ import annotations

from dataclasses import replace
from signal import SIGCONT

from eintr_trace.analysis.awaited_handlers import AwaitedHandlers
from eintr_trace.analysis.calls import RESTART_SYSCALL, was_interrupted
from eintr_trace.analysis.case import Case
from eintr_trace.analysis.interruption import Interruption
from eintr_trace.analysis.known_paths import KnownPaths
from eintr_trace.analysis.logs.call_before import was_ended
from eintr_trace.analysis.logs.side import ThreadLines
from eintr_trace.analysis.sightings import Ending
from eintr_trace.analysis.signal_frames import SignalFrames
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.signals import signal_name
from eintr_trace.model.events import (
    ConnectionSeen,
    ContinueTrapped,
    Disposition,
    Event,
    EventsLost,
    FollowEnded,
    GroupStopped,
    HandlerReturned,
    HandlerReturning,
    InterruptedCall,
    ProcessExeced,
    ProcessExited,
    ProcessSeen,
    SignalDelivered,
    Syscall,
    SyscallExited,
    ThreadExited,
)
from eintr_trace.model.stack_events import LibrarySeen, PathSeen, StackMoment, StackSeen
from eintr_trace.model.trace import TraceClock
from eintr_trace.model.trace_lines import LogLine

# Signals can nest without end; beyond these the oldest interruption is given up.
_MOST_CASES = 8
_MOST_CONNECTIONS = 64


class ThreadState:
    """The open interruptions of one thread, the signal frames on its stack, a log's last lines."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.lines = ThreadLines()
        self._last_met: Syscall | None = None
        self._signal_frames = SignalFrames()

    def observe(self, event: Event) -> None:
        """Show an event to every open interruption."""
        self.lines.observe(event)
        for case in self.cases:
            case.trail.observe(event)

    def observe_call(self, event: Event) -> list[Case]:
        """Show a call to those that it may concern, where calls are told that concern none."""
        self.lines.observe(event)
        cases = [case for case in self.cases if not case.takes_no_calls]
        for case in cases:
            case.trail.observe(event)
        self._signal_frames.drop_unused()
        if isinstance(event, SyscallExited):
            return [case for case in cases if case.trail.heeds_results]
        return cases

    def add(self, case: Case) -> None:
        """Open an interruption; those that are settled make room, then the oldest."""
        self.cases = [old for old in self.cases if not old.is_settled]
        if len(self.cases) >= _MOST_CASES:
            self.cases.pop(0).trail.end(Ending.CROWDED_OUT, "")
        self.cases.append(case)

    def push_signal_frame(self, trail: Trail, event: SignalDelivered) -> None:
        """A handler is about to run for ``trail``."""
        joined = [case.trail for case in self.cases if case.trail.can_be_joined]
        for other in joined:
            other.join(event.signal)
        self._signal_frames.push(trail, [*joined, *self._signal_frames.take_possible(trail)])

    def push_possible_frame(self, trail: Trail) -> None:
        """A handler may run for ``trail``: a log shows that when it returns."""
        joined = [case.trail for case in self.cases if case.trail.can_be_joined]
        possible = self._signal_frames.take_possible(trail)
        self._signal_frames.push(
            trail, [*possible, *(one for one in joined if not any(one is met for met in possible))]
        )

    def pop_signal_frame(self, event: HandlerReturning) -> None:
        """The innermost handler is about to return."""
        self.lines.observe(event)
        for trail in self._signal_frames.pop(event):
            trail.observe(event)

    def handler_returned(self, event: HandlerReturned) -> None:
        """The same handler has returned."""
        for trail in self._signal_frames.returning:
            trail.observe(event)
        self._signal_frames.returning = []

    def line_seen(self, line: LogLine) -> None:
        """The next events of the thread were read from this line."""
        self.observe(line)

    def resumed(self, interruption: Interruption) -> Interruption:
        """Name the call that the kernel was carrying on with, where it is restart_syscall.

        Of a log: where the thread's last interrupted call was not restarted in this way, or was
        before the log, that is not known.
        """
        call = None if interruption.call is None else interruption.call.syscall
        if call is not None and call.name == RESTART_SYSCALL:
            return replace(interruption, resumed=self._last_met)
        self._last_met = call if was_interrupted(interruption.call) else None
        return interruption

    def with_the_call_met(self, event: SignalDelivered, clock: TraceClock) -> SignalDelivered:
        """Complete a log's delivery, which shows the call only before the first of several.

        What the first found is what the next finds, unless a handler of the first is to run. A
        call that the signal may have ended, without EINTR, is met as well.
        """
        met = event if event.call is not None else self._like_the_one_before(event)
        came_back = self.lines.came_back if met.after_call else None
        if came_back is None or not was_ended(came_back, event.time_ns, clock):
            return met
        call = InterruptedCall(came_back.syscall, came_back.retval)
        return replace(met, call=call, after_call=False)

    def _like_the_one_before(self, event: SignalDelivered) -> SignalDelivered:
        if not self.cases:
            return event
        before = self.cases[-1].trail
        call = before.interruption.call
        if not before.is_untouched or not was_interrupted(call):
            return event
        if before.interruption.disposition is Disposition.CAUGHT:
            return replace(event, before_user_mode=True)
        return replace(event, call=call, after_call=False)

    def end_follow(self, event: FollowEnded) -> list[Case]:
        """End the open interruptions; a fatal one goes on until the process has ended."""
        ended = [case for case in self.cases if not case.trail.may_end_the_process]
        for case in ended:
            case.trail.observe(event)
            case.trail.end(Ending.FOLLOW_ENDED, event.reason)
        self.cases = [case for case in self.cases if case.trail.ending is None]
        self._signal_frames.clear()
        return ended

    def stack_seen(self, event: StackSeen) -> list[Case]:
        """Show a C stack to the open interruptions, but not a sample of a C signal handler."""
        if event.moment is StackMoment.PROBE and self._signal_frames:
            return []
        self.observe(event)
        return self.cases

    def path_seen(self, event: PathSeen) -> list[Case]:
        """Show a path to the interruption whose call it leads away from: the latest."""
        returned = [case for case in self.cases if not case.trail.in_c_handler]
        for case in returned[-1:]:
            case.trail.observe(event)
        return returned[-1:]

    def absorbing(self, event: SignalDelivered) -> Case | None:
        """Find the stop or trap that this delivery of SIGCONT belongs to."""
        if event.signal.signo != SIGCONT or not self.cases:
            return None
        # Other signals may have been delivered in between: while the process was stopped.
        latest_first = reversed(self.cases)
        return next((case for case in latest_first if case.trail.can_absorb(event)), None)

    def begins_with_stop(self, event: GroupStopped) -> bool:
        """Tell whether a group-stop is an interruption of its own.

        It is not in the thread that took the stopping signal, whose delivery began one.
        """
        return was_interrupted(event.call) and not any(
            case.trail.interruption.is_stop for case in self.cases
        )

    def begins_with_trap(self, event: ContinueTrapped) -> bool:
        """Tell whether a trap for SIGCONT is an interruption of its own.

        The end of a stop is none, unless the stop itself was not seen.
        """
        if not event.was_stopped:
            return True
        return was_interrupted(event.call) and not any(
            case.trail.interruption.is_stop for case in self.cases
        )


class ProcessState:
    """The threads of one process with open interruptions.

    ``dying`` are deliveries that end the process, of threads that are gone already;
    ``last_raising`` the last episode that ended in an exception: the process may end by it.
    ``_connections`` are the last such episodes by the descriptor whose call was interrupted.
    ``last_line`` is a log's last of the process, ``continued_ns`` when SIGCONT was last delivered
    to one of its threads, ``is_stopped``: it was stopped and has not been continued since.
    ``awaited`` are those whose Python handler is still to begin, though their threads may be
    followed no more. ``libraries`` are the program
    files that frames were seen in.
    """

    def __init__(self) -> None:
        self.seen: ProcessSeen | None = None
        self.libraries: dict[str, LibrarySeen] = {}
        self.known_paths = KnownPaths()
        self.last_raising: Case | None = None
        self._connections: dict[int, Case] = {}
        self.awaited = AwaitedHandlers()
        self.last_line: LogLine | None = None
        self.continued_ns: int | None = None
        self.is_stopped = False
        self._threads: dict[int, ThreadState] = {}
        self._dying: list[Case] = []

    def thread(self, tid: int) -> ThreadState:
        """Give a thread's state."""
        return self._threads.setdefault(tid, ThreadState())

    def continued(self, event: SignalDelivered) -> bool:
        """Take note of a delivery of SIGCONT; tell whether the process was stopped until then."""
        if event.signal.signo != SIGCONT:
            return False
        ended_stop, self.is_stopped = self.is_stopped, False
        self.continued_ns = event.time_ns
        return ended_stop

    def observe_everywhere(self, event: EventsLost) -> None:
        """Show an event to the open interruptions of all threads."""
        for thread in self._threads.values():
            thread.observe(event)

    def raised(self, case: Case) -> None:
        """An episode ended in an exception; what becomes of its socket may be seen later."""
        self.last_raising = case
        socket = case.trail.socket.interrupted
        if socket is not None:
            self._connections.pop(socket.fd, None)
            self._connections[socket.fd] = case
            if len(self._connections) > _MOST_CONNECTIONS:
                del self._connections[next(iter(self._connections))]

    def connection_seen(self, event: ConnectionSeen) -> list[Case]:
        """Show a look at a socket to the interruptions of its thread, open and ended."""
        cases = list(self.thread(event.tid).cases)
        raising = self._connections.get(event.descriptor.fd)
        if raising is not None and raising not in cases:
            cases.append(raising)
        for case in cases:
            case.trail.observe(event)
        return cases

    def thread_exited(self, event: ThreadExited) -> list[Case]:
        """End the thread's interruptions, but for one that is ending the whole process."""
        thread = self._threads.pop(event.tid, None)
        if thread is None:
            return []
        fatal = [case for case in thread.cases if case.trail.may_end_the_process]
        for case in thread.cases:
            _learn_the_end(case.trail, event, self.last_line)
        self._dying = (self._dying + fatal)[-_MOST_CASES:]
        return _ended([case for case in thread.cases if case not in fatal], Ending.THREAD_EXITED)

    def exited(self, event: ProcessExited) -> list[Case]:
        """End everything that is open; tell the last exception how the process ended."""
        cases = self._forget_all()
        if self.last_raising is not None and self.last_raising not in cases:
            cases.append(self.last_raising)
        for case in cases:
            if case.awaits_process_end:
                case.trail.exited = event
                if case.trail.log is not None:
                    case.trail.log.ended(self.last_line)
        waiting = self.awaited.ended(event.time_ns, "the process ended")
        return _ended(cases, Ending.PROCESS_EXITED) + waiting

    def execed(self, event: ProcessExeced) -> list[Case]:
        """End everything that is open: it is another program from now on."""
        self.libraries, self.known_paths = {}, KnownPaths()
        waiting = self.awaited.ended(event.time_ns, "the process became another program")
        return self.end_all(Ending.EXECED) + waiting

    def end_all(self, ending: Ending) -> list[Case]:
        """End everything that is open, in all threads."""
        self.last_raising = None
        return _ended(self._forget_all(), ending)

    def _forget_all(self) -> list[Case]:
        cases = [case for thread in self._threads.values() for case in thread.cases]
        cases += self._dying
        self._threads.clear()
        self._connections.clear()
        self._dying = []
        return cases


def is_same_program(one: ProcessSeen, other: ProcessSeen) -> bool:
    """Tell whether two looks at a process show one program, the later one better known.

    Right after exec an interpreter cannot be read yet; it is looked at again later.
    """
    return (one.tgid, one.argv, one.exe) == (other.tgid, other.argv, other.exe)


def _learn_the_end(trail: Trail, event: ThreadExited, line: LogLine | None) -> None:
    """Note in a log how a process ended: by a signal all its threads do, followed or not.

    Its status is that of the main thread.
    """
    if trail.log is None or (event.signo is None and event.tid != event.tgid):
        return
    name = None if event.signo is None else signal_name(event.signo)
    how = (event.status, event.signo, name)
    trail.exited = ProcessExited(event.time_ns, event.tgid, 0, *how)
    trail.log.ended(line)


def _ended(cases: list[Case], ending: Ending) -> list[Case]:
    for case in cases:
        case.trail.end(ending, "")
    return cases
