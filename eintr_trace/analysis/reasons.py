"""Why an outcome is unknown: what was seen, and why that is not enough."""

from __future__ import annotations

from collections.abc import Callable

from eintr_trace.analysis.answers import gave_exception
from eintr_trace.analysis.handler_end import may_raise
from eintr_trace.analysis.kernel import KernelSide
from eintr_trace.analysis.rule_conditions import decided_to_raise
from eintr_trace.analysis.sightings import Ending, Sighting
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import counted
from eintr_trace.facts.pep475 import Behaviour
from eintr_trace.model.episodes import KernelAction
from eintr_trace.model.events import Reduction
from eintr_trace.model.python_state import CalleeKind


def why_unknown(trail: Trail, kernel: KernelSide) -> str:
    """Give the reason, without a full stop; the first that applies."""
    for reason in _REASONS:
        text = reason(trail, kernel)
        if text is not None:
            return text
    return _ended(trail)


def _lost(trail: Trail, _: KernelSide) -> str | None:
    if not trail.lost_events:
        return None
    were = "was" if trail.lost_events == 1 else "were"
    lost = f"{counted(trail.lost_events, 'event')} {were} lost"
    return f"{lost} while the thread was being followed"


def _fatal(trail: Trail, _: KernelSide) -> str | None:
    if not trail.interruption.is_fatal:
        return None
    return (
        f"{trail.interruption.signal_name} ends a process by default, but {_ended(trail)}"
        " and the process was not seen to end by it"
    )


def _kernel_not_seen(trail: Trail, kernel: KernelSide) -> str | None:
    if trail.in_c_handler or kernel.action is KernelAction.NONE:
        return f"the signal handler was not seen to return: {_ended(trail)}"
    return None


def _no_interpreter(trail: Trail, _: KernelSide) -> str | None:
    interruption = trail.interruption
    if interruption.interpreter is not None:
        return None
    if interruption.unread_interpreter is not None:
        return _by_interpreter_unread(trail, interruption.unread_interpreter.name)
    if trail.reentered is not None:
        return "the same call was made again, but which C code called again was not seen"
    return (
        "EINTR went to C code, and no CPython that this tool can read was found in the process,"
        " so what it made of EINTR was not seen"
    )


def _by_interpreter_unread(trail: Trail, interpreter: str) -> str:
    if trail.reentered is not None:
        return (
            f"the same call was made again, but whether {interpreter} or the program did that"
            " was not seen: only CPython's memory can be read"
        )
    return (
        f"EINTR went to {interpreter}, and what it made of EINTR was not seen: only CPython's"
        " memory can be read"
    )


def _memory_unread(trail: Trail, _: KernelSide) -> str | None:
    if Reduction.MEMORY_UNREAD not in trail.interruption.reduced:
        return None
    return "the memory of the process was not read: eintr-trace had no file descriptor left"


def _no_python_stack(trail: Trail, _: KernelSide) -> str | None:
    before = trail.interruption.python
    if before is not None and not before.attached:
        if trail.reentered is not None:
            return (
                "the thread runs no Python code; the same call was made again, but which C code"
                " called again was not seen"
            )
        return "the thread runs no Python code, and what its C code made of EINTR was not seen"
    if before is None or not before.frames:
        problem = "" if before is None or before.problem is None else f" ({before.problem})"
        return f"the Python stack at the interruption could not be read{problem}"
    return None


def _raised_and_not_followed(trail: Trail, _: KernelSide) -> str | None:
    if trail.reentered is not None or not (decided_to_raise(trail) or gave_exception(trail)):
        return None
    return (
        "an exception was made of EINTR, and whether the program caught it and made the call again"
        f" was not seen: {_ended(trail)}"
    )


def _again_but_undecided(trail: Trail, _: KernelSide) -> str | None:
    again = trail.reentered
    if again is None:
        return None
    if again.survival is None:
        return "the same call was made again, but the Python stack at that moment was not read"
    if not again.survival.at_the_call:
        return (
            "the same call was made again from another place in the program, and no exception"
            " was in sight: how the first call ended was not seen"
        )
    if trail.interruption.calls_foreign_code:
        return None
    return (
        "the same call was made again from the same Python instruction, and neither the"
        " exception state nor the PEP 475 table tells whether CPython or a loop in the program"
        " did that"
    )


def _handler_may_raise(trail: Trail, _: KernelSide) -> str | None:
    if not may_raise(trail):
        return None
    return (
        "the Python handler has a raise statement, and how its call ended was not seen: the call"
        " may have been given up for its exception"
    )


def _foreign(trail: Trail, _: KernelSide) -> str | None:
    callee = trail.interruption.callee
    if callee is None or not trail.interruption.calls_foreign_code:
        return None
    what = {
        CalleeKind.C_FUNCTION: f"{callee.name} is not CPython's",
        CalleeKind.CTYPES: "a foreign function was called through ctypes",
        CalleeKind.OTHER: "what was called is not CPython's",
    }[callee.kind]
    if trail.reentered is not None:
        return (
            f"the same call was made again from the same Python instruction, and {what}: whether"
            " its C code did that, or a loop in the program, was not seen"
        )
    return (
        f"{what}, so that the table does not tell what it makes of EINTR, and an exception that"
        " is caught leaves no trace once its `except` block has ended"
    )


def _other_exception(trail: Trail, _: KernelSide) -> str | None:
    other = trail.otherwise_raising
    if other is None:
        return None
    return (
        f"{other.chain[-1].type_name} was raised, which neither holds errno 4 (EINTR) nor came"
        " from the signal handler"
    )


def _moved_on(trail: Trail, _: KernelSide) -> str | None:
    latest = trail.latest
    if latest is None or latest.survival is None:
        return None
    if latest.survival.at_the_call:
        return (
            "Python was last seen at the interrupted instruction still, and the call was not"
            f" made again before {_ended(trail)}"
        )
    where = _place(latest)
    decision = trail.interruption.pep475
    if decision is not None and decision.behaviour is Behaviour.RAISES:
        return (
            f"the program had moved on{where}; EINTR raises there, but no exception was in"
            " sight, and whether the signal handler raised one instead was not seen"
        )
    return (
        f"the program had moved on{where} without making the call again, and no exception was"
        " in sight: one that is caught leaves no trace once its `except` block has ended"
    )


def _quiet(trail: Trail, _: KernelSide) -> str | None:
    if trail.quiet is None or trail.ending is not None:
        return None
    doing = "computing" if trail.quiet.blocked_in is None else f"in {trail.quiet.blocked_in}"
    milliseconds = trail.quiet.after_ns // 1_000_000
    return f"nothing decisive happened within {milliseconds} ms: the thread is {doing}"


_REASONS: tuple[Callable[[Trail, KernelSide], str | None], ...] = (
    _lost,
    _fatal,
    _kernel_not_seen,
    _no_interpreter,
    _memory_unread,
    _no_python_stack,
    _handler_may_raise,
    _raised_and_not_followed,
    _again_but_undecided,
    _other_exception,
    _quiet,
    _foreign,
    _moved_on,
)


def _ended(trail: Trail) -> str:
    match trail.ending:
        case Ending.FOLLOW_ENDED:
            detail = f" ({trail.ending_text})" if trail.ending_text else ""
            return f"the tracer stopped following the thread{detail}"
        case Ending.THREAD_EXITED:
            return "the thread ended"
        case Ending.PROCESS_EXITED:
            return "the process ended"
        case Ending.EXECED:
            return "the process became another program (exec)"
        case Ending.TRACE_ENDED:
            return "the trace ended"
        case Ending.CROWDED_OUT:
            return "more signals came than are followed at once"
        case None:
            return "the thread has not been seen to do anything since"


def _place(sighting: Sighting) -> str:
    survival = sighting.survival
    if survival is None or survival.innermost is None:
        return ""
    location = survival.innermost.location
    return f" to {location.function} ({location.file.rpartition('/')[2]}:{location.line})"
