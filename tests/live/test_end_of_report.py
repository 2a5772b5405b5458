"""Ctrl-C while the report is still being written, after the programs have ended by themselves."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from eintr_trace.model.events import TraceEnded
from eintr_trace.sources.live.proc import status_fields, thread_ids
from tests.live.harness import Tracer, attached, program, state_of, wait_until

pytestmark = pytest.mark.live


def reporting_child(tracer: Tracer) -> int:
    pid = tracer.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0])


def interrupt(tracer: Tracer) -> None:
    """Send Ctrl-C, and wait until it was taken."""
    pid = tracer.process.pid
    wait_until(lambda: len(thread_ids(pid)) == 1, "the tracing thread has ended")
    os.kill(pid, signal.SIGINT)
    wait_until(
        lambda: state_of(pid) == "Z" or not int(status_fields(pid)["ShdPnd"], 16), "it is taken"
    )


@pytest.mark.parametrize("times", [1, 2])
def test_only_a_second_one_gives_up(newest_python: Path, times: int, tmp_path: Path) -> None:
    with program(newest_python, "one_call.py", "read_stdin") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "run.jsonl") as tracer:
            child = reporting_child(tracer)
            os.kill(child, signal.SIGSTOP)
            running.tell("done")
            running.account()
            for _ in range(times):
                interrupt(tracer)
            if times == 1:
                os.kill(child, signal.SIGCONT)
                assert tracer.wait() == 0
                assert tracer.count(TraceEnded) == 1
            else:
                assert tracer.wait() == 1
