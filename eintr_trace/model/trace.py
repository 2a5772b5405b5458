"""The header of a trace: where it comes from and how to read its times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from eintr_trace.model.events import Event

FORMAT_NAME = "eintr-trace"
FORMAT_VERSION = 1


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
