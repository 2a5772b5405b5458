"""Which ways through C a page draws, and beside each the other way it could have gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from eintr_trace.analysis.fork import is_whole
from eintr_trace.model.episodes import Episode
from eintr_trace.reports.fork_text import ForkSide
from eintr_trace.reports.html.fork_figure import fork_figure, path_figure

_MOST_FIGURES = 200

_Way = tuple[str | None, tuple[str, ...], str]


class Ways:
    """The drawings of a page; episodes that went the same way have the same one.

    ``figures`` are the drawings, ``by_episode`` says which one an episode has.
    """

    def __init__(self, episodes: Sequence[Episode]) -> None:
        self.figures: list[Markup] = []
        self.by_episode: dict[int, int] = {}
        self._drawn: dict[_Way, int] = {}
        firsts: dict[_Way, Episode] = {}
        for episode in episodes:
            if episode.c_path is not None:
                firsts.setdefault(_way(episode), episode)
        for episode in episodes:
            if episode.c_path is not None:
                self._draw(episode, firsts.values())

    def _draw(self, episode: Episode, firsts: Iterable[Episode]) -> None:
        way = _way(episode)
        if way not in self._drawn:
            if len(self.figures) >= _MOST_FIGURES:
                return
            self._drawn[way] = len(self.figures)
            self.figures.append(_figure(episode, _other(episode, firsts)))
        self.by_episode[episode.id] = self._drawn[way]


def _way(episode: Episode) -> _Way:
    functions = () if episode.c_path is None else episode.c_path.functions
    call = None if episode.syscall is None else episode.syscall.syscall.name
    return call, functions, episode.outcome.value


def _other(episode: Episode, firsts: Iterable[Episode]) -> Episode | None:
    """Return the first of another outcome that went another way, from the same call."""
    if episode.c_path is None or not is_whole(episode.c_path):
        return None
    call, functions, outcome = _way(episode)
    for other in firsts:
        other_call, other_functions, other_outcome = _way(other)
        if other.c_path is None or not is_whole(other.c_path) or other_call != call:
            continue
        if other_functions != functions and other_outcome != outcome:
            return other
    return None


def _figure(episode: Episode, other: Episode | None) -> Markup:
    if other is None:
        return path_figure(_side(episode, ""))
    return fork_figure(_side(episode, "This way"), _side(other, f"The way of #{other.id}"))


def _side(episode: Episode, title: str) -> ForkSide:
    assert episode.c_path is not None, "only episodes with a path are drawn"
    return ForkSide(title, episode.c_path, episode.outcome)
