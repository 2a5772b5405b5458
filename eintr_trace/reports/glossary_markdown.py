"""Explanations as Markdown, for issues and notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from eintr_trace.analysis.what_if.sentences import say
from eintr_trace.facts.glossary.entry import Table
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
from eintr_trace.reports.markdown_text import code, fenced, prose, table


def glossary_markdown(parts: Sequence[Part]) -> str:
    """Return the whole, a blank line between two blocks."""
    return "\n".join(block for part in parts for block in _blocks(part))


def _blocks(part: Part) -> Iterator[str]:
    match part:
        case Remark():
            yield f"{prose(part.text)}\n"
        case ExplainedLine():
            yield from _line(part)
        case WholeEntry():
            yield from _entry(part)
        case ShortEntry():
            yield f"**{code(part.entry.name)}** {prose(part.entry.short)}\n"
        case Answer():
            yield from _answer(part)
        case CellTable():
            yield f"### {prose(part.title)}\n"
            yield _table(part.table)
        case WordList():
            yield f"**{prose(part.topic.value)}**: {', '.join(map(code, part.words))}\n"
        case _:
            assert_never(part)


def _line(part: ExplainedLine) -> Iterator[str]:
    yield fenced([part.text])
    if part.note is not None:
        yield f"{prose(part.note)}\n"


def _entry(part: WholeEntry) -> Iterator[str]:
    entry = part.entry
    yield f"### {code(entry.name)}\n"
    for paragraph in (entry.short, *entry.why):
        yield f"{prose(paragraph)}\n"
    if entry.table is not None:
        yield _table(entry.table)
    if part.what_if is not None and part.what_if.rows:
        yield _table(part.what_if)
    yield f"To see it ({prose(entry.shows)}):\n"
    yield fenced(entry.see_it.splitlines())
    yield f"See also: {', '.join(map(code, entry.see_also))}\n"
    yield _sources(entry.citation)


def _answer(part: Answer) -> Iterator[str]:
    said = say(part.cell)
    outcomes = " or ".join(code(outcome.value) for outcome in part.cell.outcomes)
    yield f"### {prose(said.title)}{f' → {outcomes}' if outcomes else ''}\n"
    yield "".join(f"- **{layer.value}** {prose(text)}\n" for layer, text in said.layers)
    if said.advice:
        yield "".join(f"- **advice** {prose(text)}\n" for text in said.advice)
    yield _sources(said.sources)


def _sources(texts: Sequence[str]) -> str:
    return "".join(f"- from: {prose(text)}\n" for text in texts)


def _table(rows: Table) -> str:
    cells = ([code(cell) if cell else "" for cell in row] for row in rows.rows)
    return table([prose(header) for header in rows.headers], cells)
