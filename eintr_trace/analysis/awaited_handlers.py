"""Which deliveries of a process still wait for their Python handler, whichever thread took them."""

from __future__ import annotations

from collections import deque

from eintr_trace.analysis.case import Case
from eintr_trace.analysis.handler import HandlerBegan, HandlerOutstanding
from eintr_trace.model.events import PythonHandlerBegan, PythonHandlerDue

# One run answers all deliveries of a signal since the last; the oldest of more than these give
# way, and when their handler began stays unknown.
_MOST_WAITING = 4096


class AwaitedHandlers:
    """The cases of one process whose handler is watched for and was not seen to begin."""

    def __init__(self) -> None:
        self._waiting: dict[int, deque[Case]] = {}

    def expect(self, case: Case) -> None:
        """A delivery was seen; it is waited for if a watchpoint is."""
        interruption = case.trail.interruption
        if interruption.handler_watch is None or interruption.signal is None:
            return
        waiting = self._waiting.setdefault(interruption.signal.signo, deque(maxlen=_MOST_WAITING))
        waiting.append(case)

    def began(self, event: PythonHandlerBegan) -> list[Case]:
        """The handler of a signal has begun; give the cases that this answers."""
        waiting = self._waiting.pop(event.signo, deque())
        unanswered = [case for case in waiting if case.trail.handler_run is None]
        answered = [case for case in unanswered if _came_before(case, event)]
        for case in answered:
            case.trail.handler_began = HandlerBegan(event.time_ns, len(answered))
        # A worker may have set the mark only after this: it is known when its C handler returns.
        later = [c for c in unanswered if c not in answered or _may_set_the_mark(c)]
        if later:
            self._waiting[event.signo] = deque(later, maxlen=_MOST_WAITING)
        return answered

    def due(self, event: PythonHandlerDue) -> list[Case]:
        """The trace ends with a handler still waited for."""
        waiting = self._waiting.pop(event.signo, deque())
        return _left(waiting, HandlerOutstanding(event.time_ns, "the trace ended", event.tripped))

    def ended(self, time_ns: int, end: str) -> list[Case]:
        """The process has ended, or is another program: nothing waits any more."""
        waiting = [case for cases in self._waiting.values() for case in cases]
        self._waiting.clear()
        return _left(waiting, HandlerOutstanding(time_ns, end, None))


def _came_before(case: Case, event: PythonHandlerBegan) -> bool:
    return case.trail.interruption.time_ns < event.time_ns


def _may_set_the_mark(case: Case) -> bool:
    return case.trail.in_c_handler and not case.trail.interruption.is_main_thread


def _left(cases: deque[Case] | list[Case], outstanding: HandlerOutstanding) -> list[Case]:
    unanswered = [case for case in cases if case.trail.handler_run is None]
    for case in unanswered:
        case.trail.handler_outstanding = outstanding
    return unanswered
