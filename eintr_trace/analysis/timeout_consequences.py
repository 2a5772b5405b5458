"""Timeouts that an interruption made longer."""

from __future__ import annotations

from eintr_trace.analysis.calls import socket_timeout
from eintr_trace.analysis.consequence import Consequence
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import duration
from eintr_trace.facts.restart_codes import RestartCode
from eintr_trace.model.episodes import Outcome

_CALLED_AGAIN = frozenset({Outcome.RESUMED_BY_INTERPRETER, Outcome.RETRIED_BY_PROGRAM})


def timeout_began_again(trail: Trail, finding: Finding) -> Consequence | None:
    """A socket's own timeout, which counts from the call: made again, it begins anew.

    The kernel gives such a call up with a plain EINTR, so that a program waits on in user space
    (net/core/sock.c sock_intr_errno(), socket(7) SO_RCVTIMEO); CPython counts down only the
    timeouts that it keeps itself, those of settimeout().
    """
    again = trail.reentered
    if finding.outcome not in _CALLED_AGAIN or finding.kernel.code is not RestartCode.EINTR:
        return None
    if again is None or again.call is None or again.call.descriptor is None:
        return None
    found = socket_timeout(again.call, again.call.descriptor)
    call = trail.interruption.call
    if found is None or call is None or call.syscall.name != again.call.name:
        return None
    option, timeout_ns = found
    after_ns = trail.span_after(again.time_ns)
    if after_ns is None:
        return None
    timeout = duration(timeout_ns)
    text = (
        f"The timeout of {timeout} ({option}) began again in full {duration(after_ns)} after the"
        f" signal: the call can wait that much longer, and under a signal that comes more often"
        f" than every {timeout} for ever"
    )
    return Consequence(f"{text}{_in_the_end(trail)}.", (Topic.TIMEOUT, Topic.REENTERED))


def _in_the_end(trail: Trail) -> str:
    if trail.reentry_interrupted:
        return "; it was interrupted again, which begins it once more"
    if trail.follow_up is None or trail.follow_up.after_ns is None:
        return ""
    after = duration(trail.follow_up.after_ns)
    return f". The call ended {after} after the signal; how long it had waited before is not known"
