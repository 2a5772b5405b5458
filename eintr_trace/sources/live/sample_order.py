"""Samples of running threads, in order of time with the stops of held ones.

A thread goes on before its stop is told of, and may have been sampled by then; a sample waits in
its ring until somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable

from eintr_trace.sources.live.emit import Tell, Told


class SampleOrder:
    """Tells events, and first the samples until then: what passes through here is in order."""

    def __init__(self, tell: Tell) -> None:
        self._tell_now = tell
        self._collectors: list[Callable[[], None]] = []
        self._untold: list[Told] = []

    def collect_with(self, collect: Callable[[], None]) -> None:
        """Call this to have ``saw`` called for each new sample; it does nothing else slow."""
        self._collectors.append(collect)

    def saw(self, *told: Told) -> None:
        """Take what a sample shows, to be told when no thread is held."""
        self._untold.extend(told)

    def emit(self, event: Told, *with_it: Told) -> None:
        """Tell an event, in order of time with the samples, and at once what belongs to it."""
        self._collect()
        self._tell_until(event.time_ns)
        for one in (event, *with_it):
            self._tell_now(one)
        self.tell()

    def tell(self) -> None:
        """Tell what the samples until now show."""
        self._collect()
        self._tell_until(None)

    def _collect(self) -> None:
        for collect in self._collectors:
            collect()

    def _tell_until(self, time_ns: int | None) -> None:
        untold, self._untold = sorted(self._untold, key=lambda told: told.time_ns), []
        for told in untold:
            if time_ns is None or told.time_ns <= time_ns:
                self._tell_now(told)
            else:
                self._untold.append(told)
