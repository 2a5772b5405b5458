"""What the programs of a batch leave behind is found and ended, whoever started it.

The runner makes itself the reaper of its descendants: what loses its parent becomes its
child, in whatever session or process group it is (PR_SET_CHILD_SUBREAPER, prctl(2)).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from eintr_trace.lab.processes import LOOK_AGAIN_S
from eintr_trace.sources.live.proc import command_name

# include/uapi/linux/prctl.h, Linux 6.1
_PR_SET_CHILD_SUBREAPER = 36

GRACE_S = 2.0
"""How long what a program has left behind may take to end by itself."""

_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class Leftover:
    """A process that had to be killed; ``session_id`` is the pid of its scenario's program."""

    pid: int
    session_id: int
    command: str


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_leftovers() -> list[Leftover]:
    """Wait until no child is left; after GRACE_S kill those that are, and give them."""
    killed: dict[int, Leftover] = {}
    end_s = time.monotonic() + GRACE_S
    while children := _reaped_children():
        if time.monotonic() >= end_s:
            for pid in children:
                if pid not in killed:
                    killed[pid] = _kill(pid)
        time.sleep(LOOK_AGAIN_S)
    return list(killed.values())


def _reaped_children() -> list[int]:
    """The children that have not ended; those that have are reaped."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return [
        int(pid)
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
    ]


def _kill(pid: int) -> Leftover:
    # Not reaped yet, so that the number is still its own.
    left = Leftover(pid, os.getsid(pid), command_name(pid) or "?")
    os.kill(pid, signal.SIGKILL)
    return left
