"""How late the Python handler of a delivery began, and why: from what a watchpoint saw."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.draft import Draft
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.replaced_handler import handler_was_replaced
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import bare_name, called, duration, place
from eintr_trace.model.episodes import (
    DelayBound,
    DelayCause,
    HandlerRun,
    KernelAction,
    Layer,
    Outcome,
)

NOTICEABLE_NS = 10_000_000
"""From here on a delay is worth its cause."""

_HELD_SHARE = 10  # from a tenth of the delay on, the tracer's part of it is said


def handler_run(trail: Trail, finding: Finding) -> HandlerRun | None:
    """Describe the Python handler's run; ``None``: no Python handler is to run."""
    handler, seen, run = trail.interruption.python_handler, trail.handler_seen, trail.handler_run
    if handler is None or handler_was_replaced(trail):
        return None
    waited_ns, bound = _waited(trail)
    return HandlerRun(
        location=handler.location,
        delay_ns=waited_ns,
        delay_bound=bound,
        held_ns=None if waited_ns is None else _held_ns(trail, waited_ns),
        delayed_by=_cause(trail, finding) if is_late(trail) else None,
        deliveries=None if run is None else run.deliveries,
        inside_call=None if seen is None else seen.at_the_call,
        ended_within_ns=_ended_within_ns(trail, finding),
    )


def _ended_within_ns(trail: Trail, finding: Finding) -> int | None:
    """Return when CPython called again, if the handler was seen to begin in that call.

    Between the two is the handler and what PEP 475's loops do about it: after
    PyErr_CheckSignals() they call again at once (Modules/socketmodule.c sock_call_ex()). Seen at
    that call, the handler's frame was not on the stack (``Trail._look``).
    """
    run, again, handler = trail.handler_run, trail.reentered, trail.interruption.python_handler
    if finding.outcome is not Outcome.RESUMED_BY_INTERPRETER or run is None or again is None:
        return None
    can_be_seen = handler is not None and handler.code_address is not None
    if not can_be_seen or not trail.interruption.is_main_thread or again.snapshot is None:
        return None
    return trail.after(again.time_ns) if run.time_ns < again.time_ns else None


def is_late(trail: Trail) -> bool:
    """Tell whether the handler is known to have waited noticeably, or for the call to end.

    While the tracer held the thread does not count.
    """
    run, missed = trail.handler_run, trail.handler_outstanding
    if handler_was_replaced(trail):
        return False
    if run is None:
        is_due = missed is not None and missed.due is not False
        return missed is not None and is_due and trail.after(missed.time_ns) >= NOTICEABLE_NS
    waited_ns, follow_up = trail.after(run.time_ns), trail.follow_up
    if waited_ns - (_held_ns(trail, waited_ns) or 0) >= NOTICEABLE_NS:
        return True
    came_back_ns = None if follow_up is None else follow_up.after_ns
    return came_back_ns is not None and waited_ns > came_back_ns


def delay_sentences(trail: Trail, finding: Finding) -> Iterator[Draft]:
    """Say when the handler began, for how many deliveries, and why so late."""
    handler, run = trail.interruption.python_handler, trail.handler_run
    if handler is None:
        return
    name = "(not Python code)" if handler.location is None else place(handler.location)
    if run is not None:
        after, held = duration(trail.after(run.time_ns)), _held(trail, trail.after(run.time_ns))
        yield _draft(f"The Python handler {name} began {after} after the signal{held}.", _RUN)
        if run.deliveries > 1:
            signal = trail.interruption.signal_name
            text = (
                f"That one run answered {run.deliveries} deliveries of {signal}:"
                " CPython keeps one mark a signal."
            )
            yield _draft(text, _RUN)
    else:
        yield from _outstanding(trail, name)
    if is_late(trail):
        yield from _why(trail, finding)


_RUN = Topic.HANDLER_RUN


def _draft(text: str, *topics: Topic) -> Draft:
    return Draft(Layer.PYTHON, text, topics)


def _held(trail: Trail, waited_ns: int) -> str:
    """Say what of the wait was the tracer's own, if that is more than a little."""
    held_ns = _held_ns(trail, waited_ns) or 0
    if held_ns * _HELD_SHARE < waited_ns:
        return ""
    return f"; for {duration(held_ns)} of that, eintr-trace held the thread"


def _held_ns(trail: Trail, waited_ns: int) -> int | None:
    """How long the interrupted thread was held: a worker only until its C handler could run."""
    began_ns = trail.interruption.time_ns
    if trail.interruption.is_main_thread:
        return trail.held.until(began_ns + waited_ns)
    held_ns = trail.interruption.held_ns
    return None if held_ns is None else min(held_ns, waited_ns)


def _waited(trail: Trail) -> tuple[int | None, DelayBound | None]:
    run, seen, missed = trail.handler_run, trail.handler_seen, trail.handler_outstanding
    if run is not None:
        return trail.after(run.time_ns), DelayBound.EXACT
    if seen is not None:
        return trail.after(seen.time_ns), DelayBound.AT_MOST
    if missed is not None and missed.due is not False:
        return trail.after(missed.time_ns), DelayBound.AT_LEAST
    return None, None


def _outstanding(trail: Trail, name: str) -> Iterator[Draft]:
    missed = trail.handler_outstanding
    if missed is None or trail.handler_seen is not None:
        return
    after = duration(trail.after(missed.time_ns))
    if missed.due is False:
        text = f"When the Python handler {name} began was not seen; it was before {missed.end}."
    else:
        text = (
            f"The Python handler {name} had not begun {after} after the signal, when {missed.end}."
        )
    yield _draft(text, _RUN)


def _cause(trail: Trail, finding: Finding) -> DelayCause | None:
    """Tell why the handler is late; ``None``: nothing that was seen explains it."""
    if not trail.interruption.is_main_thread:
        return DelayCause.WORKER_THREAD
    if finding.kernel.action is KernelAction.RESTART:
        return DelayCause.RESTARTED_CALL
    if _called_again_first(trail) or _in_c_code(trail):
        return DelayCause.C_CODE
    return None


def _called_again_first(trail: Trail) -> bool:
    """Tell whether the call was made again after EINTR before the handler began."""
    again, run = trail.reentered, trail.handler_run
    return again is not None and (run is None or again.time_ns < run.time_ns)


def _in_c_code(trail: Trail) -> bool:
    """Tell whether the signal found Python code calling C code that was in no system call."""
    interruption = trail.interruption
    frame = interruption.frame
    return interruption.call is None and frame is not None and frame.calls is not None


def _why(trail: Trail, finding: Finding) -> Iterator[Draft]:
    match _cause(trail, finding):
        case DelayCause.WORKER_THREAD:
            yield _draft(_worker(trail), Topic.THREAD, Topic.MAIN_THREAD)
        case DelayCause.RESTARTED_CALL:
            text = (
                "The kernel restarted the call without going back to C code, which so had no"
                " chance to run Python's handlers before the call ended."
            )
            shown_by = (Topic.SIGNAL_FRAME, Topic.KERNEL_RULE, Topic.REENTERED, Topic.FOLLOW_UP)
            yield _draft(text, *shown_by)
        case DelayCause.C_CODE:
            yield _c_code(trail)
        case None:
            return


def _worker(trail: Trail) -> str:
    watch = trail.interruption.handler_watch
    blocked_in = None if watch is None else watch.main_blocked_in
    if blocked_in is None:
        return "The main thread, which was in no system call then, got to it only later."
    return (
        f"The main thread was in {blocked_in}, which this signal did not interrupt: the handler"
        " had to wait until the main thread ran Python code again."
    )


def _c_code(trail: Trail) -> Draft:
    interruption = trail.interruption
    if interruption.call is None:
        frame = interruption.frame
        calls = "a C function" if frame is None or frame.calls is None else frame.calls
        text = (
            f"The signal came while {calls} ran: handlers have to wait until C code returns,"
            " unless it asks for them."
        )
        return _draft(text, Topic.STACK, Topic.HANDLER_RULE)
    name = bare_name(called(interruption.frame, interruption.call.syscall))
    text = f"The C code of {name} made the call again without running Python's handlers first."
    return _draft(text, Topic.REENTERED, _RUN)
