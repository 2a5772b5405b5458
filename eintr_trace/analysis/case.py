"""One interruption under judgement: its trail, what was said of it, what is new."""

from __future__ import annotations

from eintr_trace.analysis.episode import build_episode
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.handler_delay import delay_sentences, is_late
from eintr_trace.analysis.outcome import judge
from eintr_trace.analysis.sightings import Ending
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import later, result
from eintr_trace.model.episodes import Episode, Outcome
from eintr_trace.model.report import EpisodeUpdate

_SAYS_HOW_IT_ENDS = frozenset({Outcome.RAISED, Outcome.ABANDONED_BY_HANDLER})
_OPEN_TO_PROCESS_END = _SAYS_HOW_IT_ENDS | {Outcome.UNKNOWN}
_TAKES_NO_CALLS = frozenset({Outcome.NOT_BLOCKING, Outcome.COMPLETED})
_NOTHING_FOLLOWS = _TAKES_NO_CALLS | {Outcome.DIED}


class Case:
    """Judges a trail again as it grows and reports only what changed."""

    def __init__(self, trail: Trail) -> None:
        self.trail = trail
        self.finding: Finding | None = None
        self._said: tuple[object, ...] | None = None
        self._noted: tuple[object, ...] = ()
        self._known_ns = 0
        self._consequences: tuple[str, ...] = ()
        self._advice: tuple[str, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Whether nothing that comes can change the verdict while the thread is followed."""
        if self.finding is None:
            return False
        if self.finding.outcome in _NOTHING_FOLLOWS or self.trail.ending is not None:
            return True
        return self.trail.reentered is not None and not self.trail.awaits_follow_up

    @property
    def takes_no_calls(self) -> bool:
        """Whether the calls that follow have nothing to do with it."""
        return self.finding is not None and self.finding.outcome in _TAKES_NO_CALLS

    @property
    def awaits_process_end(self) -> bool:
        """Whether the end of the process belongs to this episode's story."""
        if self.trail.ending is Ending.EXECED:
            return False
        return self.finding is None or self.finding.outcome in _OPEN_TO_PROCESS_END

    @property
    def ended_in_exception(self) -> bool:
        """Whether the process may end by what this episode brought about."""
        return self.awaits_process_end and self.finding is not None and bool(self.finding.chain)

    def update(self, time_ns: int) -> EpisodeUpdate | None:
        """Judge the trail as it is now; ``None`` if there is nothing new to say."""
        finding = judge(self.trail)
        if finding is None:
            return None
        before, said, noted = self.finding, self._said, self._noted
        self.finding, self._said = finding, self._gist(finding)
        self._noted = (self.trail.handler_run, self.trail.handler_outstanding)
        if (self._said, self._noted) == (said, noted):
            return None
        if before is None or before.outcome is not finding.outcome:
            self._known_ns = time_ns
        episode = build_episode(self.trail, finding, self._known_ns)
        amendment = None
        if before is not None and self._said == said:
            amendment = self._handler_news(finding)
        elif before is not None:
            amendment = self._news(before, episode)
        new = tuple(one for one in episode.advice if one not in self._advice)
        self._consequences, self._advice = episode.consequences, episode.advice
        if before is None:
            return EpisodeUpdate(episode, time_ns)
        return EpisodeUpdate(episode, time_ns, amended=True, amendment=amendment, advice=new)

    def _gist(self, finding: Finding) -> tuple[object, ...]:
        """What makes it worth speaking again when it differs."""
        trail = self.trail
        return (
            finding.outcome,
            finding.confidence,
            finding.reason,
            finding.catching,
            tuple(exception.address for exception in finding.chain),
            trail.follow_up,
            trail.reentry_interrupted,
            trail.socket.state if finding.outcome in _SAYS_HOW_IT_ENDS else None,
            trail.exited,
            trail.interruption.signal,
        )

    def _handler_news(self, finding: Finding) -> str | None:
        """Say when the Python handler began; ``None``: soon enough to be no news."""
        if not is_late(self.trail):
            return None
        return " ".join(draft.text for draft in delay_sentences(self.trail, finding))

    def _news(self, before: Finding, episode: Episode) -> str:
        trail = self.trail
        if before.outcome is not episode.outcome:
            return f"The outcome is {episode.outcome.value} (it was {before.outcome.value})."
        if trail.exited is not None:
            how = trail.exited.signal_name or f"status {trail.exited.status}"
            return f"The process ended: {how}."
        if trail.follow_up is not None and trail.reentered is not None:
            call = trail.reentered.call
            given = result("" if call is None else call.name, trail.follow_up.retval)
            after = later(trail.follow_up.after_ns, trail.interruption.what_came)
            return f"The call made again {given}{after}."
        if trail.reentry_interrupted:
            return "The call made again was interrupted in turn."
        if self.finding is None or self.finding.catching != before.catching:
            return f"{episode.headline}."
        news = [one for one in episode.consequences if one not in self._consequences]
        return " ".join(news) or f"{episode.headline}."
