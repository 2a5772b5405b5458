"""The evidence about exceptions: what was raised, and who caught it."""

from __future__ import annotations

from eintr_trace.analysis.catching import Catching
from eintr_trace.analysis.exceptions import describe
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import exception, place
from eintr_trace.model.episodes import Evidence, EvidenceKind
from eintr_trace.model.python_state import CodeLocation


def raised(trail: Trail, finding: Finding) -> Evidence | None:
    """The exceptions that were not there before."""
    if not finding.chain:
        return None
    described = describe(finding.chain, _interrupted_at(trail))
    parts = [f"{exception(one)} in {one.found_in}" for one in reversed(described)]
    text = f"found in the interpreter: {'; '.join(parts)}; none of them was there before"
    return Evidence(EvidenceKind.MEMORY, text, _raising_time(trail, finding))


def catcher(trail: Trail, finding: Finding) -> Evidence | None:
    """The frame that was left while they were handled."""
    catching = finding.catching
    if catching.caught is None:
        return None
    time_ns = _raising_time(trail, finding)
    return Evidence(EvidenceKind.MEMORY, _catcher_text(catching), time_ns)


def _catcher_text(catching: Catching) -> str:
    if catching.caught_at is None:
        return "no Python frame of the interruption was left, so nobody caught the exception"
    text = f"{place(catching.caught_at)} is the frame that was left while it was handled"
    if catching.traceback_agrees:
        return f"{text}, and the exception's traceback begins in it"
    return text


def _interrupted_at(trail: Trail) -> CodeLocation | None:
    frame = trail.interruption.frame
    return None if frame is None else frame.location


def _raising_time(trail: Trail, finding: Finding) -> int | None:
    sighting = trail.raising or trail.otherwise_raising or finding.sighting
    return None if sighting is None else sighting.time_ns
