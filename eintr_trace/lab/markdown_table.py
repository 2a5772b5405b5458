"""Tables of the pages that the lab writes, in GitHub's Markdown (GFM 0.29, 4.10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Row = tuple[str, ...]


def markdown_table(heads: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield _line(heads)
    yield _line("---" for _ in heads)
    for row in rows:
        yield _line(row)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"


def escaped(text: str) -> str:
    """One line of text that no table is ended by."""
    return " ".join(text.replace("|", "\\|").split())
