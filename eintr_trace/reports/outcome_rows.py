"""The table at the end of a report: how often each outcome was, of which calls and signals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from eintr_trace.model.episodes import Episode, Outcome
from eintr_trace.reports.escaping import escape

HEADINGS = ("outcome", "count", "calls", "signals")


def outcome_rows(episodes: Iterable[Episode]) -> list[tuple[str, str, str, str]]:
    """Return a row for each outcome that there was, in the order of the closed set, escaped."""
    by_outcome: dict[Outcome, list[Episode]] = {outcome: [] for outcome in Outcome}
    for episode in episodes:
        by_outcome[episode.outcome].append(episode)
    return [
        (outcome.value, str(len(chosen)), _tally(map(_call, chosen)), _tally(map(_signal, chosen)))
        for outcome, chosen in by_outcome.items()
        if chosen
    ]


def _call(episode: Episode) -> str:
    return "none" if episode.syscall is None else episode.syscall.syscall.name


def _signal(episode: Episode) -> str:
    return "none" if episode.signal is None else episode.signal.name


def _tally(names: Iterable[str]) -> str:
    counted = Counter(escape(name) for name in names)
    return ", ".join(
        name if count == 1 else f"{name} ×{count}" for name, count in counted.most_common()
    )
