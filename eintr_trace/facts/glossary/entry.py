"""An entry of the glossary, and those that are written by hand, in the TOML files beside this.

A file holds ``[[entry]]`` tables of one topic: ``words`` (the first is its name, the others are
what it is called as well), ``short`` (two sentences), ``why`` (paragraphs), ``see_also`` (words of
other entries), ``see_it`` (a command that shows it), ``shows`` (what to look for in its output),
``expect`` (a text that this output holds: the tests look for it) and ``citation``.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any


class Topic(StrEnum):
    """What entries are listed under; the value is the heading."""

    CODES = "errors and restart codes"
    HANDLING = "signals and handlers"
    WAITING = "waiting and timeouts"
    PYTHON = "Python"
    TRACING = "strace and ptrace"
    LIBRARIES = "Thrift and other libraries"
    OUTCOMES = "outcomes"
    VERDICTS = "words of the reports"
    CALLS = "system calls"
    FUNCTIONS = "Python functions"
    SIGNALS = "signals"


_FILES = {
    "codes.toml": Topic.CODES,
    "handling.toml": Topic.HANDLING,
    "waiting.toml": Topic.WAITING,
    "python.toml": Topic.PYTHON,
    "tracing.toml": Topic.TRACING,
    "libraries.toml": Topic.LIBRARIES,
    "outcomes.toml": Topic.OUTCOMES,
    "verdicts.toml": Topic.VERDICTS,
}


@dataclass(frozen=True)
class Table:
    """A small table: ``rows`` have a cell for each of ``headers``."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Entry:
    """What one word means. ``words[0]`` is its name; ``see_also`` names other entries.

    ``see_it`` is a command for a shell (with its newlines), ``shows`` what to look for.
    """

    words: tuple[str, ...]
    topic: Topic
    short: str
    why: tuple[str, ...]
    see_also: tuple[str, ...]
    see_it: str
    shows: str
    citation: tuple[str, ...]
    table: Table | None = None

    @property
    def name(self) -> str:
        """The word that it is listed under."""
        return self.words[0]


@cache
def written_entries() -> tuple[Entry, ...]:
    """Give all entries that are written by hand, in the order of the files."""
    return tuple(
        _entry(row, topic) for file, topic in _FILES.items() for row in toml_rows(file, "entry")
    )


def toml_rows(file: str, table: str) -> list[dict[str, Any]]:
    """Give the ``[[table]]`` rows of a file of this package."""
    text = resources.files(__package__).joinpath(file).read_text("utf-8")
    rows: list[dict[str, Any]] = tomllib.loads(text)[table]
    return rows


def _entry(row: dict[str, Any], topic: Topic) -> Entry:
    return Entry(
        words=tuple(row["words"]),
        topic=topic,
        short=" ".join(row["short"].split()),
        why=paragraphs(row["why"]),
        see_also=tuple(row["see_also"]),
        see_it=row["see_it"].strip("\n"),
        shows=" ".join(row["shows"].split()),
        citation=tuple(row["citation"]),
    )


def paragraphs(text: str) -> tuple[str, ...]:
    """Give the paragraphs of a text, which blank lines part; each on one line."""
    return tuple(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))
