"""One document that every renderer draws: the trace's header, processes, episodes, counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from eintr_trace.model.episodes import Episode, Outcome, TracerInduced
from eintr_trace.model.events import ProcessSeen, Reduction, TraceEnded
from eintr_trace.model.trace import TraceHeader


@dataclass(frozen=True)
class EpisodeUpdate:
    """An episode was judged (``amended`` false) or its judgement changed, as events come.

    ``amendment`` says what is new, ``None``: nothing worth a line of its own. ``time_ns`` is
    when that was seen. ``advice`` is what has come to the episode's with an amendment.
    """

    episode: Episode
    time_ns: int
    amended: bool = False
    amendment: str | None = None
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """Counts over a whole trace; ``passed`` deliveries went unread, ``lost`` events missing.

    ``merged``: signals that came to nothing because the tracer held the thread they were for.
    """

    by_outcome: tuple[tuple[Outcome, int], ...]
    by_tracer_induced: tuple[tuple[TracerInduced, int], ...]
    by_reduction: tuple[tuple[Reduction, int], ...]
    passed: int
    lost: int
    merged: int = 0


@dataclass(frozen=True)
class Report:
    """A whole trace, judged. ``ended`` is ``None`` for a recording that is cut short."""

    header: TraceHeader
    processes: tuple[ProcessSeen, ...]
    episodes: tuple[Episode, ...]
    summary: Summary
    warnings: tuple[str, ...]
    ended: TraceEnded | None

    @property
    def own_outcomes(self) -> tuple[tuple[Outcome, int], ...]:
        """How often each outcome came about without the tracer's doing, of those that did."""
        own = Counter(one.outcome for one in self.episodes if one.tracer_induced is None)
        return tuple((outcome, own[outcome]) for outcome in Outcome if own[outcome])
