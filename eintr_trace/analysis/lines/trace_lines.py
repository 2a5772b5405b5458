"""Lines in strace's style, made from the events of a trace that has every call.

What strace 6 prints of the same events, but that every argument is written as it was when the
call was entered, unless the event of its end has another text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from eintr_trace.analysis.lines.strace_results import result_text, with_result
from eintr_trace.analysis.wording import counted
from eintr_trace.facts.signals import signal_name, signal_set_text
from eintr_trace.model.events import (
    Event,
    EventsLost,
    GroupStopped,
    HandlerReturned,
    HandlerReturning,
    ProcessExeced,
    ProcessExited,
    SignalDelivered,
    SignalInfo,
    SyscallEntered,
    SyscallExited,
    ThreadExited,
    TraceEnded,
)
from eintr_trace.model.trace_lines import LinePart, TraceLine

_RT_SIGRETURN: Final = "rt_sigreturn"


@dataclass(frozen=True)
class _OpenCall:
    """A call that has not come back yet."""

    time_ns: int
    tgid: int
    name: str
    text: str
    began: Event


@dataclass(frozen=True)
class MadeLine:
    """A part of a line, and the events that it was made of."""

    part: LinePart
    events: tuple[Event, ...]


class TraceLines:
    """Makes the lines of a trace, event by event; at most one call is open in each thread."""

    def __init__(self) -> None:
        self._open: dict[int, _OpenCall] = {}

    def feed(self, event: Event) -> Iterable[MadeLine]:
        """Give the parts of lines that an event makes."""
        match event:  # the most frequent first: there may be 20,000 a second
            case SyscallEntered():
                return self._opened(event, event.syscall.name, event.syscall.text)
            case SyscallExited():
                return self._closed(event, event.name, event.retval, event.text, event.result)
            case HandlerReturning(saved_mask=mask):
                frame = "" if mask is None else f"{{mask={signal_set_text(mask)}}}"
                return self._opened(event, _RT_SIGRETURN, f"{_RT_SIGRETURN}({frame})")
            case HandlerReturned(retval=int(retval)):
                return self._closed(event, _RT_SIGRETURN, retval)
            case EventsLost(count=count):
                self._open.clear()
                missing = f"{counted(count, 'event')} {'is' if count == 1 else 'are'}"
                return (_line(event, f"eintr-trace: {missing} missing here"),)
            case TraceEnded():
                return [self._cut_off(tid, "<detached ...>") for tid in list(self._open)]
            case _:
                return self._no_call(event)

    def _no_call(self, event: Event) -> Iterable[MadeLine]:
        match event:
            case SignalDelivered(signal=signal):
                text = f"--- {signal.name} {{{', '.join(_siginfo(signal))}}} ---"
                return (_line(event, text, signo=signal.signo),)
            case GroupStopped():
                return (_line(event, f"--- stopped by {event.name} ---", signo=event.signo),)
            case ThreadExited() | ProcessExited():
                return self._exited(event)
            case ProcessExeced():
                return self._execed(event)
            case _:
                return ()

    def _opened(self, event: Event, name: str, text: str) -> Iterator[MadeLine]:
        if event.tid in self._open:  # whose end was lost
            yield self._cut_off(event.tid, "<unfinished ...>")
        self._open[event.tid] = _OpenCall(event.time_ns, event.tgid, name, text, event)
        yield MadeLine(LinePart(event.time_ns, event.tgid, event.tid, text, call=name), (event,))

    def _closed(
        self,
        event: Event,
        name: str,
        retval: int,
        text: str | None = None,
        result: str | None = None,
    ) -> Iterator[MadeLine]:
        call = self._open.pop(event.tid, None)
        result = result or result_text(name, retval)
        if call is None or call.name != name:
            yield _line(event, with_result(f"<... {name} resumed>)", result), call=name)
            return
        line = TraceLine(
            call.time_ns, event.tgid, event.tid, with_result(text or call.text, result)
        )
        part = LinePart(event.time_ns, event.tgid, event.tid, call.text, line, result, name)
        yield MadeLine(part, (call.began, event))

    def _exited(self, event: ThreadExited | ProcessExited) -> Iterable[MadeLine]:
        if event.tid in self._open:
            yield self._cut_off(event.tid, None)
        if event.signo is not None:
            text = f"+++ killed by {signal_name(event.signo)} +++"
        elif event.status is not None:
            text = f"+++ exited with {event.status} +++"
        else:
            return
        yield _line(event, text)

    def _execed(self, event: ProcessExeced) -> Iterable[MadeLine]:
        """Go on with the call of the thread that executed; it has the process's number now."""
        caller = event.tid if event.former_tid is None else event.former_tid
        execve = self._open.pop(caller, None)
        for tid in [tid for tid, call in self._open.items() if call.tgid == event.tgid]:
            yield self._cut_off(tid, "<unfinished ...>")
        if execve is not None:
            self._open[event.tid] = execve

    def _cut_off(self, tid: int, why: str | None) -> MadeLine:
        """End the line of a call that does not come back, as far as is seen."""
        call = self._open.pop(tid)
        if why is None:
            text, result = with_result(call.text, "?"), "?"
        else:
            text, result = f"{call.text.removesuffix(')')} {why}", None
        line = TraceLine(call.time_ns, call.tgid, tid, text)
        part = LinePart(call.time_ns, call.tgid, tid, call.text, line, result, call.name)
        return MadeLine(part, (call.began,))


def _line(event: Event, text: str, call: str | None = None, signo: int | None = None) -> MadeLine:
    """A line that is whole with its one event."""
    line = TraceLine(event.time_ns, event.tgid, event.tid, text)
    part = LinePart(event.time_ns, event.tgid, event.tid, line=line, call=call, signo=signo)
    return MadeLine(part, (event,))


def _siginfo(signal: SignalInfo) -> Iterator[str]:
    """The fields of siginfo_t that are known, in strace's order."""
    yield f"si_signo={signal.name}"
    if signal.code is not None:
        yield f"si_code={signal.code}"
    if signal.sender_pid is not None:
        yield f"si_pid={signal.sender_pid}"
    if signal.sender_uid is not None:
        yield f"si_uid={signal.sender_uid}"
    if signal.child_status is not None:
        is_exit = signal.code == "CLD_EXITED"
        name = signal.child_status if is_exit else signal_name(signal.child_status)
        yield f"si_status={name}"
    if signal.child_user_ticks is not None:
        yield f"si_utime={signal.child_user_ticks}"
        yield f"si_stime={signal.child_system_ticks}"
