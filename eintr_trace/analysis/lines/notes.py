"""What a line in strace's style means: one or two sentences to be shown beneath it.

strace's own hints are short, and some mislead: ``rt_sigreturn`` seems to fail with EINTR,
``restart_syscall`` is said to resume a call that it does not. A note says what is left out and
holds for every line of its kind; what became of this very call is the episode's to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from signal import SIGKILL, SIGSTOP

from eintr_trace.analysis.calls import RESTART_SYSCALL, same_call
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import child_news
from eintr_trace.facts.restart_codes import RestartCode, restart_code
from eintr_trace.facts.signals import DefaultAction, default_action
from eintr_trace.model.events import (
    Disposition,
    Event,
    GroupStopped,
    HandlerReturned,
    HandlerReturning,
    ProcessExited,
    SignalDelivered,
    SignalInfo,
    SyscallEntered,
    SyscallExited,
)
from eintr_trace.model.trace_lines import CallInterrupted

_RESUMED = re.compile(r"resuming interrupted (\w+)")


@dataclass(frozen=True)
class LineContext:
    """What a note may rest on besides the line's own events.

    ``text`` is the line. ``trail`` is the interruption that it belongs to, as far as seen by
    then; ``None``: the line belongs to none, or that is not known.
    """

    text: str
    trail: Trail | None = None


def note_of(events: Sequence[Event], context: LineContext) -> str | None:
    """Explain a line by the events that were read from it; ``None``: it needs no words."""
    for kind, note in _NOTES:
        for event in events:
            text = note(event, context) if isinstance(event, kind) else None
            if text is not None:
                return text
    return None


def _interrupted(event: CallInterrupted, _: LineContext) -> str | None:
    if event.injected:
        return (
            "strace put this result there (-e inject): no signal came, and the kernel did not"
            " make the call."
        )
    return None


def _exited(event: SyscallExited, context: LineContext) -> str | None:
    if "(INJECTED)" in context.text:
        return "strace put this result there (-e inject); the kernel did not make the call."
    code = restart_code(event.retval)
    return None if code is None else _CODES[code]


_CODES: dict[RestartCode, str] = {
    RestartCode.EINTR: (
        "The call itself gave EINTR: nothing restarts it, neither SA_RESTART nor the lack of a"
        " handler."
    ),
    RestartCode.ERESTARTSYS: (
        "The program never sees this value. If no handler runs, or one installed with SA_RESTART,"
        " the kernel makes the call again; after any other handler the program gets EINTR."
    ),
    RestartCode.ERESTARTNOINTR: (
        "The program never sees this value: the kernel makes the call again, handler or not."
    ),
    RestartCode.ERESTARTNOHAND: (
        "The program never sees this value. If no handler runs the kernel makes the call again;"
        " after any handler, with SA_RESTART too, the program gets EINTR."
    ),
    RestartCode.ERESTART_RESTARTBLOCK: (
        "The program never sees this value. If no handler runs the kernel goes on, with the time"
        " that is left, as restart_syscall; after any handler, with SA_RESTART too, the program"
        " gets EINTR."
    ),
}


def _delivered(event: SignalDelivered, _: LineContext) -> str | None:
    return f"{_sender(event.signal)} {_met(event)}"


def _sender(signal: SignalInfo) -> str:
    news = child_news(signal)
    if news is not None:
        return f"The kernel sent it: {news}."
    match signal.code:
        case "SI_USER" | "SI_TKILL" | "SI_QUEUE" if signal.sender_pid:
            return f"Process {signal.sender_pid} sent it."
        case "SI_TIMER":
            return "A timer of the process sent it."
        case "SI_KERNEL":
            return "The kernel itself sent it: for a timer, a key of the terminal or a fault."
        case _:
            return "Who sent it is not known."


def _met(event: SignalDelivered) -> str:
    if event.signal.signo in {SIGKILL, SIGSTOP}:
        return _UNCATCHABLE[default_action(event.signal.signo)]
    match event.disposition:
        case Disposition.CAUGHT:
            return "The program has a handler for it, which runs now."
        case Disposition.IGNORED:
            return "The program ignores it: only to a traced process is it delivered."
        case Disposition.DEFAULT:
            return _DEFAULTS[default_action(event.signal.signo)]
        case None:
            return "If the program has a handler, it runs now, and rt_sigreturn ends it."


_UNCATCHABLE = {
    DefaultAction.TERMINATE: "No program can have a handler for it: it ends the process.",
    DefaultAction.STOP: "No program can have a handler for it: it stops the process until SIGCONT.",
}
_DEFAULTS = {
    DefaultAction.TERMINATE: "The program has no handler for it: it ends the process.",
    DefaultAction.CORE: "The program has no handler for it: it ends the process.",
    DefaultAction.IGNORE: (
        "The program has no handler for it, and by default it is ignored: only to a traced"
        " process is it delivered."
    ),
    DefaultAction.STOP: "The program has no handler for it: it stops the process until SIGCONT.",
    DefaultAction.CONTINUE: "The program has no handler for it: a stopped process goes on.",
}


def _returning(event: HandlerReturning, context: LineContext) -> str | None:
    return _restored(event.saved_retval, context)


def _returned(event: HandlerReturned, context: LineContext) -> str | None:
    return _restored(event.retval, context)


def _restored(value: int | None, context: LineContext) -> str | None:
    """Say what rt_sigreturn's "result" is: the register as the signal frame had saved it."""
    if value is None:
        return None
    if value == -RestartCode.EINTR:
        return (
            "The handler returns. sigreturn does not fail: this is the result that it puts back"
            " for the interrupted call, so the program gets EINTR."
        )
    call = None if context.trail is None else context.trail.interruption.call
    if call is None or call.syscall.nr != value or restart_code(call.retval) is None:
        return (
            "The handler returns. This is no result of sigreturn's but the register that it puts"
            " back."
        )
    text = (
        f"The handler returns, and {value} is the number of {call.syscall.name}: the kernel makes"
        " the call again"
    )
    if restart_code(call.retval) is RestartCode.ERESTARTSYS:
        return f"{text}, because the handler was installed with SA_RESTART."
    return f"{text}."


def _entered(event: SyscallEntered, context: LineContext) -> str | None:
    call = None if context.trail is None else context.trail.interruption.call
    if event.syscall.name == RESTART_SYSCALL:
        resumed = None if context.trail is None else context.trail.interruption.resumed
        met = resumed or (None if call is None else call.syscall)
        return _resumed(context.text, None if met is None else met.name)
    if context.trail is None or call is None or restart_code(call.retval) is None:
        return None
    again = context.trail.reentered
    if again is None or again.time_ns != event.time_ns or again.call != event.syscall:
        return None
    return "The interrupted call, made again." if same_call(call.syscall, event.syscall) else None


def _resumed(text: str, interrupted: str | None) -> str:
    goes_on = "The kernel goes on with the call that was interrupted"
    match = _RESUMED.search(text)
    if interrupted is not None and interrupted != RESTART_SYSCALL:
        if match is None or match[1] == interrupted:
            return f"{goes_on}, {interrupted}, with the time that is left."
        return (
            f"{goes_on}: it is {interrupted}. strace names the call that it saw last, which here"
            f" is not the one."
        )
    return (
        f"{goes_on}. Which it is strace has not seen: the name is that of the call that it saw"
        " last, or of call number 0."
    )


def _exited_by(event: ProcessExited, _: LineContext) -> str | None:
    if event.signo is None:
        return None
    return "The signal's default action ended the process, with all its threads."


def _stopped(_event: GroupStopped, _: LineContext) -> str | None:
    return "All threads of the process are stopped, until SIGCONT."


# The more telling kind first, where a line has events of several. That a call is one made again is
# more than how it ended: the line of the first call has said that.
_NOTES: tuple[tuple[type[Event], Callable[..., str | None]], ...] = (
    (SyscallEntered, _entered),
    (CallInterrupted, _interrupted),
    (SignalDelivered, _delivered),
    (HandlerReturned, _returned),
    (HandlerReturning, _returning),
    (SyscallExited, _exited),
    (ProcessExited, _exited_by),
    (GroupStopped, _stopped),
)
