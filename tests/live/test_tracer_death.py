"""Promise 4: the tracer may be killed at any moment; no signal is lost, nothing is left."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eintr_trace.model.events import HandlerReturning, SignalDelivered
from tests.live.conftest import interpreter
from tests.live.harness import Program, attached, program, state_of, tracer_of, wait_until

pytestmark = pytest.mark.live

SIGNALS = 60
ROUNDS = {"threads": 150, "fork": 60, "exec": 25, "recv": 60}
KILLS = 2


def send_all(running: Program, singly: bool, before: Callable[[int], None]) -> dict[str, Any]:
    """Queue all signals, ``before`` each of them, and return the program's account."""
    for number in range(SIGNALS):
        before(number)
        running.process.send_signal(signal.SIGRTMIN)
        if singly:
            assert running.read_line() == "ack"
    return running.account()


def run(python: Path, mode: str, kill_after: int | None, tmp_path: Path) -> dict[str, Any]:
    """One churning program and its signals; the tracer dies after so many of them."""
    singly = "2.7" in python.name
    arguments = ["churn.py", mode, str(ROUNDS[mode]), str(SIGNALS), *(["ack"] if singly else [])]
    with program(python, *arguments) as running:
        if kill_after is None:
            running.tell("go")
            return send_all(running, singly, lambda _number: None)
        with attached(running.pid, tmp_path / "r.jsonl", "-f") as tracer:

            def kill_in_time(number: int) -> None:
                if number == kill_after:
                    tracer.process.kill()

            running.tell("go")
            return send_all(running, singly, kill_in_time)


@pytest.mark.parametrize("mode", list(ROUNDS))
def test_killed_at_any_moment_it_loses_nothing(
    spread_python: Path, tmp_path: Path, mode: str
) -> None:
    twin = run(spread_python, mode, None, tmp_path)
    assert twin["counted"] == SIGNALS
    for _ in range(KILLS):
        moment = random.randrange(SIGNALS)
        assert run(spread_python, mode, moment, tmp_path) == twin, f"killed before signal {moment}"


@pytest.mark.parametrize("killed", ["stopped", "continuing"])
def test_killed_around_a_group_stop_the_program_goes_on(
    spread_python: Path, tmp_path: Path, killed: str
) -> None:
    with program(spread_python, "workers.py", "3") as running:
        running.wait_all_blocked_in("recvfrom", "read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            running.process.send_signal(signal.SIGSTOP)
            if killed == "stopped":
                tracer.process.kill()
                tracer.process.communicate()
            wait_until(lambda: state_of(running.pid) in "Tt", "the program is stopped")
            running.process.send_signal(signal.SIGCONT)
            tracer.process.kill()
            tracer.process.communicate()
            assert tracer_of(running.pid) == 0
            wait_until(lambda: state_of(running.pid) not in "Tt", "the program goes on")
            running.tell("done")
            assert running.account()["handled"] == 0


def test_a_program_stopped_under_the_tracer_stays_stopped_after_its_death(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "one_call.py", "read_stdin") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            os.kill(running.pid, signal.SIGSTOP)
            wait_until(lambda: state_of(running.pid) in "Tt", "the program is stopped")
            tracer.process.kill()
            tracer.process.communicate()
        assert state_of(running.pid) == "T"
        running.process.send_signal(signal.SIGCONT)
        running.tell("done")
        assert running.account()["error"] is None


@pytest.mark.parametrize("version", ["2.7", "3.13"])
def test_killed_while_a_handler_is_watched_for_the_handler_runs(
    version: str, tmp_path: Path
) -> None:
    """A watchpoint left behind would be a trap in it, or a slot that stays taken."""
    with program(interpreter(version), "late_handler.py", "restart") as running:
        for round_ in range(1, 4):
            running.wait_blocked_in("read")
            with attached(running.pid, tmp_path / f"r{round_}.jsonl") as tracer:
                running.process.send_signal(signal.SIGUSR1)
                tracer.wait_event(HandlerReturning)
                (delivered,) = [e for e in tracer.events() if isinstance(e, SignalDelivered)]
                assert delivered.handler_watch is not None
                tracer.process.kill()
        running.tell("done")
        assert len(running.account()["ran_ns"]) == 1
