"""The trail of one interruption: what its thread did, reduced to what verdicts rest on.

A trail keeps a handful of sightings however many events it is fed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import singledispatchmethod

from eintr_trace.analysis.c_side import CSide, CSideEvent
from eintr_trace.analysis.calls import was_interrupted
from eintr_trace.analysis.exceptions import comes_of_it, new_chain
from eintr_trace.analysis.frames import Survival, compare
from eintr_trace.analysis.handler import (
    HandlerBegan,
    HandlerOutstanding,
    HandlerSeen,
    find_running,
    seen_at,
    shows_last_call,
)
from eintr_trace.analysis.held_time import HeldTime
from eintr_trace.analysis.interruption import (
    Interruption,
    Trigger,
    disposition_without_handler,
    with_delivery,
)
from eintr_trace.analysis.logs.side import LogSide
from eintr_trace.analysis.reentry import is_reentry
from eintr_trace.analysis.sightings import Ending, Restored, Sighting
from eintr_trace.analysis.socket_after import SocketAfter, socket_of
from eintr_trace.facts.restart_codes import restart_code
from eintr_trace.model.c_stack import CStack
from eintr_trace.model.episodes import FollowUp
from eintr_trace.model.events import (
    ConnectionSeen,
    ContinueTrapped,
    DeliveryPassed,
    Disposition,
    Event,
    EventsLost,
    GroupStopped,
    HandlerReturned,
    HandlerReturning,
    ProcessExited,
    SignalDelivered,
    SignalInfo,
    Syscall,
    SyscallEntered,
    SyscallExited,
    WentQuiet,
)
from eintr_trace.model.python_state import HandlerEnd, PythonSnapshot
from eintr_trace.model.stack_events import DecisionUnwatched, NotReturned, PathSeen, StackSeen
from eintr_trace.model.trace_lines import CallInterrupted


@dataclass
class Trail:
    """Collects one interruption's events; the rules of ``outcome`` read it.

    ``reentered`` is the first time the interrupted call was entered again, ``raising`` the
    last sighting of the exceptions it led to, ``otherwise_raising`` of new exceptions that
    show no connection with it, ``latest`` the last sighting of all. ``joined`` is a signal with
    a handler that was delivered on top of one without, before the thread ran on: its handler
    decides for both. ``log`` is what an strace log shows, ``None`` for another source;
    ``learned_disposition``: the signal's is known by what followed.
    """

    interruption: Interruption
    restored: Restored | None = None
    c_handler_call: Syscall | None = None
    handler_seen: HandlerSeen | None = None
    handler_done_ns: int | None = None
    handler_end: HandlerEnd | None = None
    handler_began: HandlerBegan | None = None
    handler_outstanding: HandlerOutstanding | None = None
    reentered: Sighting | None = None
    reentry_interrupted: bool = False
    follow_up: FollowUp | None = None
    follow_up_ns: int | None = None
    raising: Sighting | None = None
    otherwise_raising: Sighting | None = None
    latest: Sighting | None = None
    quiet: WentQuiet | None = None
    lost_events: int = 0
    ending: Ending | None = None
    ending_text: str = ""
    exited: ProcessExited | None = None
    joined: SignalInfo | None = None
    c_side: CSide = field(default_factory=CSide)
    log: LogSide | None = None
    learned_disposition: bool = False
    socket: SocketAfter = field(init=False)
    held: HeldTime = field(init=False)
    last_time_ns: int = field(default=0)
    _take_bound: Callable[[Event], None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.socket = socket_of(self.interruption.call, self.interruption.frame)
        self.held = HeldTime(self.interruption.time_ns, self.interruption.held_ns)
        self.last_time_ns = self.interruption.time_ns
        # Bound once: functools binds it anew at each look, which takes longer than most calls.
        self._take_bound = self._take

    @property
    def awaits_follow_up(self) -> bool:
        """Whether the call was entered again and has not come back yet."""
        return (
            self.reentered is not None and self.follow_up is None and not self.reentry_interrupted
        )

    @property
    def heeds_results(self) -> bool:
        """Whether what a call of the thread gave can matter: of a log only the call made again."""
        return self.log is None or self.reentered is not None or self.socket.receiving is not None

    @property
    def runs_c_handler(self) -> bool | None:
        """Whether a C handler runs before the thread goes on; ``None``: not known.

        A log that does not show the program install it shows the handler's return, or, if it
        would show that, the call made again without it.
        """
        known = self.interruption.has_c_handler
        if self.joined is not None:
            return True
        if known is not None or self.log is None:
            return known
        again = None if self.reentered is None else self.reentered.call
        is_shown = self.restored is not None
        return True if is_shown else False if self.log.shows_no_handler(again) else None

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was seen of the thread since the interruption."""
        return self.is_unfollowed and self.ending is None

    @property
    def is_unfollowed(self) -> bool:
        """Whether nothing came after the interruption, to the end of the trace."""
        return self.latest is None and self.restored is None

    @property
    def may_end_the_process(self) -> bool:
        """Whether the signal ends the process, as far as a log tells: it may have a handler."""
        interruption = self.interruption
        return interruption.is_fatal or (interruption.may_be_fatal and self.is_untouched)

    @property
    def can_be_joined(self) -> bool:
        """Whether the thread has not run on yet from a call that no handler has ended."""
        return (
            self.latest is None
            and self.ending is None
            and self.runs_c_handler is False
            and was_interrupted(self.interruption.call)
        )

    @property
    def has_left_the_call(self) -> bool:
        """Whether the interrupted frame has moved on, or the thread has ended."""
        if self.latest is None or self.latest.survival is None:
            return self.ending is Ending.THREAD_EXITED
        return not self.latest.survival.at_the_call

    @property
    def _was_left(self) -> bool:
        """Whether the thread made a call that Python code made after the interrupted one."""
        return self.latest is not None and self.latest.call is not None and self.has_left_the_call

    @property
    def in_c_handler(self) -> bool:
        """Whether the C handler is still to return, as far as the events tell."""
        return self.runs_c_handler is True and self.restored is None and self.lost_events == 0

    @property
    def handler_run(self) -> HandlerBegan | None:
        """The run of the Python handler that answered this delivery, as a watchpoint saw it.

        Not one that the main thread had begun before a worker's C handler set the mark: that
        mark is still there when the C handler returns.
        """
        began, restored = self.handler_began, self.restored
        if began is None or restored is None or not restored.tripped:
            return began
        return None if began.time_ns < restored.time_ns else began

    def after(self, time_ns: int) -> int:
        """How long after the signal a moment of a live trace was, in nanoseconds."""
        return time_ns - self.interruption.time_ns

    def span_after(self, time_ns: int) -> int | None:
        """How long after the interruption a moment was; ``None`` where the clock does not tell."""
        return self.interruption.vantage.clock.span_ns(self.interruption.time_ns, time_ns)

    def observe(self, event: Event) -> None:
        """Take in one event of this thread (or about all threads)."""
        self.last_time_ns = event.time_ns
        self.held.observe(event)
        self._take_bound(event)
        if self.log is not None:
            self.log.observe(event, is_again=self.reentered is not None)

    def end(self, ending: Ending, text: str) -> None:
        """Nothing more will be seen of this interruption; the first reason stands."""
        if self.ending is None:
            self.ending = ending
            self.ending_text = text

    def can_absorb(self, event: SignalDelivered) -> bool:
        """Whether a delivery of SIGCONT belongs to the stop or trap that began this trail.

        Not if it has a handler of its own that ends a stop's call.
        """
        if self.latest is not None or self.ending is not None:
            return False
        if self.interruption.trigger is Trigger.CONTINUE_TRAP:
            return True
        return event.disposition is not Disposition.CAUGHT and self.interruption.is_stop

    def absorb(self, event: SignalDelivered) -> None:
        """Take in the delivery of the SIGCONT whose trap, or end of a stop, this trail saw."""
        self.last_time_ns = event.time_ns
        self.interruption = with_delivery(self.interruption, event)

    def join(self, signal: SignalInfo | None) -> None:
        """Learn that a signal with a handler was delivered before the thread ran on."""
        self.joined = signal

    def precedes_user_mode(self) -> None:
        """Learn that the handler's return led into another handler, not to the call."""
        self.interruption = replace(self.interruption, call=None, before_user_mode=True)

    @singledispatchmethod
    def _take(self, event: Event) -> None:
        """Events that change nothing for an interruption."""

    @_take.register
    def _handler_returning(self, event: HandlerReturning) -> None:
        handler = None if event.python is None else event.python.handler
        if self.log is not None:
            # What was seen since the delivery was the handler's own.
            self.latest = self.reentered = None
            self._learn(Disposition.CAUGHT)
        self.restored = Restored(
            time_ns=event.time_ns,
            saved_retval=event.saved_retval,
            saved_ip=event.saved_ip,
            tripped=None if handler is None else handler.tripped,
        )

    @_take.register
    def _handler_returned(self, event: HandlerReturned) -> None:
        if self.restored is not None and self.restored.saved_retval is None:
            self.restored = replace(self.restored, saved_retval=event.retval)

    @_take.register
    def _signal_delivered(self, event: SignalDelivered) -> None:
        if self.awaits_follow_up and event.call is not None:
            self.reentry_interrupted = True
        self._tripped_anew(event.signal.signo)

    @_take.register
    def _delivery_passed(self, event: DeliveryPassed) -> None:
        self._tripped_anew(event.signo)

    def _tripped_anew(self, signo: int) -> None:
        signal = self.interruption.signal
        if self.restored is not None and signal is not None and signal.signo == signo:
            self.restored = replace(self.restored, tripped_anew=True)

    @_take.register(GroupStopped)
    @_take.register(ContinueTrapped)
    @_take.register(CallInterrupted)
    def _stopped(self, event: GroupStopped | ContinueTrapped | CallInterrupted) -> None:
        if self.awaits_follow_up and was_interrupted(event.call):
            self.reentry_interrupted = True
        signal = self.interruption.signal
        if isinstance(event, GroupStopped) and signal is not None and signal.signo == event.signo:
            self._learn(Disposition.DEFAULT)

    @_take.register
    def _syscall_entered(self, event: SyscallEntered) -> None:
        if self.in_c_handler:
            self.c_handler_call = self.c_handler_call or event.syscall
            return
        if self.reentered is not None:
            # What follows is no longer about the interrupted call.
            self.socket.entered(event, raised=self.raising is not None)
            return
        sighting = self._look(event.time_ns, event.syscall, event.python)
        if sighting is None:
            return
        self.socket.entered(event, raised=self.raising is not None)
        # After a new request on the connection, a receive is for its reply.
        if self.socket.sent is None and is_reentry(self.interruption, sighting):
            self.reentered = sighting
            if self.runs_c_handler is False and self.interruption.signal is not None:
                self._learn(disposition_without_handler(self.interruption.signal.signo))

    def _learn(self, disposition: Disposition) -> None:
        """Take note of what a log shows only by what follows."""
        interruption = self.interruption
        if self.log is None or interruption.disposition is not None or self.joined is not None:
            return
        if interruption.trigger is Trigger.DELIVERY:
            self.interruption = replace(interruption, disposition=disposition)
            self.learned_disposition = True

    @_take.register
    def _syscall_exited(self, event: SyscallExited) -> None:
        self.socket.exited(event)
        if not self.awaits_follow_up:
            return
        if restart_code(event.retval) is not None:
            self.reentry_interrupted = True
        else:
            self.follow_up_ns = event.time_ns
            self.follow_up = FollowUp(event.retval, self.span_after(event.time_ns))

    @_take.register
    def _went_quiet(self, event: WentQuiet) -> None:
        self.quiet = event
        if not self.in_c_handler and self.reentered is None:
            self._look(event.time_ns, None, event.python)

    @_take.register
    def _connection_seen(self, event: ConnectionSeen) -> None:
        self.socket.seen(event)

    @_take.register
    def _events_lost(self, event: EventsLost) -> None:
        self.lost_events += event.count

    @_take.register(StackSeen)
    @_take.register(PathSeen)
    @_take.register(NotReturned)
    @_take.register(DecisionUnwatched)
    def _c_side_seen(self, event: CSideEvent) -> None:
        running = not (self.in_c_handler or self.reentered is not None or self._was_left)
        self.c_side.observe(event, self.interruption.time_ns, running)

    def _look(
        self, time_ns: int, call: Syscall | None, snapshot: PythonSnapshot | None
    ) -> Sighting | None:
        """Record a look at the thread; ``None`` while the Python handler is running."""
        before = self.interruption.python
        if snapshot is None:
            bare = Sighting(time_ns, call, None, None, (), self._c_stack(time_ns, call))
            # The interpreter's own calls come without a look at it: they say less.
            if self.latest is None or self.latest.snapshot is None:
                self.latest = bare
            return bare
        survival = compare(before, snapshot)
        self._note_tripped(time_ns, snapshot)
        index = find_running(self.interruption.python_handler, before, snapshot, survival)
        if index is not None:
            self.handler_seen = self.handler_seen or seen_at(time_ns, index, survival)
            return None
        self._note_handler_end(snapshot, survival)
        chain = new_chain(before, snapshot, survival)
        c_stack = self._c_stack(time_ns, call)
        self.latest = Sighting(time_ns, call, snapshot, survival, chain, c_stack)
        self._note_exceptions(self.latest)
        return self.latest

    def _c_stack(self, time_ns: int, call: Syscall | None) -> CStack | None:
        return None if call is None else self.c_side.stack_at(time_ns)

    def _note_tripped(self, time_ns: int, snapshot: PythonSnapshot) -> None:
        was_tripped = self.restored is not None and self.restored.tripped is True
        handler = snapshot.handler
        if was_tripped and handler is not None and handler.tripped is False:
            self.handler_done_ns = self.handler_done_ns or time_ns

    def _note_handler_end(self, snapshot: PythonSnapshot, survival: Survival | None) -> None:
        """Note how the handler's call ended, the first time that can be read after it."""
        interpreter, handler = self.interruption.interpreter, snapshot.handler
        if self.handler_done_ns is None or self.handler_end is not None or handler is None:
            return
        if interpreter is not None and shows_last_call(interpreter, survival):
            self.handler_end = handler.last_end

    def _note_exceptions(self, sighting: Sighting) -> None:
        if not sighting.chain:
            return
        earlier = () if self.raising is None else self.raising.chain
        if comes_of_it(sighting.chain, earlier, self.interruption.python_handler):
            # A look at a running thread does not show who caught; one at a call did.
            if self.raising is None or sighting.call is not None:
                self.raising = sighting
        elif self.raising is None:
            self.otherwise_raising = sighting
