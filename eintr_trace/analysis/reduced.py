"""Evidence that is missing because the tracer itself had run out of something, in words."""

from __future__ import annotations

from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.reductions import REDUCTION_TEXTS
from eintr_trace.model.episodes import Evidence, EvidenceKind


def reduced_evidence(trail: Trail, _: Finding) -> Evidence | None:
    """Say what this episode does not rest on, though it could; ``None``: nothing is missing."""
    reduced = trail.interruption.reduced
    if not reduced:
        return None
    text = "; ".join(REDUCTION_TEXTS[kind] for kind in reduced)
    return Evidence(EvidenceKind.PROC, f"not all was looked at: {text}", trail.interruption.time_ns)
