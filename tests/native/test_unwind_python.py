"""The C stacks of interpreters blocked in their calls, held against gdb's, frame by frame."""

from __future__ import annotations

from pathlib import Path

import pytest

from eintr_trace.native.unwind import unwind
from tests.interpreter.processes import Tracees
from tests.native.gdb_stacks import assert_as_gdb_sees_it, stacks_of
from tests.native.maps import unwind_tables_of

pytestmark = pytest.mark.live
MANY = 500  # the recursive one has over 100
BLOCKED = ("receive", "sleep", "lock", "select", "read", "deep", "main")


def test_threads_blocked_in_different_calls(
    python: tuple[tuple[int, int], Path], tracees: Tracees, tmp_path: Path
) -> None:
    tracee = tracees.start(python[1], "stacks.py")
    seen = stacks_of(tracee.pid, tmp_path)
    tables = unwind_tables_of(tracee.pid)
    for name in BLOCKED:
        gdb = seen[tracee.threads[name][0]]
        assert len(gdb.addresses) > 8, name
        assert_as_gdb_sees_it(unwind(gdb.registers, gdb.copy, tables, most_frames=MANY), gdb)
