"""The header of a trace: where it comes from and how to read its times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from eintr_trace.model.events import Event

FORMAT_NAME = "eintr-trace"
FORMAT_VERSION = 1
_NS_PER_S = 1_000_000_000


class TraceSource(StrEnum):
    """What the events were first taken from."""

    LIVE = "live"
    STRACE_LOG = "strace-log"
    RECORDING = "recording"


class TraceMode(StrEnum):
    """How closely a live trace looked."""

    SIGNAL_ARMED = "signal-armed"
    EVERY_SYSCALL = "every-syscall"


class TraceClock(StrEnum):
    """What the times of a trace's events are."""

    MONOTONIC = "monotonic + realtime anchor"
    TIME_OF_DAY = "time of day"  # since the midnight before the log began (strace -t, -tt)
    EPOCH = "epoch"  # CLOCK_REALTIME (strace -ttt)
    RELATIVE = "relative"  # since the log's first line (strace -r)
    LINE_NUMBERS = "line numbers"  # the log has no times: only the order is known

    @property
    def is_timed(self) -> bool:
        """Whether differences are spans of time."""
        return self is not TraceClock.LINE_NUMBERS

    def span_ns(self, start_ns: int, end_ns: int) -> int | None:
        """Give the time between two moments; ``None`` where the clock does not tell it.

        Line numbers tell none, nor does a log in whole seconds (strace -t): of two such moments
        the distance can be wrong by a second. A clock that was set back tells none either.
        """
        if not self.is_timed or end_ns < start_ns:
            return None
        in_seconds = start_ns % _NS_PER_S == 0 and end_ns % _NS_PER_S == 0
        return None if in_seconds and self is not TraceClock.MONOTONIC else end_ns - start_ns


@dataclass(frozen=True)
class TraceHeader:
    """The first line of a recording.

    ``realtime_anchor_ns`` is CLOCK_REALTIME at the moment ``monotonic_anchor_ns`` of
    CLOCK_MONOTONIC, so that wall clock = time_ns - monotonic_anchor_ns + realtime_anchor_ns.
    Both are 0 for other clocks. ``arch`` and ``kernel`` of a log are ``"not known"`` mostly.
    """

    source: TraceSource
    mode: TraceMode
    arch: str
    kernel: str
    realtime_anchor_ns: int
    monotonic_anchor_ns: int
    tool_version: str
    format: str = FORMAT_NAME
    version: int = FORMAT_VERSION
    clock: TraceClock = TraceClock.MONOTONIC


@dataclass(frozen=True)
class Trace:
    """A header and its events; ``events`` can be iterated once, as they come."""

    header: TraceHeader
    events: Iterator[Event]
