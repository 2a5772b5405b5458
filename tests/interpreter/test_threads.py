"""Thread states that end, while their addresses and ids are used again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.interpreter.processes import Tracee, Tracees, wait_until_blocked

pytestmark = pytest.mark.live


def next_line(tracee: Tracee) -> str:
    tracee.tell()
    assert tracee.process.stdout is not None
    return tracee.process.stdout.readline().decode()


def innermost_two(tracee: Tracee, thread: tuple[int, int]) -> list[str] | None:
    snapshot = tracee.reader.snapshot(thread[0], fs_base=thread[1], signo=None)
    assert snapshot.problem is None
    if not snapshot.attached:
        return None
    return [frame.location.function.rpartition(".")[2] for frame in snapshot.frames[:2]]


def test_a_thread_that_took_anothers_place(
    python: tuple[tuple[int, int], Path], tracees: Tracees
) -> None:
    tracee = tracees.start(python[1], "successive.py")
    first = tracee.threads["worker"]
    assert innermost_two(tracee, first) == ["first", "run"]

    tid, pthread_id = json.loads(next_line(tracee))["worker"]
    wait_until_blocked(tracee.pid, tid)
    assert innermost_two(tracee, (tid, pthread_id)) == ["first", "second"]

    assert next_line(tracee) == "ended\n"
    assert innermost_two(tracee, (tid, pthread_id)) is None
    assert innermost_two(tracee, first) is None
