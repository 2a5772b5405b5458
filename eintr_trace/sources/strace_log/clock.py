"""The times of a log's lines on one scale."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from eintr_trace.model.trace import TraceClock
from eintr_trace.sources.strace_log.lines import Prefix, Stamp

_NS_PER_DAY: Final = 24 * 3600 * 1_000_000_000

_CLOCK_OF: Final = {
    Stamp.TIME_OF_DAY: TraceClock.TIME_OF_DAY,
    Stamp.EPOCH: TraceClock.EPOCH,
    Stamp.SINCE_LAST_LINE: TraceClock.RELATIVE,
}


class LogClock:
    """Gives each line its time in nanoseconds, or its number where the log has no times.

    Lines must come in the order of the log; for ``RELATIVE`` every one of them. A line without
    a time has that of the line before it. ``lines_before`` are those of files before this one.
    """

    def __init__(self, kind: TraceClock, lines_before: int = 0) -> None:
        self.kind = kind
        self._lines_before = lines_before
        self._now_ns = 0

    def time_of(self, number: int, prefix: Prefix) -> int:
        """Give the time of line ``number``."""
        if self.kind is TraceClock.LINE_NUMBERS:
            return self._lines_before + number
        if prefix.stamp is not None and _CLOCK_OF[prefix.stamp] is self.kind:
            self._now_ns = self._read(prefix.time_ns)
        return self._now_ns

    def _read(self, time_ns: int) -> int:
        match self.kind:
            case TraceClock.RELATIVE:
                return self._now_ns + time_ns
            case TraceClock.TIME_OF_DAY:
                # A clock that was set back is no midnight: half a day tells them apart.
                days, time_now_ns = divmod(self._now_ns, _NS_PER_DAY)
                days += time_now_ns - time_ns > _NS_PER_DAY // 2
                return max(days, 0) * _NS_PER_DAY + time_ns
            case _:
                return time_ns


def clock_of(prefixes: Iterable[Prefix]) -> TraceClock:
    """Say what clock a log has, from the first of its lines that has a time."""
    for prefix in prefixes:
        if prefix.stamp is not None:
            return _CLOCK_OF[prefix.stamp]
    return TraceClock.LINE_NUMBERS
