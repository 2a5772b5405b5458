"""What the tests ask /proc and the kernel about processes."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path

ENDED_LIMIT_MS = 10_000


def children(pid: int) -> set[int]:
    """The process's children now (proc(5), task/TID/children)."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {int(child) for task in tasks for child in (task / "children").read_text().split()}


def all_end(pidfds: list[int]) -> bool:
    """Whether all these processes end; a pidfd is readable then (pidfd_open(2))."""
    waiting = select.poll()
    for pidfd in pidfds:
        waiting.register(pidfd, select.POLLIN)
    left = set(pidfds)
    while left:
        ended = waiting.poll(ENDED_LIMIT_MS)
        if not ended:
            return False
        for pidfd, _ in ended:
            waiting.unregister(pidfd)
            os.close(pidfd)
            left.discard(pidfd)
    return True


def loopback_queue() -> str:
    """What shapes the machine's own lo."""
    command = ["tc", "qdisc", "show", "dev", "lo"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def in_session(session_id: int) -> list[int]:
    """The processes of a session (proc(5), /proc/PID/stat, field 6)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _session_of(entry) == session_id:
            found.append(int(entry.name))
    return found


def _session_of(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[3])
    except OSError:
        return None  # it has just ended
