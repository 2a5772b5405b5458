"""Whether a program sleeps, and in what: looked at in /proc, without disturbing it."""

from __future__ import annotations

import os

from eintr_trace.sources.live.binding import syscall_name
from eintr_trace.sources.live.proc import blocked_call_number, status_fields, thread_ids


def sleeping_in(pid: int, tid: int) -> str | None:
    """The call in which thread ``tid`` sleeps, while all threads of ``pid`` sleep.

    ``None``: one of them runs, is held by its tracer, has a signal pending, or is gone. That
    all must sleep tells a wait for a lock of the program from one for the interpreter's own.
    """
    try:
        if any(_has_pending(status_fields(thread)) for thread in thread_ids(pid)):
            return None
        # Only now: a thread that sleeps after its signal was taken sleeps again.
        if any(not _sleeps(status_fields(thread)) for thread in thread_ids(pid)):
            return None
    except (OSError, KeyError):
        return None  # it has ended; what is left of a process has not all fields
    number = blocked_call_number(tid)
    return None if number is None else syscall_name(number)


def has_stopped(pid: int) -> bool:
    """Whether the child ``pid`` was stopped by a signal, all of its threads; reaps nothing."""
    options = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, options) is not None


def _sleeps(status: dict[str, str]) -> bool:
    return status["State"].startswith("S")


def _has_pending(status: dict[str, str]) -> bool:
    """Whether a signal waits to be taken that the thread does not block."""
    own, shared, blocked = (int(status[field], 16) for field in ("SigPnd", "ShdPnd", "SigBlk"))
    return bool((own | shared) & ~blocked)
