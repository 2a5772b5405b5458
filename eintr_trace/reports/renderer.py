"""What every renderer is: it sees judgements as they come, and the whole report at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from eintr_trace.model.report import EpisodeUpdate, Report
from eintr_trace.model.trace_lines import LinePart


class Renderer(Protocol):
    """Writes one format, while a trace goes on or when it has ended."""

    def update(self, update: EpisodeUpdate) -> None:
        """Take an episode's judgement as it comes."""

    def line(self, part: LinePart) -> None:
        """Take a part of a line of a trace that has every call, before what is judged from it."""

    def finish(self, report: Report) -> None:
        """Take the whole report, at the end."""


class AtTheEnd:
    """A format that is one document: there is nothing to write before the end."""

    def __init__(self, write: Callable[[Report], None]) -> None:
        self._write = write

    def update(self, update: EpisodeUpdate) -> None:
        """Wait for the whole."""

    def line(self, part: LinePart) -> None:
        """Wait likewise: each episode has its lines."""

    def finish(self, report: Report) -> None:
        """Write the document."""
        self._write(report)
