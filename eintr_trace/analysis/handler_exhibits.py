"""The evidence about signal handlers: CPython's C handler, the Python handler, when it began."""

from __future__ import annotations

from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.handler import is_default_int_handler
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import duration, place
from eintr_trace.model.episodes import Evidence, EvidenceKind
from eintr_trace.model.python_state import HandlerEnd, RaiseUse

_ENDS = {
    HandlerEnd.RETURNED: "returns",
    HandlerEnd.RAISED: "ends in an exception",
}
_RAISE_USES = {
    RaiseUse.NEVER: "has no raise statement",
    RaiseUse.ALWAYS: "cannot return: every way through it ends in a raise statement",
}


def c_handler(trail: Trail, _: Finding) -> Evidence | None:
    """Whether CPython's C handler ran."""
    restored = trail.restored
    if restored is None or restored.tripped is None:
        return None
    signal = trail.interruption.signal_name
    if restored.tripped:
        text = (
            f"CPython's table of handlers marks {signal} as tripped: CPython's C handler ran, and"
            " the Python handler was still to be called"
        )
    else:
        text = (
            f"CPython's table of handlers does not mark {trail.interruption.signal_name} as tripped"
        )
    return Evidence(EvidenceKind.MEMORY, text, restored.time_ns)


def handler(trail: Trail, _: Finding) -> Evidence | None:
    """The Python handler seen on the stack, or called meanwhile."""
    if trail.interruption.python_handler is None:
        return None
    who = _who(trail)
    if trail.handler_seen is not None:
        seen = trail.handler_seen
        where = _directly_on_top(trail) if seen.at_the_call else ""
        text = f"{_after(trail, seen.time_ns)} {who} was on the stack{where}"
        return Evidence(EvidenceKind.MEMORY, text, seen.time_ns)
    if trail.handler_done_ns is not None:
        text = (
            f"{_after(trail, trail.handler_done_ns)} the tripped mark was gone: CPython had"
            f" called {who} in between"
        )
        return Evidence(EvidenceKind.MEMORY, text, trail.handler_done_ns)
    return None


def handler_end(trail: Trail, _: Finding) -> Evidence | None:
    """How the call of the Python handler ended, by its frame or by its code."""
    entry, end = trail.interruption.python_handler, trail.handler_end
    if entry is None or trail.handler_done_ns is None:
        return None
    if end is not None:
        text = (
            f"the frame that {_who(trail)} has left behind was last at an instruction by which"
            f" a call {_ENDS[end]}"
        )
        return Evidence(EvidenceKind.MEMORY, text, trail.handler_done_ns)
    if entry.raises is None or entry.raises is RaiseUse.SOMETIMES:
        return None
    return Evidence(EvidenceKind.RULE, f"the code of {_who(trail)} {_RAISE_USES[entry.raises]}")


def default_int_handler(trail: Trail, _: Finding) -> Evidence | None:
    """What CPython's own handler of SIGINT does."""
    if not is_default_int_handler(trail.interruption.python_handler):
        return None
    text = (
        "signal.default_int_handler raises KeyboardInterrupt whenever it is called"
        " (CPython Modules/signalmodule.c signal_default_int_handler())"
    )
    return Evidence(EvidenceKind.RULE, text)


def _directly_on_top(trail: Trail) -> str:
    frame = trail.interruption.frame
    if frame is None:
        return ""
    at = "its interrupted instruction" if frame.calls is None else f"its call of {frame.calls}"
    return f", directly on top of {place(frame.location)}, which was still at {at}"


def handler_run(trail: Trail, _: Finding) -> Evidence | None:
    """What the watchpoint saw of the Python handler, or that it saw nothing."""
    run, missed = trail.handler_run, trail.handler_outstanding
    watch, entry = trail.interruption.handler_watch, trail.interruption.python_handler
    if watch is None or entry is None:
        return None
    mark = f"Handlers[{entry.signo}].tripped"
    if run is not None:
        text = (
            f"{_after(trail, run.time_ns)} the watchpoint on {mark} saw CPython's main thread,"
            f" {watch.main_tid}, write what it writes right before it calls {_who(trail)}"
        )
        return Evidence(EvidenceKind.SAMPLE, text, run.time_ns)
    if missed is None:
        return None
    text = f"the watchpoint on {mark} had not seen CPython call {_who(trail)} when {missed.end}"
    if missed.due is not None:
        text += f"; the mark was {'still set' if missed.due else 'gone'} then"
    return Evidence(EvidenceKind.SAMPLE, text, missed.time_ns)


def main_thread(trail: Trail, _: Finding) -> Evidence | None:
    """What CPython's main thread was doing when another thread took the signal."""
    watch = trail.interruption.handler_watch
    if watch is None or trail.interruption.is_main_thread:
        return None
    doing = "in no call" if watch.main_blocked_in is None else f"in {watch.main_blocked_in}"
    text = f"/proc/PID/task/{watch.main_tid}/syscall: CPython's main thread was {doing}"
    return Evidence(EvidenceKind.PROC, text, trail.interruption.time_ns)


def handler_rule(trail: Trail, _: Finding) -> Evidence | None:
    """When CPython runs Python handlers at all."""
    if trail.interruption.handler_watch is None:
        return None
    text = (
        "CPython keeps one mark a signal, and runs the Python handlers of those marked between"
        " two bytecode instructions of its main thread, or where C code in it calls"
        " PyErr_CheckSignals() (library reference, signal, Execution of Python signal handlers)"
    )
    return Evidence(EvidenceKind.RULE, text)


def _after(trail: Trail, time_ns: int) -> str:
    return f"{duration(trail.after(time_ns))} after the signal"


def _who(trail: Trail) -> str:
    entry = trail.interruption.python_handler
    if entry is None or entry.location is None:
        return "the Python handler"
    return place(entry.location)
