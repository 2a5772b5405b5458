"""Two runs compared, as one JSON object; docs/comparison.schema.json is its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator

from eintr_trace.model.comparison import (
    STEP_LAYERS,
    ComparedRun,
    Comparison,
    Pair,
    Step,
    StepRow,
)
from eintr_trace.model.episodes import Episode
from eintr_trace.reports.json_report import Json, report_object

SCHEMA_VERSION = 1


def comparison_json(comparison: Comparison) -> Iterator[str]:
    """Return the text in pieces, a newline at the end. ASCII only, as reports are."""
    yield from json.JSONEncoder(indent=1).iterencode(comparison_object(comparison))
    yield "\n"


def comparison_object(comparison: Comparison) -> Json:
    """Return the comparison as what ``json`` writes, with both reports in it."""
    pairs = comparison.pairs
    return {
        "schema_version": SCHEMA_VERSION,
        "reason": comparison.reason,
        "first": comparison.first,
        "left": _run(comparison.left),
        "right": _run(comparison.right),
        "pairs": [_pair(pair) for pair in pairs],
        "summary": {
            "parting": sum(pair.parts_at is not None for pair in pairs),
            "left_only": sum(pair.right is None for pair in pairs),
            "right_only": sum(pair.left is None for pair in pairs),
            "alike": sum(not pair.parts for pair in pairs),
        },
    }


def _run(run: ComparedRun) -> Json:
    return {"name": run.name, "report": report_object(run.report)}


def _pair(pair: Pair) -> Json:
    return {
        "left": _number(pair.left),
        "right": _number(pair.right),
        "parts_at": pair.parts_at,
        "reason": pair.reason,
        "confidence": pair.confidence.value,
        "steps": [_row(row) for row in pair.rows],
    }


def _number(episode: Episode | None) -> int | None:
    return None if episode is None else episode.id


def _row(row: StepRow) -> Json:
    return {
        "kind": row.kind.value,
        "layer": STEP_LAYERS[row.kind].value,
        "relation": row.relation.value,
        "left": None if row.left is None else _step(row.left),
        "right": None if row.right is None else _step(row.right),
    }


def _step(step: Step) -> Json:
    return {
        "text": step.text,
        "seen": step.was_seen,
        "confidence": step.confidence.value,
        "evidence": list(step.evidence),
    }
