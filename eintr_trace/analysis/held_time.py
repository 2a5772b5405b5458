"""How much of a wait after a signal was the tracer's own: the thread stood in its stops."""

from __future__ import annotations

from eintr_trace.model.events import (
    ContinueTrapped,
    Event,
    GroupStopped,
    HandlerReturned,
    HandlerReturning,
    SignalDelivered,
    SyscallEntered,
    SyscallExited,
)

_STOPS = (
    SignalDelivered,
    HandlerReturning,
    HandlerReturned,
    SyscallEntered,
    SyscallExited,
    GroupStopped,
    ContinueTrapped,
)
_MOST_STOPS = 64  # from a signal to its handler it is a handful


class HeldTime:
    """Adds up the stops of one thread since the signal, which it was held ``held_ns`` for.

    ``None``: how long that was is not known.
    """

    def __init__(self, time_ns: int, held_ns: int | None) -> None:
        self._stops: list[tuple[int, int]] = []
        self._is_known = held_ns is not None
        self._add(time_ns, held_ns)

    def observe(self, event: Event) -> None:
        """Take in an event of the thread."""
        if isinstance(event, _STOPS):
            self._add(event.time_ns, event.held_ns)

    def until(self, time_ns: int) -> int | None:
        """How long the thread was held before ``time_ns``, in nanoseconds."""
        if not self._is_known:
            return None
        return sum(min(held, time_ns - at) for at, held in self._stops if at < time_ns)

    def _add(self, time_ns: int, held_ns: int | None) -> None:
        if held_ns is not None and len(self._stops) < _MOST_STOPS:
            self._stops.append((time_ns, held_ns))
