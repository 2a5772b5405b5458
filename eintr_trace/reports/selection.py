"""Which episodes of a trace a report shows: those of some calls, of some signals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, replace

from eintr_trace.model.episodes import Episode, Outcome, TracerInduced
from eintr_trace.model.report import Report
from eintr_trace.model.trace_lines import LinePart


@dataclass(frozen=True)
class ChosenSet:
    """A set of names or numbers, or (``inverted``) everything but it."""

    members: Set[str | int] = frozenset()
    inverted: bool = True

    def __contains__(self, item: str | int | None) -> bool:
        return (item in self.members) is not self.inverted


EVERYTHING = ChosenSet()


@dataclass(frozen=True)
class Selection:
    """Calls by name, signals by number.

    An episode without a call, or without a signal, is in every inverted set and in no other.
    """

    calls: ChosenSet = EVERYTHING
    signals: ChosenSet = EVERYTHING

    def takes(self, episode: Episode) -> bool:
        """Tell whether the episode is to be shown."""
        call = None if episode.syscall is None else episode.syscall.syscall.name
        signo = None if episode.signal is None else episode.signal.signo
        return call in self.calls and signo in self.signals

    def takes_line(self, part: LinePart) -> bool:
        """Tell whether a line is to be shown: by its call, or by its signal."""
        by_call = part.call is None or part.call in self.calls
        return by_call and (part.signo is None or part.signo in self.signals)

    def of(self, report: Report) -> Report:
        """Return the report with the episodes that are to be shown, and counts of these."""
        episodes = tuple(episode for episode in report.episodes if self.takes(episode))
        outcomes = Counter(episode.outcome for episode in episodes)
        induced = Counter(episode.tracer_induced for episode in episodes)
        reductions = Counter(kind for episode in episodes for kind in episode.reduced)
        summary = replace(
            report.summary,
            by_outcome=tuple((kind, outcomes[kind]) for kind in Outcome if outcomes[kind]),
            by_tracer_induced=tuple(
                (kind, induced[kind]) for kind in TracerInduced if induced[kind]
            ),
            by_reduction=tuple(sorted(reductions.items())),
        )
        return replace(report, episodes=episodes, summary=summary)


WHOLE = Selection()
