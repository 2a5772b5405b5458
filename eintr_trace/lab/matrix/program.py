"""One scenario program: started, told to start and to go on, asked what it is blocked in."""

from __future__ import annotations

import array
import fcntl
import os
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from eintr_trace.lab.dispositions import Plan
from eintr_trace.lab.matrix.account import Ready, find_ready, has_account
from eintr_trace.lab.matrix.sleeping import sleeping_in
from eintr_trace.lab.processes import Child, Deadline, running
from eintr_trace.lab.scenario_case import PROGRAM, prepare
from eintr_trace.lab.scenarios import Scenario

LIFE_LIMIT_S = 300.0
"""After so long the program ends itself, should its runner be gone."""


class ScenarioProgram:
    """A running program."""

    def __init__(self, child: Child, start: int, go: int) -> None:
        self.child = child
        self.ready: Ready | None = None
        self._start = start
        self._go = go

    def wait_ready(self, deadline: Deadline) -> bool:
        """Wait until it says ready; false: it has ended before."""

        def ready() -> Ready | None:
            return find_ready(self.child.output)

        self.ready = self.child.wait_for(ready, deadline, "it said that it is ready")
        return self.ready is not None

    @property
    def is_done(self) -> bool:
        """Whether it has told how its call came back, or has ended."""
        return has_account(self.child.output) or self.child.has_ended

    def start(self) -> None:
        """Let it make its call."""
        os.write(self._start, b"\n")

    def release(self) -> None:
        """Let its call finish."""
        os.write(self._go, b"\n")

    def sleeps_in(self) -> str | None:
        """The call in which it sleeps since it was told to start; ``None``: it does not."""
        if self.ready is None or _unread_bytes(self._start):
            return None
        return sleeping_in(self.ready.pid, self.ready.tid)


@contextmanager
def scenario_program(
    interpreter: Path,
    scenario: Scenario,
    plan: Plan,
    folder: Path,
    environ: Mapping[str, str],
) -> Iterator[ScenarioProgram]:
    """Start a program in ``folder``, an empty one; on the way out, kill and reap it.

    What it has started itself is not waited for. Raises EintrTraceError and OSError.
    """
    case = prepare(scenario, folder, plan, LIFE_LIMIT_S)
    # Open for both directions a FIFO waits for nobody, and a line written early is kept.
    start, go = (os.open(fifo, os.O_RDWR | os.O_CLOEXEC) for fifo in (case.start, case.go))
    try:
        command = [str(interpreter), str(PROGRAM), str(case.spec)]
        with running("scenario", command, environ) as child:
            yield ScenarioProgram(child, start, go)
    finally:
        os.close(start)
        os.close(go)


def _unread_bytes(descriptor: int) -> int:
    """How many bytes nobody has read yet (FIONREAD, pipe(7))."""
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]
