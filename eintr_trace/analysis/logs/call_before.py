"""The call before a signal that met none in a log: whether the signal had ended it."""

from __future__ import annotations

from eintr_trace.analysis.calls import asked_bytes
from eintr_trace.analysis.logs.side import CallBefore
from eintr_trace.model.trace import TraceClock

_WAITED_NS = 200_000  # under strace a close(2) that waits for nothing takes some 10 µs
_AT_ONCE_NS = 2_000_000  # strace's own stops take some 0.1 ms
_WRITES = frozenset({"write", "pwrite64", "sendto"})
_ALL_OF_IT = "MSG_WAITALL"


def was_ended(before: CallBefore, signal_ns: int, clock: TraceClock) -> bool:
    """Tell whether a signal ends such a call without EINTR, and may have ended this one.

    A transfer that has done a part gives that; close(2), with SO_LINGER, just ends (close(2),
    socket(7)). When a call came back is known with ``-T``, and of one that ``resumed``; else its
    time is that of the signal, the line after it.
    """
    if _fell_short(before):
        return True
    gap_ns = clock.span_ns(before.ended_ns, signal_ns)
    spent_ns = clock.span_ns(before.began_ns, before.ended_ns)
    if gap_ns is None or spent_ns is None or before.syscall.name != "close":
        return False
    return spent_ns >= _WAITED_NS and 0 < gap_ns <= _AT_ONCE_NS


def _fell_short(before: CallBefore) -> bool:
    """Tell whether a call that would have gone on until all was done has done a part."""
    call, asked = before.syscall, asked_bytes(before.syscall)
    goes_on = call.name in _WRITES or _ALL_OF_IT in call.text
    return goes_on and asked is not None and 0 <= before.retval < asked
