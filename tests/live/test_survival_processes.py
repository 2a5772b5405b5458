"""Processes that are made, executed and killed at the moments that are hardest to follow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from eintr_trace.model.events import (
    ContinueTrapped,
    EndReason,
    ProcessSeen,
    SignalDelivered,
    ThreadOrigin,
    ThreadSeen,
    TraceEnded,
)
from eintr_trace.sources.live.proc import thread_ids
from tests.live.harness import attached, program, tracer_of, wait_until

pytestmark = pytest.mark.live

CHILD_STATUS = 7


def is_traced(tid: int) -> bool:
    try:
        return tracer_of(tid) != 0
    except OSError:
        return False


@pytest.mark.parametrize("option", [(), ("-f",)])
def test_a_child_made_by_clone_without_a_signal_runs_as_if_untraced(
    newest_python: Path, tmp_path: Path, option: tuple[str, ...]
) -> None:
    """PTRACE_O_TRACECLONE attaches to it as to a thread, but it is a process (ptrace(2))."""
    rounds = 20
    with program(newest_python, "raw_clone.py", str(rounds)) as running:
        with attached(running.pid, tmp_path / "r.jsonl", *option) as tracer:
            running.tell("go")
            assert running.account() == {"statuses": [CHILD_STATUS] * rounds}
            assert tracer.wait() == 0
            events = tracer.events()
    seen = {event.tgid for event in events if isinstance(event, ProcessSeen)}
    assert len(seen) == (1 + rounds if option else 1)
    ended = events[-1]
    assert isinstance(ended, TraceEnded)
    assert ended.reason is EndReason.TRACEES_GONE


@pytest.mark.parametrize("executing", ["first", "last"])
@pytest.mark.parametrize("seized_before", [1, 100, 250])
def test_a_thread_that_executes_while_the_others_are_being_seized(
    newest_python: Path, seized_before: int, executing: str
) -> None:
    """Its execve waits for them to be reaped, and the next seize for its execve.

    The last to start is mostly not seized yet, and then replaces all that were.
    """
    with program(newest_python, "exec_from_thread.py", "300", executing) as running:
        tids = sorted(thread_ids(running.pid))
        tracer = subprocess.Popen(
            [sys.executable, "-m", "eintr_trace", "-p", str(running.pid)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_until(lambda: is_traced(tids[seized_before]), "it is being attached to")
            running.tell("go")
            assert running.account() == {}
            _, errors = tracer.communicate(timeout=60)
        finally:
            tracer.kill()
            tracer.communicate()
    assert "Traceback" not in errors
    assert tracer.returncode == (0 if "attached to" in errors else 1), errors


def test_attaching_while_threads_are_made_takes_no_first_stop_for_a_sigcont(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "thread_makers.py", "3") as running:
        for number in range(8):
            recording = tmp_path / f"{number}.jsonl"
            with attached(running.pid, recording, "--duration", "0.1") as tracer:
                assert tracer.wait() == 0
            assert tracer.count(ThreadSeen) > 0
            assert tracer.count(ContinueTrapped) == 0


def test_a_forked_child_has_its_python_side_from_the_first_signal_on(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "signalled_child.py") as running:
        with attached(running.pid, tmp_path / "r.jsonl", "-f") as tracer:
            running.tell("go")
            assert running.account() == {"handled": 1}
            tracer.wait()
            events = tracer.events()
    (child,) = [e for e in events if isinstance(e, ProcessSeen) and e.origin is ThreadOrigin.FORKED]
    assert child.interpreter is not None
    (delivered,) = [e for e in events if isinstance(e, SignalDelivered) and e.tgid == child.tgid]
    assert delivered.python is not None
    assert "in_child" in [frame.location.function for frame in delivered.python.frames]
    assert delivered.python.handler is not None


def test_children_killed_around_their_exec_do_not_end_the_trace(
    newest_python: Path, tmp_path: Path
) -> None:
    rounds = 300
    with program(newest_python, "killed_children.py", str(rounds)) as running:
        with attached(running.pid, tmp_path / "r.jsonl", "-f") as tracer:
            running.tell("go")
            assert running.account() == {"killed": rounds}
            assert tracer.wait() == 0
            ended = tracer.report().ended
    assert ended is not None
    assert ended.reason is EndReason.TRACEES_GONE
