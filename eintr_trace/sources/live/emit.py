"""How the parts of the tracer tell what they saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from eintr_trace.model.events import Event


class Later(Protocol):
    """An event that takes long to make: it is made when no thread waits for the tracer."""

    @property
    def time_ns(self) -> int:
        """When it was."""

    def event(self) -> Event:
        """Make it."""

    def stand_in(self) -> Event | None:
        """What is told instead where there is little room; ``None``: nothing can stand for it."""


Told: TypeAlias = Event | Later
Tell: TypeAlias = Callable[[Told], None]


class Emit(Protocol):
    """Tells an event, and at once after it what belongs to it."""

    def __call__(self, event: Told, *with_it: Told) -> None:
        """Never while a thread is held."""
