"""C code that retries, and did not need to wait again once the signal handlers had run."""

from __future__ import annotations

from eintr_trace.analysis.handler_end import handler_raised
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.pep475 import Behaviour

# With these, CPython's retry looks first whether the time is up (PEP 475), or the lock there
# (Python/thread_pthread.h, PyThread_acquire_lock_timed()).
_WAITS = frozenset(
    {
        "poll",
        "ppoll",
        "select",
        "pselect6",
        "epoll_wait",
        "epoll_pwait",
        "clock_nanosleep",
        "rt_sigtimedwait",
        "futex",
    }
)


def waited_long_enough(trail: Trail) -> bool:
    """Tell whether a wait that CPython resumes was over by the time the handlers had run.

    The handler is known not to have raised, or runs only once the call is over, so that by the
    table nothing else can have ended the call; and the program has gone on without the call
    being made again.
    """
    call, decision = trail.interruption.call, trail.interruption.pep475
    if call is None or call.syscall.name not in _WAITS or decision is None or not decision.rows:
        return False
    if not _only_its_end_ends(decision.behaviour, trail):
        return False
    if any(row.deadline is None for row in decision.rows):
        return False
    return trail.raising is None and _has_gone_on(trail)


def _only_its_end_ends(behaviour: Behaviour | None, trail: Trail) -> bool:
    """Tell whether by the table, and by its handler, the signal cannot have ended the call."""
    if behaviour is Behaviour.LOOPS_IN_C:
        return True
    return behaviour is Behaviour.RETRIES and handler_raised(trail) is False


def _has_gone_on(trail: Trail) -> bool:
    """Tell whether Python code ran after the call, if only to make another from the same place."""
    again = trail.reentered
    if again is not None:
        return again.survival is not None and again.survival.code_ran
    return trail.has_left_the_call
