"""The report of one run as a web page: its summary, a timeline, and every episode to be opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import TextIO

from eintr_trace.model.episodes import Episode, Outcome
from eintr_trace.model.python_state import CodeLocation
from eintr_trace.model.report import Report
from eintr_trace.reports import heading, wording
from eintr_trace.reports.html.document import document
from eintr_trace.reports.html.page import page
from eintr_trace.reports.html.templating import render
from eintr_trace.reports.html.tones import TONE_CLASSES
from eintr_trace.reports.html.ways import Ways
from eintr_trace.reports.source_lines import SourceExcerpt, SourceLines

_STYLES = ("summary", "timeline", "list", "episode", "python")
_SCRIPTS = (
    "dom",
    "data",
    "store",
    "hash",
    "summary",
    "filters",
    "list",
    "layers",
    "python",
    "episode",
    "lanes",
    "marks",
    "timeline",
    "marked",
    "pointer",
    "pinch",
    "keys",
    "printing",
    "main",
)

_PROCESSES_LISTED = 300

_WITHOUT_SCRIPTS = 200
"""So many episodes are there for a browser that runs no scripts."""


@dataclass(frozen=True)
class OutcomeCount:
    """An outcome of the summary: ``share`` is of all episodes, in percent."""

    name: str
    tone: str
    count: int
    share: float


def no_source(_location: CodeLocation) -> SourceExcerpt | None:
    """Give no source lines: for reports of what ran elsewhere."""
    return None


def write_html(
    report: Report,
    stream: TextIO,
    source_lines: SourceLines = no_source,
    zone: tzinfo | None = None,
) -> None:
    """Write the page. ``zone`` is the time zone of its times (``None``: local time)."""
    processes = heading.processes(report)
    ways = Ways(report.episodes)
    title = heading.title(report)
    body = render(
        "report.html",
        title=title,
        processes=processes[:_PROCESSES_LISTED],
        unlisted=max(0, len(processes) - _PROCESSES_LISTED),
        facts=heading.facts(report, zone),
        notices=heading.notices(report),
        outcomes=_counts(report),
        total=len(report.episodes),
        plain=[_plain(report, episode, zone) for episode in report.episodes[:_WITHOUT_SCRIPTS]],
        figures=ways.figures,
        tool_version=report.header.tool_version,
    )
    data = document(report, source_lines, ways.by_episode, zone)
    stream.write(page(f"{title}: eintr-trace", body, styles=_STYLES, scripts=_SCRIPTS, data=data))
    stream.flush()


def _counts(report: Report) -> list[OutcomeCount]:
    """Return a count for each outcome that there was, in the order of the closed set."""
    whole = max(1, len(report.episodes))
    counts: dict[Outcome, int] = dict(report.summary.by_outcome)
    return [
        OutcomeCount(
            outcome.value, TONE_CLASSES[outcome], counts[outcome], 100 * counts[outcome] / whole
        )
        for outcome in Outcome
        if outcome in counts
    ]


def _plain(report: Report, episode: Episode, zone: tzinfo | None) -> dict[str, object]:
    """Return an episode as the page without scripts shows it."""
    return {
        "id": episode.id,
        "time": wording.clock_time(report.header, episode.time_ns, zone),
        "what": wording.headline(episode),
        "outcome": episode.outcome.value,
        "tone": TONE_CLASSES[episode.outcome],
        "headline": episode.headline,
        "sentences": [(one.layer.value, one.text) for one in episode.explanation],
        "costs": wording.not_said_yet(episode),
        "advice": episode.advice,
    }
