"""One line of an strace log by itself: the event that it tells of, and what is named in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eintr_trace.facts.signals import signal_name
from eintr_trace.model.events import (
    Event,
    GroupStopped,
    HandlerReturned,
    ProcessExited,
    SignalDelivered,
    Syscall,
    SyscallEntered,
    SyscallExited,
)
from eintr_trace.sources.strace_log.calls import (
    RESTART_SYSCALL,
    RETURNS_FROM_HANDLER,
    returned,
    signal_of,
)
from eintr_trace.sources.strace_log.lexer import read_line
from eintr_trace.sources.strace_log.lines import (
    CallLine,
    EndedLine,
    SignalLine,
    StoppedLine,
)

_AT: Final = (0, 0, 0)  # no time and no thread: nothing is said of them


@dataclass(frozen=True)
class ReadLine:
    """What a line says. ``named``: its call, its error and its signal, as far as it has them."""

    event: Event | None
    named: tuple[str, ...]


def read_one_line(text: str) -> ReadLine | None:
    """Read a line; ``None`` if it is none of strace's about a call or a signal."""
    line = read_line(text)
    match line:
        case CallLine():
            return _call(line) if line.name else None
        case SignalLine():
            signal = signal_of(line.signo, line.fields)
            delivered = SignalDelivered(*_AT, signal=signal, disposition=None, call=None)
            return ReadLine(delivered, (signal.name,))
        case StoppedLine():
            name = signal_name(line.signo)
            stopped = GroupStopped(*_AT, signo=line.signo, name=name, call=None)
            return ReadLine(stopped, ("group-stop", name))
        case EndedLine():
            return _ended(line)
        case _:
            return None


def _ended(line: EndedLine) -> ReadLine:
    ended = ProcessExited(*_AT, status=line.status, signo=line.signo)
    return ReadLine(ended, () if line.signo is None else ("died", signal_name(line.signo)))


def _call(line: CallLine) -> ReadLine:
    error = None if line.result is None else line.result.error
    return ReadLine(_event(line), (line.name,) if error is None else (line.name, error))


def _event(line: CallLine) -> Event | None:
    retval = None if line.result is None else returned(line.result)
    if line.name in RETURNS_FROM_HANDLER:
        return HandlerReturned(*_AT, retval=retval)
    if line.name == RESTART_SYSCALL:
        call = Syscall(line.name, None, None, f"{line.name}({line.arguments})")
        return SyscallEntered(*_AT, syscall=call)
    if retval is None:
        return None
    return SyscallExited(*_AT, name=line.name, nr=None, retval=retval)
