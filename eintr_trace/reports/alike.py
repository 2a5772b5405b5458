"""Blocks that say the same of one signal or thread after the other, of which a few are enough.

A signal to each of 500 threads that wait in one place, or a timer that interrupts a loop. And
SIGCONT traps every thread of a traced process: where the kernel restarts the call, that is one
sentence a thread and no harm. In a log signals that met no call, SIGCHLD above all, are the most;
one of each kind is enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import Enum

from eintr_trace.model.episodes import Confidence, Episode, Outcome, TracerInduced

_SHOWN = 3  # of those that are alike
_SHOWN_OF_NO_CALL = 1
_MOST_KINDS = 10_000  # beyond which new ones are shown whole, each time


class Showing(Enum):
    """How much of an episode is printed: the block, one line, nothing."""

    WHOLE = "whole"
    LINE = "line"
    NOTHING = "nothing"


class Alike:
    """Says how much to print; ``left_out`` and ``shortened`` count what was not printed whole."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[object, ...]] = Counter()
        self._first: dict[tuple[object, ...], int] = {}
        self._less: dict[int, tuple[Showing, tuple[object, ...]]] = {}

    @property
    def left_out(self) -> int:
        """How many were not printed at all."""
        return sum(showing is Showing.NOTHING for showing, _ in self._less.values())

    @property
    def shortened(self) -> int:
        """Of how many one line was printed."""
        return sum(showing is Showing.LINE for showing, _ in self._less.values())

    def showing(self, episode: Episode) -> Showing:
        """Tell how much to print of an episode that is new."""
        kind = _kind(episode)
        if kind not in self._counts and len(self._counts) >= _MOST_KINDS:
            return Showing.WHOLE
        self._counts[kind] += 1
        self._first.setdefault(kind, episode.id)
        met_nothing = _met_no_call_of_a_log(episode)
        if self._counts[kind] <= (_SHOWN_OF_NO_CALL if met_nothing else _SHOWN):
            return Showing.WHOLE
        is_harmless = met_nothing or _is_harmless_trap(episode)
        showing = Showing.NOTHING if is_harmless else Showing.LINE
        self._less[episode.id] = (showing, kind)
        return showing

    def first_like(self, episode: Episode) -> int:
        """Give the number of the first episode that is like a shortened one."""
        return self._first[self._less[episode.id][1]]

    def is_news(self, episode: Episode) -> bool:
        """Tell whether an amendment is to be printed; not if it leaves an episode as alike."""
        less = self._less.get(episode.id)
        if less is None or less[1] == _kind(episode):
            return less is None
        if less[0] is Showing.NOTHING:
            del self._less[episode.id]
        return True


def groups(episodes: Iterable[Episode]) -> list[list[Episode]]:
    """Return those that are alike together, in the order of the first of each."""
    found: dict[tuple[object, ...], list[Episode]] = {}
    for episode in episodes:
        found.setdefault(_kind(episode), []).append(episode)
    return list(found.values())


def _kind(episode: Episode) -> tuple[object, ...]:
    """What those have in common that are alike. How long something took is no part of it."""
    if _is_harmless_trap(episode):
        return (episode.tgid, episode.tracer_induced)
    if _met_no_call_of_a_log(episode):
        return (episode.outcome, None if episode.signal is None else episode.signal.name)
    return (
        episode.tgid,
        episode.headline,
        episode.main_thread,
        None if episode.syscall is None else episode.syscall.restart_code,
        episode.kernel_action,
        episode.outcome,
        episode.confidence,
        episode.tracer_induced,
        len(episode.consequences),
        episode.reduced,
    )


def _met_no_call_of_a_log(episode: Episode) -> bool:
    """Tell whether it met no call, as far as the log goes; of a live trace that is observed."""
    is_inferred = episode.confidence is Confidence.INFERRED
    return is_inferred and episode.outcome is Outcome.NOT_BLOCKING


def _is_harmless_trap(episode: Episode) -> bool:
    return (
        episode.tracer_induced is TracerInduced.SIGCONT
        and episode.outcome is Outcome.RESTARTED_BY_KERNEL
    )
