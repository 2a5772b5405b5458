"""The slow link between the experiment's server and client."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from eintr_trace.errors import EintrTraceError

PACE_BYTES_PER_SECOND = 1_000_000
"""The reply takes 2.7 s, long enough for a person to send signals."""

# include/uapi/linux/capability.h, Linux 6.1: bits of CapEff in /proc/PID/status
_CAP_NET_ADMIN = 12
_CAP_SYS_ADMIN = 21

# netem is a module that many kernels lack. tbf's burst must hold lo's 64 KiB packets, else
# they are dropped; its rate is PACE_BYTES_PER_SECOND, its queue (latency) holds the reply.
_SHAPE_LO = """
ip link set lo up
tc qdisc add dev lo root netem delay 1000ms 2>/dev/null ||
tc qdisc add dev lo root tbf rate 8mbit burst 128kb latency 5s
tc qdisc show dev lo
exec "$@"
"""


class Link(StrEnum):
    """How the reply is slowed down.

    ``STALL``: the server sends half, waits, sends the rest. ``HOLD``: it waits before it sends
    anything. ``PACE``: it sends
    PACE_BYTES_PER_SECOND. ``NETNS``: tc slows ``lo`` of a network namespace of their own.
    """

    STALL = "stall"
    HOLD = "hold"
    PACE = "pace"
    NETNS = "netns"


def in_new_namespace(command: Sequence[str]) -> list[str]:
    """Wrap ``command`` so that it runs in a new network namespace with a slow ``lo``.

    The namespace has no name: the kernel removes it, with all that tc made in it, when its
    last process ends, however it ends (network_namespaces(7)). The machine's own ``lo`` is
    out of reach in it. Raises EintrTraceError where this is not possible.
    """
    require_namespace_tools()
    return ["unshare", "--net", "--", "sh", "-ec", _SHAPE_LO, "sh", *command]


def in_namespace_of(pid: int, command: Sequence[str]) -> list[str]:
    """Wrap ``command`` so that it runs in the network namespace of process ``pid``.

    Raises EintrTraceError when there is no such process or this is not allowed.
    """
    require_namespace_tools()
    namespace = Path(f"/proc/{pid}/ns/net")
    if not namespace.exists():
        raise EintrTraceError(
            f"there is no process {pid} whose network namespace could be joined",
            "Start the server first; it says its process id",
        )
    return ["nsenter", f"--net={namespace}", "--", *command]


def require_namespace_tools() -> None:
    """Raise EintrTraceError unless network namespaces can be made and shaped."""
    effective = _effective_capabilities()
    if not (effective >> _CAP_SYS_ADMIN & effective >> _CAP_NET_ADMIN & 1):
        raise EintrTraceError(
            "the link `netns` needs the capabilities CAP_SYS_ADMIN and CAP_NET_ADMIN",
            "Run as root, or use --link stall, which needs none",
        )
    missing = [name for name in ("unshare", "nsenter", "ip", "tc") if not shutil.which(name)]
    if missing:
        raise EintrTraceError(
            f"the link `netns` needs the program `{missing[0]}`",
            "Install util-linux and iproute2, or use --link stall",
        )


def _effective_capabilities() -> int:
    status = Path(f"/proc/{os.getpid()}/status").read_text()
    return int(status.partition("\nCapEff:")[2].split(maxsplit=1)[0], 16)
