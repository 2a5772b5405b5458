"""What an strace log shows of an interruption: which lines, and which calls came between."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto

from eintr_trace.analysis.calls import RESTART_SYSCALL
from eintr_trace.analysis.interruption import Interruption, Trigger
from eintr_trace.facts.restart_codes import restart_code
from eintr_trace.model.events import (
    Event,
    HandlerReturning,
    SignalDelivered,
    Syscall,
    SyscallEntered,
    SyscallExited,
)
from eintr_trace.model.trace_lines import CallInterrupted, LogLine

_MOST_BETWEEN = 64
# What strace shows of these it shows of rt_sigreturn as well, whether -e trace=signal or all:
# they are of one class (strace 6.1 src/linux/x86_64/syscallent.h, TS), and no other class has it.
_SIGNAL_CALLS = frozenset({"rt_sigreturn", "sigreturn", "rt_sigaction", "rt_sigprocmask"})
_ON_STDERR = re.compile(r"write\(2[<,]")
_TRACEBACK = "Traceback (most recent call la"
_KEYBOARD_INTERRUPT = "KeyboardInterrupt"
# Python 2 prints an exception piece by piece; strace shows 32 characters of each.
_EINTR_PRINTED = re.compile(r"Errno 4\b|Interrupted sy|InterruptedError")


@dataclass(frozen=True)
class CallBefore:
    """The thread's call before a signal that met none; ``retval`` is its result."""

    syscall: Syscall
    retval: int
    began_ns: int
    ended_ns: int


class Moment(Enum):
    """What a line shows of an interruption."""

    BEFORE = auto()  # the call before a signal that met none
    CALL = auto()  # the call with its restart code
    DELIVERY = auto()
    HANDLER_RETURN = auto()
    AGAIN = auto()  # the call made again
    CAME_BACK = auto()  # its result
    NEXT_CALL = auto()  # the first other call after EINTR
    EXCEPTION = auto()  # an exception is printed
    ENDED = auto()


@dataclass
class LogScope:
    """What a log shows at all: with ``-e trace=SET`` it may lack the return of handlers."""

    shows_signal_calls: bool = False

    def observe(self, event: Event) -> None:
        """Learn from an event of any thread whether the returns of handlers would be shown."""
        match event:
            case HandlerReturning():
                self.shows_signal_calls = True
            case SignalDelivered() if event.disposition is not None:
                self.shows_signal_calls = True  # from rt_sigaction
            case SyscallEntered() if event.syscall.name in _SIGNAL_CALLS:
                self.shows_signal_calls = True


@dataclass
class LogSide:
    """The lines of one interruption by moment, and the calls before the call made again.

    ``between`` are those that followed outside the C signal handler, as far as kept;
    ``printed_exception``: ``Traceback …`` was written to stderr meanwhile, ``keyboard_interrupt``:
    ``KeyboardInterrupt``, ``printed_eintr``: what EINTR is called in an exception.
    ``call_began_ns`` is when the interrupted call was entered; ``before`` is the call before a
    signal that met none.
    """

    scope: LogScope = field(default_factory=LogScope)
    lines: dict[Moment, LogLine] = field(default_factory=dict)
    between: list[Syscall] = field(default_factory=list)
    printed_exception: bool = False
    keyboard_interrupt: bool = False
    printed_eintr: bool = False
    call_began_ns: int | None = None
    before: CallBefore | None = None
    _line: LogLine | None = None

    def observe(self, event: Event, is_again: bool) -> None:
        """Take in an event of the thread; ``is_again``: the call has been made again by now."""
        match event:
            case LogLine():
                self._line = event
            case HandlerReturning():
                self._forget_following()
                self._note(Moment.HANDLER_RETURN)
            case SyscallEntered() if is_again:
                self._note(Moment.AGAIN)
            case SyscallExited() if is_again and restart_code(event.retval) is None:
                self._note(Moment.CAME_BACK)
            case SyscallEntered():
                self._followed_by(event.syscall)

    def shows_no_handler(self, again: Syscall | None) -> bool:
        """Tell whether ``again``, the call made again, came at once, and no handler before it.

        Only the kernel makes restart_syscall, which it does not once a handler has run.
        """
        if again is None or self.between:
            return False
        return again.name == RESTART_SYSCALL or self.scope.shows_signal_calls

    def ended(self, line: LogLine | None) -> None:
        """The process ended; ``line`` says how."""
        if line is not None:
            self.lines.setdefault(Moment.ENDED, line)

    def _followed_by(self, call: Syscall) -> None:
        self._note(Moment.NEXT_CALL)
        if len(self.between) < _MOST_BETWEEN:
            self.between.append(call)
        if _ON_STDERR.match(call.text):
            self.printed_exception |= _TRACEBACK in call.text
            self.keyboard_interrupt |= _KEYBOARD_INTERRUPT in call.text
            self.printed_eintr |= _EINTR_PRINTED.search(call.text) is not None
            if self.printed_exception or self.keyboard_interrupt:
                self._note(Moment.EXCEPTION)

    def _forget_following(self) -> None:
        """What was seen so far was the C handler's doing."""
        self.between.clear()
        for moment in (Moment.NEXT_CALL, Moment.AGAIN, Moment.CAME_BACK, Moment.EXCEPTION):
            self.lines.pop(moment, None)
        self.printed_exception = self.keyboard_interrupt = self.printed_eintr = False

    def _note(self, moment: Moment) -> None:
        if self._line is not None:
            self.lines.setdefault(moment, self._line)


class ThreadLines:
    """The last lines of one thread, from which the next interruption begins."""

    def __init__(self) -> None:
        self._line: LogLine | None = None
        self._call_line: LogLine | None = None
        self._call_began_ns: int | None = None
        self._entered: SyscallEntered | None = None
        self._came_back: CallBefore | None = None

    def observe(self, event: Event) -> None:
        """Take in an event of the thread."""
        match event:
            case LogLine():
                self._line = event
            case SyscallEntered():
                self._call_began_ns = event.time_ns
                self._entered = event
            case SyscallExited():
                self._call_line = self._line
                self._came_back = self._before(event)
            case CallInterrupted():
                self._call_line = self._line
            case HandlerReturning():
                self._came_back = None

    def _before(self, event: SyscallExited) -> CallBefore | None:
        entered = self._entered
        if entered is None:
            return None
        return CallBefore(entered.syscall, event.retval, entered.time_ns, event.time_ns)

    @property
    def came_back(self) -> CallBefore | None:
        """The last call that came back."""
        return self._came_back

    @property
    def last(self) -> LogLine | None:
        """The last line."""
        return self._line

    def begin(self, interruption: Interruption, scope: LogScope) -> LogSide:
        """Begin an interruption with its own line, and that of the call it met."""
        side = LogSide(scope, _line=self._line)
        if interruption.trigger is not Trigger.NO_SIGNAL and self._line is not None:
            side.lines[Moment.DELIVERY] = self._line
        if interruption.call is not None and self._call_line is not None:
            side.lines[Moment.CALL] = self._call_line
            side.call_began_ns = self._call_began_ns
        if interruption.after_call:
            side.before = self._came_back
            if self._came_back is not None and self._call_line is not None:
                side.lines[Moment.BEFORE] = self._call_line
        return side
