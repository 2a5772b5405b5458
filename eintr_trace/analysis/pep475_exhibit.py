"""What the PEP 475 table says of the interrupted call, as evidence."""

from __future__ import annotations

from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.logs.likely_rows import likely_decision
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.pep475 import Pep475Row, Version, parse_version
from eintr_trace.model.episodes import Evidence, EvidenceKind

_ROWS_SHOWN = 2


def pep475(trail: Trail, finding: Finding) -> Evidence | None:
    """The first rows that apply to the call, under the interpreter that was found."""
    interpreter, decision = trail.interruption.interpreter, trail.interruption.pep475
    if trail.log is not None:
        decision = likely_decision(trail)
    if interpreter is None or decision is None or not decision.rows:
        return None
    version = parse_version(interpreter.version)
    rows = "; ".join(_row_text(row, version) for row in decision.rows[:_ROWS_SHOWN])
    lead = "rule" if finding.by_table else "table of CPython's behaviour"
    text = f"{lead}, for CPython {interpreter.version}: {rows}"
    return Evidence(EvidenceKind.RULE, text)


def _row_text(row: Pep475Row, version: Version) -> str:
    eras = row.eras_of(version)
    behaviour = eras[-1].behaviour.value if eras else "not known"
    return f"{row.id} {behaviour} ({row.citation})"
