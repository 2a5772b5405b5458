"""Source code around a place in it, as far as whoever makes a report can read the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eintr_trace.model.python_state import CodeLocation


@dataclass(frozen=True)
class SourceExcerpt:
    """Lines of a file, the first of which has the number ``first_line``.

    ``changed_since``: the file is newer than the trace, so that these may not be the lines
    that ran; ``None``: when the trace was taken is not known.
    """

    first_line: int
    lines: tuple[str, ...]
    changed_since: bool | None


SourceLines = Callable[[CodeLocation], SourceExcerpt | None]
"""Gives the lines around a place, ``None`` where they cannot be read."""
