"""A real program blocked in a real call, seen through /proc, and what it does after a signal."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TRACEE = Path(__file__).parents[1] / "tracees" / "blocked_call.py"
DEADLINE_S = 20


@dataclass
class BlockedProgram:
    """``pid`` is blocked in ``nr``; ``lines`` are what it has written since."""

    pid: int
    nr: int
    stdout: IO[bytes]
    lines: list[str]

    def after_signal(self) -> str:
        """Send SIGUSR1 and give its last line, or ``blocked again`` once that is seen."""
        switches = _voluntary_switches(self.pid)
        os.kill(self.pid, signal.SIGUSR1)
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            self._read_lines(0.002)
            if self.lines and self.lines[-1] != "handler":
                return self.lines[-1]
            if _voluntary_switches(self.pid) > switches and self._sleeps_in_call():
                self._read_lines(0)
                return "blocked again"
        raise AssertionError(f"neither an outcome nor blocked again: {self.lines}")

    def _sleeps_in_call(self) -> bool:
        return not _signal_is_pending(self.pid) and blocked_in(self.pid) == self.nr

    def _read_lines(self, timeout_s: float) -> None:
        if select.select([self.stdout], [], [], timeout_s)[0]:
            self.lines += os.read(self.stdout.fileno(), 4096).decode().splitlines()


def blocked_in(pid: int) -> int | None:
    """Give the number of the call a sleeping process is in, from /proc/PID/syscall.

    One that its tracer holds at the call's entry (state t) is not in it yet.
    """
    if _status(pid)["State"].startswith("t"):
        return None
    word = Path(f"/proc/{pid}/syscall").read_text().split()[0]
    return None if word in ("running", "-1") else int(word)


def _voluntary_switches(pid: int) -> int:
    return int(_status(pid)["voluntary_ctxt_switches"])


def _signal_is_pending(pid: int) -> bool:
    status = _status(pid)
    pending = int(status["SigPnd"], 16) | int(status["ShdPnd"], 16)
    return bool(pending & 1 << signal.SIGUSR1 - 1)


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@contextmanager
def blocked_program(
    case: str,
    numbers: Sequence[int],
    interpreter: str,
    wrapper: Sequence[str] = (),
    tracee: Path = TRACEE,
) -> Iterator[BlockedProgram]:
    """Run ``tracee`` with ``interpreter`` until it sleeps in one of the calls ``numbers``."""
    process = subprocess.Popen(
        [*wrapper, interpreter, str(tracee), case],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        assert line.startswith("blocking "), line + process.stdout.read().decode()
        pid = int(line.split()[1])
        end = time.monotonic() + DEADLINE_S
        while (nr := blocked_in(pid)) not in numbers:
            assert time.monotonic() < end, f"in call {nr} instead of {numbers}"
            time.sleep(0.001)
        assert nr is not None
        yield BlockedProgram(pid, nr, process.stdout, [])
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
