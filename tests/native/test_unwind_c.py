"""Frames of C programs, found in all the ways that compilers make them, held against gdb's."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eintr_trace.lab.processes import ended_with
from eintr_trace.model.c_stack import StackEnd
from eintr_trace.native.unwind import UnwoundStack, unwind
from tests.interpreter.processes import PROGRAMS, wait_until_blocked
from tests.native.c_programs import compiled, run
from tests.native.gdb_stacks import (
    GdbStack,
    assert_as_gdb_sees_it,
    stacks_of,
    stacks_while_stepping,
)
from tests.native.maps import unwind_tables_of

pytestmark = pytest.mark.live
STEPS = 400  # up to the loader, which looks for a function that is called for the first time
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def c_frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = (PROGRAMS / "c_frames.c").read_text()
    # Lazy binding: the first call of a function goes through a PLT entry to the loader.
    options = ("-O2", "-fomit-frame-pointer", "-Wl,-z,lazy")
    return compiled(source, tmp_path_factory.mktemp("c") / "c_frames", *options)


@pytest.fixture
def start(c_frames: Path) -> Iterator[Start]:
    """Starts the program, or a copy of it, and waits until it is ready."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, copy: Path | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [copy or c_frames, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if name != "LD_BIND_NOW"},
            preexec_fn=ended_with(os.getpid()),
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def stack_of(process: subprocess.Popen[str], scratch: Path) -> tuple[UnwoundStack, GdbStack]:
    (gdb,) = stacks_of(process.pid, scratch).values()
    return unwind(gdb.registers, gdb.copy, unwind_tables_of(process.pid)), gdb


def in_handler(process: subprocess.Popen[str]) -> None:
    """Send the signal and wait until its handler does not come back."""
    wait_until_blocked(process.pid, process.pid)
    process.send_signal(signal.SIGUSR1)
    wait_until_blocked(process.pid, process.pid)


def addresses(stack: UnwoundStack) -> list[int]:
    return [frame.address for frame in stack.frames]


def test_every_instruction_of_functions_that_make_their_frames_differently(
    start: Start, tmp_path: Path
) -> None:
    process = start()
    stacks = stacks_while_stepping(process.pid, "work", STEPS, tmp_path)
    tables = unwind_tables_of(process.pid)
    popped = 0
    for gdb in stacks:
        stack = unwind(gdb.registers, gdb.copy, tables)
        if stack.end is StackEnd.REGISTER_UNKNOWN:
            # Between `pop %rbp` and `ret` the tables still say that it is saved, below the
            # stack pointer, where the copy has nothing.
            popped += 1
            assert addresses(stack) == gdb.addresses[: len(stack.frames)]
        else:
            assert_as_gdb_sees_it(stack, gdb)
    assert popped < len(stacks) / 100
    innermost = {gdb.functions[0] for gdb in stacks}
    assert {"leaf", "of_many_registers", "on_the_stack", "aligned", "memset@plt"} < innermost
    assert {"time", "__vdso_time"} & innermost and "getppid@plt" in innermost
    # Two functions of the loader on top.
    assert any("lazily_bound" in gdb.functions[2:] for gdb in stacks)


def test_a_handler_on_top_of_the_call_it_interrupted(start: Start, tmp_path: Path) -> None:
    """The call itself is found at its instruction, not before it."""
    process = start("pausing")
    in_handler(process)
    stack, gdb = stack_of(process, tmp_path)
    assert_as_gdb_sees_it(stack, gdb)
    handler = gdb.functions.index("handler")
    assert gdb.functions[handler - 2 : handler] == ["stay", "never_returned_to"]
    assert gdb.functions[handler + 3 : handler + 5] == ["pausing", "main"]
    interrupted = [index for index, frame in enumerate(stack.frames) if not frame.is_return_address]
    assert interrupted == [0, handler + 2]  # behind the handler's the frame of __restore_rt


def test_a_stripped_program(start: Start, c_frames: Path, tmp_path: Path) -> None:
    stripped = tmp_path / "stripped"
    run("strip", "--strip-all", "-o", stripped, c_frames)
    process = start("pausing", copy=stripped)
    in_handler(process)
    stack, gdb = stack_of(process, tmp_path)
    assert "handler" not in gdb.functions
    assert_as_gdb_sees_it(stack, gdb)


def test_an_interrupted_function_at_its_first_instruction(start: Start, tmp_path: Path) -> None:
    """The byte before it belongs to code without unwind information."""
    process = start("faulting")
    wait_until_blocked(process.pid, process.pid)  # in the handler of SIGILL
    stack, gdb = stack_of(process, tmp_path)
    assert "faulting" in gdb.functions
    assert_as_gdb_sees_it(stack, gdb)


def test_a_handler_on_a_stack_of_its_own(start: Start, tmp_path: Path) -> None:
    process = start("other-stack")
    in_handler(process)
    stack, gdb = stack_of(process, tmp_path)
    known = gdb.functions.index("handler") + 3  # __restore_rt, and the place of the call
    assert addresses(stack) == gdb.addresses[:known]
    assert stack.end is StackEnd.COPY_ENDED


def test_code_without_unwind_information_ends_the_stack(start: Start, tmp_path: Path) -> None:
    process = start("without-entry")
    wait_until_blocked(process.pid, process.pid)
    stack, gdb = stack_of(process, tmp_path)
    ending = gdb.functions.index("without_entry")
    assert addresses(stack) == gdb.addresses[: ending + 1]
    assert stack.frames[-1].cfa is None
    assert stack.end is StackEnd.NO_UNWIND_ENTRY
