"""Signals of one kind that were sent while one was pending: the kernel keeps only that one."""

from __future__ import annotations

from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.interruption import Interruption
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import duration
from eintr_trace.model.episodes import Evidence, EvidenceKind


def merged_by_the_tracer(interruption: Interruption) -> str | None:
    """Say how many merged because the tracer held the thread that was to take them."""
    merged = interruption.merged
    if merged is None or not merged.while_held:
        return None
    return (
        f"{_more(merged.while_held, interruption.signal_name)} while this one was pending and the"
        " tracer held the thread: the kernel merged them. Without a tracer the thread takes each"
        " as it comes."
    )


def merged_by_themselves(interruption: Interruption) -> str | None:
    """Say how many merged otherwise, or that it cannot be seen whether any did."""
    merged, name = interruption.merged, interruption.signal_name
    if interruption.pending_again:
        return (
            f"Another {name} came while the tracer held the thread. More of them may have merged"
            " into it, which was not watched."
        )
    if merged is None or not merged.otherwise:
        return None
    return (
        f"{_more(merged.otherwise, name)} while one was pending, not because of the tracer: the"
        " kernel keeps one of a kind."
    )


def merged_evidence(trail: Trail, _: Finding) -> Evidence | None:
    """What shows it: samples of the kernel's tracepoint, or what was pending in the stop."""
    interruption = trail.interruption
    merged, name = interruption.merged, interruption.signal_name
    if merged is None:
        if not interruption.pending_again:
            return None
        text = f"SigPnd or ShdPnd of /proc/PID/status: {name} was pending again in this stop"
        return Evidence(EvidenceKind.PROC, text, interruption.time_ns)
    count = merged.while_held + merged.otherwise
    text = f"tracepoint signal:signal_generate: {count} more {name}, already pending"
    if merged.first_ns is None or merged.held_from_ns is None or merged.held_until_ns is None:
        return Evidence(EvidenceKind.SAMPLE, text)
    held = duration(merged.held_until_ns - merged.held_from_ns)
    into = duration(merged.first_ns - merged.held_from_ns)
    text = f"{text}, the first of them {into} into a stop of {held} of this thread"
    return Evidence(EvidenceKind.SAMPLE, text, merged.first_ns)


def _more(count: int, name: str) -> str:
    return f"{count} more {name} {'was' if count == 1 else 'were'} sent"
