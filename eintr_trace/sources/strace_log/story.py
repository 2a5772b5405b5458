"""What befell one thread, item by item, told as events from an interruption to its outcome."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from eintr_trace.model.events import (
    Disposition,
    Event,
    FollowEnded,
    GroupStopped,
    HandlerReturned,
    HandlerReturning,
    InterruptedCall,
    SignalDelivered,
    Syscall,
    SyscallEntered,
    SyscallExited,
)
from eintr_trace.model.stack_events import StackMoment
from eintr_trace.model.trace_lines import CallInterrupted, LogLine
from eintr_trace.sources.strace_log.arguments import split_arguments
from eintr_trace.sources.strace_log.calls import (
    RESTART_SYSCALL,
    RETURNS_FROM_HANDLER,
    interrupted_call,
    interrupted_with,
    returned,
    signal_of,
    syscall_of,
)
from eintr_trace.sources.strace_log.items import (
    CallBegan,
    CallEnded,
    NumberedLine,
    SignalArrived,
    ThreadStopped,
)
from eintr_trace.sources.strace_log.lines import StackLine
from eintr_trace.sources.strace_log.needs import (
    EVERY_LINE,
    Choice,
    Need,
    SignsTold,
    choice_for,
)
from eintr_trace.sources.strace_log.programs import Program
from eintr_trace.sources.strace_log.stacks import stack_events

_FIRST_CALLS: Final = 5
"""Calls after an interruption that are told, whatever they are; an episode shows these lines."""
_MOST_CALLS: Final = 500
"""Calls after an interruption of which those are told that can decide what became of it: an except
block may log and call again, and CPython 3.13 makes some 300 before it has printed an exception
that nobody caught."""
_MOST_HANDLERS: Final = 64


@dataclass
class _Follow:
    """A thread on its way from an interruption to its outcome.

    ``call`` is ``None`` where the signal met none. ``handlers`` C signal handlers are entered
    and not yet returned from, as far as is known. ``calls`` were begun since, and
    ``calls_of_program`` came back outside of handlers, as far as they were looked at.
    """

    call: Syscall | None
    first_argument: str
    handlers: int = 0
    calls: int = 0
    calls_of_program: int = 0
    awaits_result: bool = False
    told: SignsTold = field(default_factory=SignsTold)
    _choice: tuple[SignsTold, Choice] | None = None

    @property
    def choice(self) -> Choice | None:
        """The calls that can decide still; ``None``: each is told."""
        if self.call is None or self.calls_of_program < _FIRST_CALLS:
            return None
        if self._choice is None or self._choice[0] != self.told:
            made = choice_for(self.call, self.first_argument, self.told)
            self._choice = replace(self.told), made
        return self._choice[1]

    @property
    def need(self) -> Need:
        """What is needed of the thread's next lines."""
        choice = self.choice
        return EVERY_LINE if choice is None else Need(_MOST_CALLS - self.calls, choice)

    def takes(self, call: CallBegan | CallEnded) -> bool:
        """Whether a call is to be told."""
        choice = self.choice
        return choice is None or choice.takes(call.name, call.arguments)

    def handler_returned(self) -> None:
        """What was seen of the program was the handler's own, if it was not known to run."""
        self.handlers = max(self.handlers - 1, 0)
        self.calls_of_program, self.told = 0, SignsTold()

    def made(self, name: str, arguments: str) -> None:
        """A call has come back, which is not a return from a handler."""
        if self.handlers:
            return
        self.calls_of_program += 1
        if self.call is not None and self._is_again(name, arguments):
            self.awaits_result = True
        else:
            self.told.made(name, arguments, self.call)

    def _is_again(self, name: str, arguments: str) -> bool:
        if name == RESTART_SYSCALL:
            return True
        call = self.call
        return (
            call is not None
            and name == call.name
            and _first_argument(arguments) == self.first_argument
        )

    @property
    def end(self) -> str | None:
        """Why the thread need not be followed further once a call has come back."""
        if self.awaits_result:
            return "the call made again has come back"
        if self.call is None and self.told.gone_on:
            return "the signal met no call"
        if self.calls >= _MOST_CALLS:
            return f"{self.calls} calls later"
        return None


class ThreadStory:
    """One thread: which of its lines an interruption needs, and the events they are."""

    def __init__(self, tgid: int, tid: int, program: Program) -> None:
        self._tgid = tgid
        self._tid = tid
        self._program = program
        self._interrupted: CallEnded | None = None
        self._entered: CallBegan | None = None  # told already, still to come back
        self._before: CallEnded | None = None  # the last line, where a call came back with it
        self._told_interrupted = False
        self._told_number = 0  # of the line that was told last of those that end a call
        self._follow: _Follow | None = None
        self.native = True

    @property
    def is_quiet(self) -> bool:
        """Whether none of the thread's next lines is needed but one with a signal."""
        return self._follow is None and self._interrupted is None

    @property
    def need(self) -> Need | None:
        """What is needed of the thread's next lines; ``None``: nothing."""
        if self._follow is None or self._interrupted is not None or self._entered is not None:
            return None if self.is_quiet else EVERY_LINE
        return self._follow.need

    def passed_over(self, calls: int) -> None:
        """So many calls were begun that were not chosen; or lines are left out."""
        self._before = None
        if self._follow is not None:
            self._follow.calls += calls

    def began(self, item: CallBegan) -> Iterator[Event]:
        """A call has begun and is still to come back."""
        yield from self._no_signal_came()
        follow, self._before = self._follow, None
        if follow is None or item.name in RETURNS_FROM_HANDLER:
            return
        follow.calls += not item.is_whole
        if follow.takes(item):
            self._entered = item
            yield self._line(item.line)
            syscall = syscall_of(item, native=self.native)
            yield SyscallEntered(item.line.time_ns, self._tgid, self._tid, syscall, ip=item.ip)

    def ended(self, item: CallEnded) -> Iterator[Event]:
        """A call has come back."""
        yield from self._no_signal_came()
        self._before = None if interrupted_with(item) is not None else item
        if item.name in RETURNS_FROM_HANDLER:
            yield from self._returned_from_handler(item)
            return
        follow, is_interrupted = self._follow, interrupted_with(item) is not None
        self._told_interrupted = follow is not None and (
            is_interrupted or self._entered is not None or follow.takes(item)
        )
        if self._told_interrupted:
            yield from self._call(item)
        self._entered = None
        if is_interrupted:
            self._interrupted = item
        elif follow is not None:
            follow.calls += item.began is item.ended
            follow.made(item.name, item.arguments)
            yield from self._end_follow(item.ended_ns)

    def _returned_from_handler(self, item: CallEnded) -> Iterator[Event]:
        follow = self._follow
        if follow is None:
            return
        retval, at_ns = returned(item.result), item.ended.time_ns
        self._told_number = item.ended.number
        yield self._line(item.ended)
        yield HandlerReturning(at_ns, self._tgid, self._tid, retval, None)
        yield HandlerReturned(at_ns, self._tgid, self._tid, retval)
        follow.handler_returned()

    def signal(self, item: SignalArrived) -> Iterator[Event]:
        """A signal was delivered."""
        before = None if self._interrupted is not None else self._before
        call, frames = yield from self._met()
        if before is not None and before.ended.number != self._told_number:
            yield from self._call(before)
        at_ns = item.line.time_ns
        disposition = self._program.disposition_of(item.signo)
        yield self._line(item.line)
        yield SignalDelivered(
            at_ns,
            self._tgid,
            self._tid,
            signal=signal_of(item.signo, item.fields),
            disposition=disposition,
            call=call,
            installed=self._program.handler_of(item.signo),
            after_call=before is not None,
        )
        self._program.delivered(item.signo)
        yield from self._stack(at_ns, StackMoment.INTERRUPTED, frames)
        self._begin_follow(call, has_handler=disposition is Disposition.CAUGHT)

    def stopped(self, item: ThreadStopped) -> Iterator[Event]:
        """The thread was stopped with its process."""
        call, frames = yield from self._met()
        at_ns = item.line.time_ns
        name = signal_of(item.signo, {}).name
        yield self._line(item.line)
        yield GroupStopped(at_ns, self._tgid, self._tid, item.signo, name, call)
        yield from self._stack(at_ns, StackMoment.INTERRUPTED, frames)
        self._begin_follow(call, has_handler=False)

    def over(self) -> Iterator[Event]:
        """Nothing more is to come of this thread."""
        yield from self._no_signal_came()

    def gave_up(self, at_ns: int) -> Iterator[Event]:
        """The thread's next lines will not be seen."""
        yield from self._no_signal_came()
        if self._follow is not None:
            reason = "too many threads had an interruption open at once"
            yield FollowEnded(at_ns, self._tgid, self._tid, reason)

    def _begin_follow(self, call: InterruptedCall | None, *, has_handler: bool) -> None:
        handlers = 0 if self._follow is None else self._follow.handlers
        before = self._follow
        if call is None and before is not None:
            # On top of what is followed already: that call is still the one to watch for.
            before.handlers = min(handlers + has_handler, _MOST_HANDLERS)
            return
        self._follow = _Follow(
            None if call is None else call.syscall,
            "" if call is None else _first_argument(call.syscall.text.partition("(")[2]),
            min(handlers + has_handler, _MOST_HANDLERS),
        )

    def _met(self) -> Generator[Event, None, tuple[InterruptedCall | None, tuple[StackLine, ...]]]:
        """Tell the call that the signal met, if it met one."""
        item, self._interrupted = self._interrupted, None
        if item is None:
            return None, ()
        retval = interrupted_with(item)
        if not self._told_interrupted:
            yield from self._call(item)
        call = None if retval is None else interrupted_call(item, retval, native=self.native)
        return call, item.frames

    def _no_signal_came(self) -> Iterator[Event]:
        """Tell a call that was interrupted by no signal of the log."""
        item = self._interrupted
        if item is None:
            return
        call, frames = yield from self._met()
        if call is not None:
            at_ns = item.ended_ns
            injected = item.result.injected
            yield CallInterrupted(at_ns, self._tgid, self._tid, call, injected)
            yield from self._stack(at_ns, StackMoment.INTERRUPTED, frames)
            self._begin_follow(call, has_handler=False)

    def _call(self, item: CallEnded) -> Iterator[Event]:
        """Tell a call with its result, and its beginning if that was not told."""
        self._told_number = item.ended.number
        if self._entered is None or self._entered.line is not item.began:
            began = item.began or item.ended
            yield self._line(began)
            yield from self._stack(began.time_ns, StackMoment.ENTERING, item.frames)
            syscall = syscall_of(item, native=self.native)
            yield SyscallEntered(began.time_ns, self._tgid, self._tid, syscall, ip=item.ip)
        if item.began is not item.ended and item.began is not None:
            yield self._line(item.ended)
        retval = returned(item.result)
        if retval is not None:
            nr = syscall_of(item, native=self.native).nr
            yield SyscallExited(item.ended_ns, self._tgid, self._tid, item.name, nr, retval)

    def _stack(
        self, at_ns: int, moment: StackMoment, frames: tuple[StackLine, ...]
    ) -> Iterator[Event]:
        if frames:
            at = Event(at_ns, self._tgid, self._tid)
            yield from stack_events(self._program, at, moment, frames)

    def _end_follow(self, at_ns: int) -> Iterator[Event]:
        reason = None if self._follow is None else self._follow.end
        if reason is not None:
            self._follow = None
            yield FollowEnded(at_ns, self._tgid, self._tid, reason)

    def _line(self, line: NumberedLine) -> LogLine:
        return LogLine(line.time_ns, self._tgid, self._tid, line.number, line.text)


def _first_argument(arguments: str) -> str:
    return next(iter(split_arguments(arguments, 1)), "")
