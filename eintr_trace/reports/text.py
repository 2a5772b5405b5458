"""The report as text: a block for each interruption as it happens, a summary at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import TextIO

from eintr_trace.facts.reductions import REDUCTION_TEXTS
from eintr_trace.model.episodes import Episode, Outcome
from eintr_trace.model.events import EndReason
from eintr_trace.model.report import EpisodeUpdate, Report
from eintr_trace.model.trace import TraceHeader
from eintr_trace.model.trace_lines import LinePart
from eintr_trace.reports import wording
from eintr_trace.reports.alike import Alike, Showing
from eintr_trace.reports.detail import Detail
from eintr_trace.reports.layout import Layout, Span, Tone
from eintr_trace.reports.outcome_rows import HEADINGS, outcome_rows
from eintr_trace.reports.text_block import BlockWriter
from eintr_trace.reports.text_lines import LineWriter

_INDENT = 11
_PROCESSES_SHOWN = 20


@dataclass(frozen=True)
class TextStyle:
    """How a report looks; ``zone`` is the time zone of its times (``None``: local time).

    ``every_line``: all lines of a trace that has every call, and beneath them what is said of
    an episode where it was decided; else each episode has its own lines.
    """

    layout: Layout
    detail: Detail = Detail.BLOCKS
    zone: tzinfo | None = None
    every_line: bool = False


# Of the episodes with less evidence; -v names all.
_MOST_RUNS = 20


class TextReport:
    """Writes a trace's report to ``stream`` while the trace goes on."""

    def __init__(self, stream: TextIO, header: TraceHeader, style: TextStyle) -> None:
        self._stream = stream
        self._detail = style.detail
        self._layout = style.layout
        self._outcomes: dict[int, Outcome] = {}
        self._alike = Alike()
        self._after_a_line = False
        self._blocks = BlockWriter(
            header, self._layout, verbose=style.detail is Detail.EVIDENCE, zone=style.zone
        )
        self._lines = LineWriter(self._layout) if style.every_line else None

    def update(self, update: EpisodeUpdate) -> None:
        """Write the block of a new episode, or the line that amends an earlier one."""
        if self._detail is Detail.SUMMARY:
            return
        before = self._outcomes.get(update.episode.id)
        self._outcomes[update.episode.id] = update.episode.outcome
        text = self._text(update, before)
        if text and self._lines is not None:
            text = self._lines.before_a_block() + text
        self._write(text)

    def line(self, part: LinePart) -> None:
        """Write what is complete with this part of a line."""
        if self._lines is not None and self._detail is not Detail.SUMMARY:
            self._write(self._lines.written(part))

    def _write(self, text: str) -> None:
        """Write blocks, which end in a blank line, and lines that do not."""
        if not text:
            return
        if self._after_a_line and text.endswith("\n\n"):
            text = f"\n{text}"
        self._after_a_line = not text.endswith("\n\n")
        self._stream.write(text)
        self._stream.flush()

    def _text(self, update: EpisodeUpdate, before: Outcome | None) -> str:
        episode, whole = update.episode, self._detail is Detail.EVIDENCE
        if update.amended:
            is_news = whole or self._alike.is_news(episode)
            return self._blocks.amendment(update, before) + "\n" if is_news else ""
        match Showing.WHOLE if whole else self._alike.showing(episode):
            case Showing.WHOLE:
                return self._blocks.block(episode, with_lines=self._lines is None)
            case Showing.LINE:
                return self._blocks.line(episode, self._alike.first_like(episode))
            case Showing.NOTHING:
                return ""

    def finish(self, report: Report) -> None:
        """Write the summary; the report's episodes are those of the updates, at their last."""
        detached = report.ended is not None and report.ended.reason is EndReason.DETACHED
        if detached and self._stream.isatty():
            self._stream.write("\n")  # after the ^C that the terminal has echoed
        if self._lines is not None:
            self._write(self._lines.before_a_block())
        if self._after_a_line:
            self._stream.write("\n")
        self._stream.write("".join(self._summary(report)))
        self._stream.flush()

    def _summary(self, report: Report) -> Iterator[str]:
        if report.episodes:
            yield _table(report.episodes, self._layout.width) + "\n\n"
        else:
            yield "No interruption was seen.\n\n"
        yield from self._processes(report)
        yield from self._counts(report)
        for warning in report.warnings:
            yield self._entry("warning", warning, Tone.WARN)
        if report.ended is not None:
            yield self._entry("trace", wording.end_of_trace(report.header, report.ended))
        if report.episodes and self._stream.isatty():
            yield self._entry("words", wording.words_explained(report))

    def _processes(self, report: Report) -> Iterator[str]:
        """One entry a process: the program it was last, of those that it executed in turn."""
        programs = Counter(seen.tgid for seen in report.processes)
        last = {seen.tgid: seen for seen in report.processes}
        for tgid, seen in list(last.items())[:_PROCESSES_SHOWN]:
            before = programs[tgid] - 1
            after = f", after {wording.counted(before, 'other program')}" if before else ""
            yield self._entry(str(tgid), wording.process(seen) + after)
        if len(last) > _PROCESSES_SHOWN:
            yield self._entry("", wording.more_processes(len(last) - _PROCESSES_SHOWN))

    def _counts(self, report: Report) -> Iterator[str]:
        summary = report.summary
        if summary.by_tracer_induced:
            yield self._entry("induced", wording.induced(report))
        if self._alike.left_out:
            text = f"{self._alike.left_out} more like these were not shown: -v shows each"
            yield self._entry("" if summary.by_tracer_induced else "left out", text)
        if self._alike.shortened:
            are = "is" if self._alike.shortened == 1 else "are"
            like = f"{are} one line each, like others before them: -v shows all"
            text = f"{self._alike.shortened} {like}"
            yield self._entry("shortened", text)
        if summary.merged:
            text = wording.merged(summary.merged)
            yield self._entry("merged", text)
        for kind, _count in summary.by_reduction:
            numbers = [episode.id for episode in report.episodes if kind in episode.reduced]
            most = None if self._detail is Detail.EVIDENCE else _MOST_RUNS
            text = f"in {wording.numbered(numbers, most)}, {REDUCTION_TEXTS[kind]}"
            yield self._entry("reduced", text, Tone.WARN)
        if summary.passed:
            text = wording.passed(summary.passed)
            yield self._entry("passed on", text)
        if summary.lost:
            text = wording.lost(summary.lost)
            yield self._entry("lost", text, Tone.WARN)

    def _entry(self, label: str, text: str, tone: Tone = Tone.LABEL) -> str:
        return self._layout.paragraph(Span(label, tone), [Span(text)], _INDENT)


def _table(episodes: tuple[Episode, ...], width: int) -> str:
    """Return the table of outcomes, in the order of the closed set."""
    # Imported here: only the end of a report needs it.
    from tabulate import tabulate

    room = max(12, (width - 36) // 2)
    return tabulate(
        outcome_rows(episodes),
        headers=HEADINGS,
        disable_numparse=True,
        colalign=["left", "right", "left", "left"],
        maxcolwidths=[None, None, room, room],
    )
