"""Explanations as text for a terminal.

Commands are printed as they are, from the first column on, so that they can be copied: a blank
before a line would be part of the Python in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
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
from eintr_trace.reports.layout import Layout, Span, Tone
from eintr_trace.reports.outcome_tones import OUTCOME_TONES

_INDENT = 11
_MARGIN = "  "
_HEADER_PADDING = 2  # tabulate makes a column that much wider than its header
_WHAT_IF = (
    "what becomes of it, by version and by the handler of the signal. Add --python 2.7 and"
    " --handler sa_restart, say, to have one of these in full."
)


def glossary_text(parts: Sequence[Part], layout: Layout) -> str:
    """Return the whole, a blank line between two parts."""
    return "\n".join("".join(_part(part, layout)) for part in parts)


def _part(part: Part, layout: Layout) -> Iterator[str]:
    match part:
        case Remark():
            yield layout.paragraph(Span(""), [Span(part.text)], 0)
        case ExplainedLine():
            yield from _line(part, layout)
        case WholeEntry():
            yield from _entry(part, layout)
        case ShortEntry():
            yield _heading(part.entry.name, part.entry.topic.value, layout)
            yield _plain(part.entry.short, layout)
        case Answer():
            yield from _answer(part, layout)
        case CellTable():
            yield _heading(part.title, "what if", layout)
            yield _table(part.table, layout)
        case WordList():
            yield _heading(part.topic.value, "", layout)
            yield layout.paragraph(Span(""), _spaced(part.words), len(_MARGIN))
        case _:
            assert_never(part)


def _line(part: ExplainedLine, layout: Layout) -> Iterator[str]:
    yield layout.paragraph(Span(""), [Span(part.text, Tone.STRONG)], 0)
    if part.note is not None:
        yield _plain(part.note, layout)


def _entry(part: WholeEntry, layout: Layout) -> Iterator[str]:
    entry = part.entry
    yield _heading(entry.name, entry.topic.value, layout)
    for paragraph in (entry.short, *entry.why):
        yield _plain(paragraph, layout) + "\n"
    if entry.table is not None:
        yield _table(entry.table, layout) + "\n"
    if part.what_if is not None and part.what_if.rows:
        yield _labelled("what if", [_WHAT_IF], layout) + "\n"
        yield _table(part.what_if, layout) + "\n"
    yield _labelled("see it", [entry.shows], layout)
    yield f"\n{entry.see_it}\n\n"
    others = entry.words[1:]
    if others:
        yield _labelled("also", [", ".join(others)], layout)
    yield _labelled("see also", [", ".join(entry.see_also)], layout)
    yield _labelled("from", entry.citation, layout, Tone.FAINT)


def _answer(part: Answer, layout: Layout) -> Iterator[str]:
    said = say(part.cell)
    heading = [Span(said.title, Tone.STRONG)]
    for number, outcome in enumerate(part.cell.outcomes):
        heading += [Span(" "), Span("→ " if number == 0 else "or ", whole=True)]
        heading.append(Span(outcome.value, OUTCOME_TONES[outcome]))
    yield layout.paragraph(Span(""), heading, 0)
    for layer, text in said.layers:
        yield _labelled(layer.value, [text], layout)
    yield _labelled("advice", said.advice, layout)
    yield _labelled("from", said.sources, layout, Tone.FAINT)


def _heading(name: str, after: str, layout: Layout) -> str:
    spans = [Span(name, Tone.STRONG)]
    if after:
        spans.append(Span(f"  ({after})", Tone.FAINT))
    return layout.paragraph(Span(""), spans, 0)


def _plain(text: str, layout: Layout) -> str:
    return layout.paragraph(Span(""), [Span(text)], len(_MARGIN))


def _spaced(words: Sequence[str]) -> list[Span]:
    spans: list[Span] = []
    for word in words:
        if spans:
            spans.append(Span("  "))
        spans.append(Span(word, whole=True))
    return spans


def _labelled(label: str, texts: Iterable[str], layout: Layout, tone: Tone = Tone.PLAIN) -> str:
    """Return paragraphs beside a label; none without texts."""
    lead = Span(_MARGIN + label, Tone.LABEL)
    lines = []
    for text in texts:
        lines.append(layout.paragraph(lead, [Span(text, tone)], _INDENT))
        lead = Span("")
    return "".join(lines)


def _table(table: Table, layout: Layout) -> str:
    # Imported here: most entries have none.
    from tabulate import tabulate

    widths = _widths(table, layout.width - len(_MARGIN))
    text = tabulate(
        [list(row) for row in table.rows],
        headers=list(table.headers),
        disable_numparse=True,
        maxcolwidths=widths,
        maxheadercolwidths=[width - _HEADER_PADDING for width in widths],
    )
    return "".join(f"{_MARGIN}{line}".rstrip() + "\n" for line in text.splitlines())


def _widths(table: Table, room: int) -> list[int]:
    """Give the widths that make a table fit: the widest columns give way, but no word is cut."""
    padded = [f"{header}{' ' * _HEADER_PADDING}" for header in table.headers]
    columns = list(zip(padded, *table.rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    least = [max(len(piece) for cell in column for piece in _pieces(cell)) for column in columns]
    while sum(widths) + 2 * (len(widths) - 1) > room:
        spare = [width - word for width, word in zip(widths, least, strict=True)]
        if max(spare) == 0:
            break
        widths[max(range(len(widths)), key=lambda at: (spare[at] > 0, widths[at]))] -= 1
    return widths


def _pieces(cell: str) -> list[str]:
    """Give what textwrap, which tabulate wraps with, would not break."""
    return re.findall(r"[^ -]+-?(?:  $)?", cell) or [""]
