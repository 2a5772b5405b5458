"""One line for an episode."""

from __future__ import annotations

from eintr_trace.analysis.connecting import waits_for_no_connect
from eintr_trace.analysis.early_rules import is_without_exception
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.interruption import Interruption, Trigger
from eintr_trace.analysis.no_more_waiting import waited_long_enough
from eintr_trace.analysis.receiver import is_foreign, reception
from eintr_trace.analysis.receiver_exhibits import file_name
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import place
from eintr_trace.model.episodes import Outcome


def headline(trail: Trail, finding: Finding) -> str:
    """Say what met what, and what became of it."""
    return f"{_met(trail.interruption)}: {_came_of_it(trail, finding)}"


def _met(interruption: Interruption) -> str:
    call, frame = interruption.call, interruption.frame
    signal = interruption.signal_name
    if call is not None and interruption.trigger is Trigger.NO_SIGNAL:
        by = "strace's injected error" if interruption.injected else "Something unseen"
        return f"{by} met {call.syscall.name}"
    if call is None and interruption.after_call:
        return f"{signal} came after a finished call"
    if call is None and interruption.vantage.is_log:
        return f"{signal} came with no interrupted call"
    if call is None:
        return f"{signal} came outside system calls"
    where = "" if frame is None else f" in {place(frame.location)}"
    verb = "stopped" if interruption.trigger is Trigger.GROUP_STOP else "met"
    carried_on = "" if interruption.resumed is None else f" ({interruption.resumed.name})"
    return f"{signal} {verb} {call.syscall.name}{carried_on}{where}"


def _came_of_it(trail: Trail, finding: Finding) -> str:
    if finding.chain:
        return _exceptional(finding)
    match finding.outcome:
        case Outcome.UNKNOWN:
            return f"not known: {finding.reason}"
        case Outcome.COMPLETED:
            return "the call was already done"
        case Outcome.DIED:
            return f"the process ended by {trail.interruption.signal_name}"
        case Outcome.RETURNED_EARLY:
            return _early(trail, finding)
        case Outcome.RESUMED_BY_INTERPRETER if waited_long_enough(trail):
            return "CPython went on; there was nothing left to wait for"
        case Outcome.RETRIED_BY_LIBRARY:
            return f"{_library(trail)} made the call again"
        case outcome:
            return _WORDS[outcome]


_WORDS = {
    Outcome.RESTARTED_BY_KERNEL: "the kernel restarted the call",
    Outcome.RESUMED_BY_INTERPRETER: "CPython made the call again",
    Outcome.RETRIED_BY_PROGRAM: "the program made the call again",
    Outcome.RAISED: "an exception was raised",
    Outcome.ABANDONED_BY_HANDLER: "the signal handler raised",
    Outcome.NOT_BLOCKING: "nothing was interrupted",
}


def _early(trail: Trail, finding: Finding) -> str:
    if waits_for_no_connect(trail):
        return "CPython takes it for done, but the socket is not connected"
    if is_without_exception(trail, finding):
        return "the call returned early, without an exception"
    return "the call returned early; no exception was seen"


def _library(trail: Trail) -> str:
    """Name whose C code called again: that which got EINTR, where the C stack shows it."""
    got_it = reception(trail)
    if got_it is None or not got_it.is_seen or got_it.library is None or not is_foreign(got_it):
        return "a C library"
    module = got_it.receiver.module
    return file_name(got_it.library) if module is None else f"the extension module {module}"


def _exceptional(finding: Finding) -> str:
    name = finding.chain[-1].type_name
    catching = finding.catching
    if catching.caught_at is not None:
        caught = f"caught in {place(catching.caught_at)}"
    else:
        caught = "not caught" if catching.caught is False else "catcher not known"
    match finding.outcome:
        case Outcome.RETRIED_BY_PROGRAM:
            return f"{name}, {caught}, and the program made the call again"
        case Outcome.ABANDONED_BY_HANDLER:
            return f"the signal handler raised {name}, {caught}"
        case _:
            return f"{name}, {caught}"
