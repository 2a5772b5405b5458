"""An interrupted connect that CPython takes for one that is under way, though none is."""

from __future__ import annotations

from eintr_trace.analysis.trail import Trail


def waits_for_no_connect(trail: Trail) -> bool:
    """Tell whether CPython has gone on to wait for an AF_UNIX connect that was given up.

    From 3.5 on, connect() does not call connect(2) again after EINTR: it waits with poll(2) and
    asks for SO_ERROR (Modules/socketmodule.c internal_connect()), as is right for TCP, whose
    connect goes on by itself. On AF_UNIX connect(2) waits for room in the listener's backlog and
    has done nothing when a signal ends that (Linux net/unix/af_unix.c unix_stream_connect());
    a socket that is not connected is writable at once, with no error.
    """
    call, again = trail.interruption.call, trail.reentered
    if call is None or again is None or again.call is None:
        return False
    before, now = call.syscall.descriptor, again.call.descriptor
    if call.syscall.name != "connect" or before is None or now is None:
        return False
    is_unix = before.protocol is not None and before.protocol.startswith("UNIX")
    is_same = (before.fd, before.target) == (now.fd, now.target)
    return is_unix and is_same and again.call.name == "poll" and now.connected is False
