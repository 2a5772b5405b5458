"""What an explanation is made of: one document that each format of it draws."""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.analysis.what_if.answer import Cell
from eintr_trace.facts.glossary.entry import Entry, Table, Topic


@dataclass(frozen=True)
class Remark:
    """A sentence."""

    text: str


@dataclass(frozen=True)
class ExplainedLine:
    """A line of strace and what it means; ``None``: there is nothing to say beyond its words."""

    text: str
    note: str | None


@dataclass(frozen=True)
class WholeEntry:
    """An entry; ``what_if`` holds all cells of a call or a function."""

    entry: Entry
    what_if: Table | None = None


@dataclass(frozen=True)
class ShortEntry:
    """Of an entry its two sentences."""

    entry: Entry


@dataclass(frozen=True)
class Answer:
    """One what-if answer."""

    cell: Cell


@dataclass(frozen=True)
class CellTable:
    """Many what-if answers in short."""

    title: str
    table: Table


@dataclass(frozen=True)
class WordList:
    """The names of all entries of a topic."""

    topic: Topic
    words: tuple[str, ...]


Part = Remark | ExplainedLine | WholeEntry | ShortEntry | Answer | CellTable | WordList
