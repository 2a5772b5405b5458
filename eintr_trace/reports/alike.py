"""Blocks that say the same of one thread after the other, of which a few are enough.

SIGCONT traps every thread of a traced process; where the kernel restarts the call, that is one
sentence a thread and no harm.
"""

from __future__ import annotations

from collections import Counter

from eintr_trace.model.episodes import Episode, Outcome, TracerInduced

_SHOWN = 3  # of one process, in a row


class Alike:
    """Says which blocks to leave out; ``left_out`` counts them."""

    def __init__(self) -> None:
        self._shown: Counter[int] = Counter()
        self._ids: set[int] = set()

    @property
    def left_out(self) -> int:
        """How many there were."""
        return len(self._ids)

    def leaves_out(self, episode: Episode) -> bool:
        """Whether this one is left out; one that turns out otherwise is not."""
        alike = (
            episode.tracer_induced is TracerInduced.SIGCONT
            and episode.outcome is Outcome.RESTARTED_BY_KERNEL
        )
        if not alike:
            self._ids.discard(episode.id)
            return False
        if episode.id in self._ids:
            return True
        self._shown[episode.tgid] += 1
        if self._shown[episode.tgid] <= _SHOWN:
            return False
        self._ids.add(episode.id)
        return True
