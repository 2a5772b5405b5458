"""Progress first: how much of a thread's time the tracer may take.

A program whose timer fires every millisecond and whose every signal is held for a millisecond
executes nothing, for ever. So a thread earns credit while time passes and pays for each stop.
"""

from __future__ import annotations

_SHARE = 4  # a thread is held at most a quarter of the time between its deliveries
_CREDIT_LIMIT_NS = 20_000_000  # a few episodes close together, of which the first is cold
# One stop of 8 ms, in which a busy machine gave the tracer no processor, leaves more than this;
# signals that come too fast do not.
_SHORT_NS = _CREDIT_LIMIT_NS // 8
# Waking the tracer and then the thread again, mostly across CPUs: not seen by either clock
# reading around a stop. Measured 60 to 150 µs on 2 virtual CPUs.
_WAKE_UP_NS = 100_000
_HIT_NS = 13_000  # measured there, too; the thread that is hit does not stop


class HoldBudget:
    """The credit of one thread, in nanoseconds of hold."""

    def __init__(self, now_ns: int) -> None:
        self._credit_ns = _CREDIT_LIMIT_NS
        self._counted_until_ns = now_ns

    def allows(self, now_ns: int) -> bool:
        """Whether a stop that began at ``now_ns`` may be served, not only passed on."""
        earned = max(0, now_ns - self._counted_until_ns) // _SHARE
        self._credit_ns = min(_CREDIT_LIMIT_NS, self._credit_ns + earned)
        self._counted_until_ns = now_ns
        return self._credit_ns > 0

    @property
    def is_short(self) -> bool:
        """Whether signals come so fast that only what is needed most may be paid for."""
        return self._credit_ns < _SHORT_NS

    def spend(self, held_ns: int) -> None:
        """Count one stop; credit may become debt, which is paid by passing deliveries on."""
        self._credit_ns -= held_ns + _WAKE_UP_NS

    def excuse(self, held_ns: int) -> None:
        """Take out of the next stop's account what the user has asked for, and knows of."""
        self._credit_ns += held_ns

    def spend_hits(self, hits: int) -> None:
        """Count the hits of a watchpoint that a delivery will have."""
        self._credit_ns -= hits * _HIT_NS
