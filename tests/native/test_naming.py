"""Raw events to named ones, also of a process that is gone by then."""

from __future__ import annotations

import base64
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eintr_trace.model.c_stack import CodeRole, PathEnd, PathStep, Registers, StackEnd
from eintr_trace.model.stack_events import (
    CodeMapped,
    LibrarySeen,
    PathSeen,
    StackCopied,
    StackMoment,
    StackSeen,
    Stepped,
)
from eintr_trace.native.naming import Naming
from tests.lab.interpreters import cpython, newest
from tests.live.harness import program
from tests.native.c_programs import compiled
from tests.native.gdb_stacks import GdbStack, stacks_of
from tests.native.maps import code_mapped

EVALUATION_LOOPS = {"PyEval_EvalFrameEx", "_PyEval_EvalFrameDefault"}


def packed(contents: bytes) -> str:
    return base64.b64encode(zlib.compress(contents, 1)).decode("ascii")


def copied(pid: int, registers: Registers, stack: bytes) -> StackCopied:
    return StackCopied(1, pid, pid, StackMoment.INTERRUPTED, registers, packed(stack))


def stepped(pid: int, addresses: Sequence[int]) -> Stepped:
    words = struct.pack(f"<{len(addresses)}Q", *addresses)
    return Stepped(1, pid, pid, packed(words), PathEnd.DECISION, 5)


def sleeping(python: Path, scratch: Path) -> tuple[CodeMapped, GdbStack]:
    """The mappings and the stack of a process that is gone afterwards."""
    with program(python, "one_call.py", "read_stdin") as running:
        running.wait_blocked_in("read")
        stack = stacks_of(running.pid, scratch)[running.pid]
        return code_mapped(running.pid), stack


@pytest.mark.live
def test_a_process_that_is_gone(python: tuple[tuple[int, int], Path], tmp_path: Path) -> None:
    mapped, gdb = sleeping(python[1], tmp_path)
    naming = Naming()
    assert list(naming.name(mapped)) == []
    *libraries, seen = naming.name(copied(mapped.tgid, gdb.registers, gdb.copy))
    assert isinstance(seen, StackSeen)
    assert [frame.address for frame in seen.stack.frames] == gdb.addresses
    assert EVALUATION_LOOPS & {frame.function for frame in seen.stack.frames}
    assert seen.stack.end is StackEnd.OUTERMOST
    files = {frame.file for frame in seen.stack.frames}
    assert {lib.file for lib in libraries if isinstance(lib, LibrarySeen)} == files
    # Told once, and forgotten with the process.
    again = list(naming.name(copied(mapped.tgid, gdb.registers, gdb.copy)))
    assert again == [seen]
    naming.forget(mapped.tgid)
    (unnamed,) = naming.name(copied(mapped.tgid, gdb.registers, gdb.copy))
    assert isinstance(unnamed, StackSeen)
    assert unnamed.stack.end is StackEnd.NOT_MAPPED
    assert [frame.address for frame in unnamed.stack.frames] == gdb.addresses[:1]


@pytest.mark.live
def test_the_instructions_of_one_function_are_one_step(tmp_path: Path) -> None:
    mapped, gdb = sleeping(cpython("3.13").executable, tmp_path)
    naming = Naming()
    list(naming.name(mapped))
    read, inner, outer = gdb.addresses[0], gdb.addresses[1], gdb.addresses[2]
    walked = [read, read + 2, inner, inner + 4, inner + 9, outer, 0x10, 0x20, inner]
    *libraries, path = naming.name(stepped(mapped.tgid, walked))
    assert isinstance(path, PathSeen)
    assert (path.end, path.took_ns) == (PathEnd.DECISION, 5)
    names = [(step.function, step.instructions) for step in path.steps]
    assert [count for _, count in names] == [2, 3, 1, 2, 1]
    assert names[1][0] == names[4][0] == "_Py_read"
    assert path.steps[3] == PathStep(None, None, None, 2)
    assert all(isinstance(lib, LibrarySeen) for lib in libraries)
    assert {lib.role for lib in libraries if isinstance(lib, LibrarySeen)} == {
        CodeRole.C_LIBRARY,
        CodeRole.CPYTHON,
    }


@pytest.mark.live
def test_a_library_that_was_deleted_of_a_process_that_is_gone(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("/proc/PID/map_files takes CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE")
    code = "#include <unistd.h>\nlong wait_in_library(int fd) { char c; return read(fd, &c, 1); }"
    file = compiled(code, tmp_path / "libgone.so", "-shared", "-fPIC")
    naming = Naming()
    with program(newest().executable, "loaded_later.py", str(file), "unlink") as running:
        running.wait_blocked_in("read")
        running.tell("load")
        assert running.read_line() == "loaded"
        running.wait_blocked_in("read")
        gdb = stacks_of(running.pid, tmp_path)[running.pid]
        list(naming.name(code_mapped(running.pid)))
    *libraries, seen = naming.name(copied(running.pid, gdb.registers, gdb.copy))
    assert isinstance(seen, StackSeen)
    assert "wait_in_library" in [frame.function for frame in seen.stack.frames]
    assert [lib.file for lib in libraries if isinstance(lib, LibrarySeen) and lib.deleted] == [
        str(file)
    ]


def test_nothing_is_named_of_a_process_that_was_not_told_of() -> None:
    registers = Registers(0, 0, 0x7000, 0, 0, 0, 0, 0x1234)
    (seen,) = Naming().name(copied(1, registers, b""))
    assert isinstance(seen, StackSeen)
    assert seen.stack.frames[0].address == 0x1234
    (path,) = Naming().name(stepped(1, [1, 2]))
    assert isinstance(path, PathSeen)
    assert path.steps == ()


WORD = st.integers(min_value=0, max_value=(1 << 64) - 1)
OURS = code_mapped(os.getpid())
INSIDE = st.sampled_from(OURS.mappings).flatmap(lambda m: st.integers(m.start, m.end))


@settings(deadline=None, max_examples=60)
@given(
    st.builds(Registers, *[WORD] * 7, rip=st.one_of(WORD, INSIDE)),
    st.lists(st.one_of(WORD, INSIDE), max_size=200),
)
def test_any_registers_and_any_stack_have_an_end(registers: Registers, words: list[int]) -> None:
    naming = Naming()
    list(naming.name(OURS))
    *_, seen = naming.name(copied(OURS.tgid, registers, struct.pack(f"<{len(words)}Q", *words)))
    assert isinstance(seen, StackSeen)
    assert seen.stack.frames[0].address == registers.rip
    *_, path = naming.name(stepped(OURS.tgid, words))
    assert isinstance(path, PathSeen)
    assert sum(step.instructions for step in path.steps) == len(words)
