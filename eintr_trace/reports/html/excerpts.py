"""Source lines of the places that a report names: each once, and no more than a bound."""

from __future__ import annotations

from typing import Any

from eintr_trace.model.python_state import CodeLocation
from eintr_trace.reports.escaping import escape
from eintr_trace.reports.source_lines import SourceExcerpt, SourceLines

_MOST = 2_000
_LONGEST_LINE = 300  # characters


class Excerpts:
    """The table of excerpts of a page."""

    def __init__(self, source_lines: SourceLines) -> None:
        self._source_lines = source_lines
        self._indices: dict[CodeLocation, int | None] = {}
        self.table: list[dict[str, Any]] = []

    def index(self, location: CodeLocation) -> int | None:
        """Return which excerpt shows a place, ``None`` if none does."""
        if location not in self._indices:
            self._indices[location] = self._added(location)
        return self._indices[location]

    def _added(self, location: CodeLocation) -> int | None:
        if location.line is None or len(self.table) >= _MOST:
            return None
        excerpt = self._source_lines(location)
        if excerpt is None:
            return None
        self.table.append(_json(excerpt, location.line))
        return len(self.table) - 1


def _json(excerpt: SourceExcerpt, line: int) -> dict[str, Any]:
    return {
        "first": excerpt.first_line,
        "line": line,
        "lines": [_shown(text) for text in excerpt.lines],
        "changed": excerpt.changed_since,
    }


def _shown(line: str) -> str:
    """Return a line with its tabs as blanks, cut where it is longer than anyone reads."""
    return escape(line.expandtabs(8).rstrip()[:_LONGEST_LINE])
