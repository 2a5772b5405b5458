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
