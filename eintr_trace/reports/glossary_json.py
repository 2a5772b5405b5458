"""Explanations as JSON; docs/explain.schema.json is its schema: a list, each part with its kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TextIO, assert_never

from eintr_trace.analysis.what_if.sentences import say
from eintr_trace.facts.glossary.entry import Table
from eintr_trace.facts.glossary.functions import version_said
from eintr_trace.reports.glossary_page import (
    Answer,
    CellTable,
    ExplainedLine,
    Part,
    Remark,
    ShortEntry,
    WholeEntry,
    WordList,
)

_SCHEMA_VERSION = 1


def write_glossary_json(parts: Sequence[Part], stream: TextIO) -> None:
    """Write the parts and a newline; ASCII only."""
    document = {"schema_version": _SCHEMA_VERSION, "parts": [_part(part) for part in parts]}
    json.dump(document, stream, indent=1)
    stream.write("\n")


def _part(part: Part) -> dict[str, Any]:
    match part:
        case Remark():
            return {"kind": "remark", "text": part.text}
        case ExplainedLine():
            return {"kind": "line", "text": part.text, "note": part.note}
        case WholeEntry():
            return _entry(part)
        case ShortEntry():
            return {"kind": "short", "name": part.entry.name, "short": part.entry.short}
        case Answer():
            return _answer(part)
        case CellTable():
            return {"kind": "table", "title": part.title, **_table(part.table)}
        case WordList():
            return {"kind": "words", "topic": part.topic.value, "words": list(part.words)}
        case _:
            assert_never(part)


def _entry(part: WholeEntry) -> dict[str, Any]:
    entry = part.entry
    return {
        "kind": "entry",
        "name": entry.name,
        "also": list(entry.words[1:]),
        "topic": entry.topic.value,
        "short": entry.short,
        "why": list(entry.why),
        "cases": None if entry.table is None else _table(entry.table),
        "what_if": None if part.what_if is None else _table(part.what_if),
        "see_it": entry.see_it,
        "shows": entry.shows,
        "see_also": list(entry.see_also),
        "citation": list(entry.citation),
    }


def _answer(part: Answer) -> dict[str, Any]:
    cell, said = part.cell, say(part.cell)
    return {
        "kind": "answer",
        "title": said.title,
        "syscalls": list(cell.calls),
        "restart_codes": [code.name for code in cell.codes],
        "kernel_action": cell.kernel_action.value,
        "outcomes": [outcome.value for outcome in cell.outcomes],
        "outcomes_if_traced": [outcome.value for outcome in cell.if_traced],
        "functions": [] if cell.row is None else list(cell.row.names),
        "python": None if cell.row is None else version_said(cell.question.version),
        "explanation": [{"layer": layer.value, "text": text} for layer, text in said.layers],
        "advice": list(said.advice),
        "sources": list(said.sources),
    }


def _table(table: Table) -> dict[str, Any]:
    return {"headers": list(table.headers), "rows": [list(row) for row in table.rows]}
