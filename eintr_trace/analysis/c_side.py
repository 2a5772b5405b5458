"""What was seen of a thread's C side after one interruption, sorted by what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from eintr_trace.analysis.known_paths import KnownPaths
from eintr_trace.model.c_stack import CStack
from eintr_trace.model.events import Reduction
from eintr_trace.model.stack_events import (
    DecisionUnwatched,
    LibrarySeen,
    NotReturned,
    PathSeen,
    StackMoment,
    StackSeen,
)

# The first sample that shows a decision counts; a handler that calls much makes many more.
_MOST_PROBES = 32

CSideEvent = StackSeen | PathSeen | NotReturned | DecisionUnwatched

Libraries = Mapping[str, LibrarySeen]
"""The program files of a process that frames were seen in, by their path."""


@dataclass
class CSide:
    """The C stacks, the path and the samples of one interruption.

    ``interrupted`` is the stack in the stop that met the call. ``probes`` are samples from the
    return of the C handler until the call was made again, if it was; ``not_returned`` is the
    latest look at whether it had returned. ``unwatched`` says why there are none.
    ``known_paths`` are those of the process's earlier interruptions.
    """

    libraries: Libraries = field(default_factory=dict)
    known_paths: KnownPaths = field(default_factory=KnownPaths)
    interrupted: CStack | None = None
    probes: list[StackSeen] = field(default_factory=list)
    path: PathSeen | None = None
    not_returned: NotReturned | None = None
    unwatched: Reduction | None = None
    _entering: StackSeen | None = None

    def observe(self, event: CSideEvent, began_ns: int, running: bool) -> None:
        """Take in one event. ``running``: after the C handler, before the call was made again."""
        match event:
            case StackSeen():
                self._stack(event, began_ns, running)
            case PathSeen():
                self.path = self.path or event
            case NotReturned():
                self.not_returned = event
            case DecisionUnwatched():
                self.unwatched = self.unwatched or event.reason

    def stack_at(self, time_ns: int) -> CStack | None:
        """Give the stack of the syscall-enter-stop at ``time_ns``, if it was copied."""
        seen = self._entering
        return None if seen is None or seen.time_ns != time_ns else seen.stack

    def _stack(self, event: StackSeen, began_ns: int, running: bool) -> None:
        match event.moment:
            case StackMoment.INTERRUPTED if event.time_ns == began_ns:
                self.interrupted = self.interrupted or event.stack
            case StackMoment.ENTERING:
                self._entering = event
            case StackMoment.PROBE if running and len(self.probes) < _MOST_PROBES:
                self.probes.append(event)
            case _:
                pass
