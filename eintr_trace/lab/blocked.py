"""Whether the client is blocked in the call that the experiment is about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from eintr_trace.sources.live.proc import blocked_call_number, status_fields

WAITING_CALLS: Mapping[int, str] = MappingProxyType({7: "poll", 45: "recvfrom"})
"""What CPython waits for data in (arch/x86/entry/syscalls/syscall_64.tbl, Linux 6.1).

``recv`` is recvfrom; a socket with a timeout waits in poll first (Modules/socketmodule.c).
"""

_ESTABLISHED = "01"  # include/net/tcp_states.h, Linux 6.1


def waiting_call(pid: int) -> str | None:
    """The name of the waiting call in which process ``pid`` sleeps; ``None``: in none.

    A thread that a tracer holds at such a call does not sleep.
    """
    nr = blocked_call_number(pid)
    if nr is None or nr not in WAITING_CALLS:
        return None
    try:
        sleeps = status_fields(pid)["State"].startswith("S")
    except OSError:
        return None
    return WAITING_CALLS[nr] if sleeps else None


def nothing_on_the_way(pid: int, port: int) -> bool:
    """Whether all that a server on ``port`` has sent was read by its clients.

    From the queues in /proc/PID/net/tcp (proc(5)), which shows ``pid``'s network namespace:
    what the server's sockets hold to be sent, and its clients' to be read.
    """
    try:
        lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    except OSError:
        return False
    for _, local, remote, state, queues in (line.split()[:5] for line in lines):
        to_send, _, to_read = queues.partition(":")
        on_the_way = (_port(local) == port and to_send) or (_port(remote) == port and to_read)
        if state == _ESTABLISHED and on_the_way and int(on_the_way, 16):
            return False
    return True


def _port(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2], 16)
