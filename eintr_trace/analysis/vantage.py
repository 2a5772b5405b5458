"""Where a trace was seen from: a live process, or what strace wrote of one."""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.model.trace import TraceClock, TraceHeader, TraceSource


@dataclass(frozen=True)
class Vantage:
    """What the events of a trace were taken from, and what their times are."""

    source: TraceSource
    clock: TraceClock

    @property
    def is_log(self) -> bool:
        """Whether it is an strace log: calls and signals, no memory and no registers."""
        return self.source is TraceSource.STRACE_LOG


LIVE = Vantage(TraceSource.LIVE, TraceClock.MONOTONIC)


def vantage_of(header: TraceHeader) -> Vantage:
    """Say where the events below ``header`` were seen from."""
    return Vantage(header.source, header.clock)
