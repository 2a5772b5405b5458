"""An interrupted connect that CPython takes for one that is under way, though none is."""

from __future__ import annotations

from typing import Final

from eintr_trace.analysis.trail import Trail
from eintr_trace.model.events import Syscall

_UNIX_FAMILIES: Final = tuple(f", {{sa_family=AF_{name}," for name in ("UNIX", "LOCAL", "FILE"))
"""strace's words for it: xlat/addrfams.in; AF_FILE and AF_LOCAL up to 4.10."""


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
    is_same = (before.fd, before.target) == (now.fd, now.target)
    # A log does not show whether the socket is connected: the EINTR of its connect says so.
    is_not_connected = now.connected is False or (trail.log is not None and now.connected is None)
    return is_same and again.call.name == "poll" and is_not_connected and _is_unix(call.syscall)


def _is_unix(connect: Syscall) -> bool:
    """Tell it by the socket, or by the address, as strace prints it before the socket's path."""
    socket = connect.descriptor
    if socket is not None and socket.protocol is not None:
        return socket.protocol.startswith("UNIX")
    return any(family in connect.text.partition('"')[0] for family in _UNIX_FAMILIES)
