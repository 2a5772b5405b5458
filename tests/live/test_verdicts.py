"""Verdicts where the exception is gone before the next stop, against the program's own account."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from eintr_trace.model.episodes import Outcome
from eintr_trace.sources.live.proc import blocked_call_number, status_fields
from tests.live.conftest import interpreter
from tests.live.harness import Program, Tracer, program, state_of, wait_until

pytestmark = pytest.mark.live

CALLS = (
    "recv",
    "recv raising",
    "recv_swallowed",
    "recv_swallowed raising",
    "recv_again_after_interrupt",
    "recv_again_after_interrupt raising",
    "recv_in_finally",
    "recv_in_finally raising",
    "os_read_by_a_function",
    "fcntl_lockf",
    "file_read",
    "file_lines",
    "makefile_read",
    "ctypes_read",
    "ctypes_read_loop",
    "poll",
    "lock",
    "pause",
)
NEW_IN_3 = ("os_lockf", "os_lockf raising", "os_lockf_loop", "os_lockf_loop raising")


@pytest.mark.parametrize(
    ("version", "options"),
    [
        ("2.7", ()),
        ("3.9", ()),
        ("3.13", ()),
        ("2.7", ("--every-syscall",)),
        ("3.13", ("--every-syscall",)),
    ],
)
def test_verdicts(version: str, options: tuple[str, ...], tmp_path: Path) -> None:
    python = interpreter(version)
    calls = CALLS if version == "2.7" else (*CALLS, *NEW_IN_3)
    with ExitStack() as stack:
        programs = {
            call: stack.enter_context(program(python, "interrupted_calls.py", *call.split()))
            for call in calls
        }
        for one in programs.values():
            wait_until(lambda one=one: sleeps(one), "the call blocks")  # type: ignore[misc]  # a lambda per program
        pids = [argument for one in programs.values() for argument in ("-p", str(one.pid))]
        tracer = Tracer(tmp_path / "recording", *options, *pids, attached=len(programs))
        stack.callback(tracer.process.kill)
        accounts = {call: interrupted(one) for call, one in programs.items()}
        tracer.detach()
        found = {
            episode.tgid: episode.outcome
            for episode in tracer.episodes()
            if episode.signal is not None and episode.signal.signo == signal.SIGUSR1
        }
    verdicts = {call: found.get(one.pid) for call, one in programs.items()}
    assert verdicts == {call: truth(call, version, account) for call, account in accounts.items()}


def interrupted(one: Program) -> dict[str, Any]:
    """Send the signal, and let the call finish if it was made again."""
    switches = int(status_fields(one.pid)["voluntary_ctxt_switches"])
    os.kill(one.pid, signal.SIGUSR1)

    def settled() -> bool:
        if state_of(one.pid) == "Z":
            return True
        fields = status_fields(one.pid)
        again = int(fields["voluntary_ctxt_switches"]) > switches
        return again and not int(fields["ShdPnd"], 16) and sleeps(one)

    wait_until(settled, "the program ends, or blocks again")
    assert one.process.stdin is not None
    one.process.stdin.write("x")
    one.process.stdin.flush()
    return one.account()


def sleeps(one: Program) -> bool:
    return state_of(one.pid) == "S" and blocked_call_number(one.pid) is not None


def truth(call: str, version: str, account: dict[str, Any]) -> Outcome:
    """The outcome that the program's account describes."""
    if account["interrupts"]:
        return Outcome.ABANDONED_BY_HANDLER
    if account["raised"] is not None:
        assert account["raised"] == 4
        return Outcome.RAISED
    if account["caught"]:
        went_on = account["result"] is None
        return Outcome.RAISED if went_on else Outcome.RETRIED_BY_PROGRAM
    if account["result"] == -1 or call == "pause":
        return Outcome.RETURNED_EARLY
    if call == "makefile_read" and version == "2.7":
        # The loop is in Lib/socket.py.
        return Outcome.RETRIED_BY_PROGRAM
    return Outcome.RESUMED_BY_INTERPRETER
