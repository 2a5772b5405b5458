"""One scenario's program, run without a tracer; none of its processes outlives the test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eintr_trace.lab.dispositions import PLANS, Disposition
from eintr_trace.lab.interpreters import FoundInterpreter
from eintr_trace.lab.processes import ended_with
from eintr_trace.lab.program_commands import program_environment
from eintr_trace.lab.scenario_case import PROGRAM, prepare
from eintr_trace.lab.scenarios import Scenario, load_scenarios
from tests.lab.proc import all_end, children
from tests.live.harness import is_blocked_in, wait_until

LIMIT_S = 60.0


class ScenarioRun:
    """A program that has said that it is ready; ``tid`` is the thread that makes the call."""

    def __init__(
        self,
        python: FoundInterpreter,
        scenario: Scenario,
        disposition: Disposition,
        folder: Path,
        limit_s: float,
    ) -> None:
        self._scenario = scenario
        self._case = prepare(scenario, folder, PLANS[disposition], limit_s)
        self.process = subprocess.Popen(
            [str(python.executable), str(PROGRAM), str(self._case.spec)],
            env=program_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=ended_with(os.getpid()),
        )
        ready = self._line()
        assert ready["ready"] == self.process.pid
        self.tid: int = ready["tid"]
        self.helpers = [os.pidfd_open(child) for child in children(self.process.pid)]

    def _line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line: dict[str, Any] = json.loads(self.process.stdout.readline())
        return line

    def start(self) -> None:
        """Let it make the call, and wait until it is blocked."""
        self._case.start.write_bytes(b"\n")
        self.wait_blocked()

    def wait_blocked(self) -> None:
        """Until it waits in the scenario's call."""
        wait_until(lambda: is_blocked_in(self.tid, *self._scenario.blocked_in), "it is blocked")

    def release(self) -> None:
        """Let the call finish."""
        self._case.go.write_bytes(b"\n")

    def account(self) -> dict[str, Any]:
        """What it says of the call; then it and all its processes end."""
        account = self._line()
        if "caught" in account:  # said first of a call that raised
            account = self._line()
        assert self.process.wait(LIMIT_S) == 0
        assert self.all_helpers_end()
        return account

    def all_helpers_end(self) -> bool:
        """Whether the processes that it had started when it was ready all end."""
        helpers, self.helpers = self.helpers, []
        assert helpers
        return all_end(helpers)


@contextmanager
def scenario_run(
    python: FoundInterpreter,
    name: str,
    disposition: Disposition,
    folder: Path,
    limit_s: float = LIMIT_S,
) -> Iterator[ScenarioRun]:
    """Run the scenario called ``name``; its session is killed on the way out."""
    (scenario,) = (each for each in load_scenarios() if each.name == name)
    run = ScenarioRun(python, scenario, disposition, folder, limit_s)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.communicate()
        for helper in run.helpers:
            signal.pidfd_send_signal(helper, signal.SIGKILL)
            os.close(helper)
