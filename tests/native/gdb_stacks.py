"""The C stacks of a process as gdb sees them, with all that another unwinder needs for the same."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eintr_trace.model.c_stack import Registers, StackEnd
from eintr_trace.native.unwind import UnwoundStack
from tests.native.c_programs import run

_WHOLE_STACK_BYTES = 64 << 10  # of a thread without deep recursion
_FEW_FRAMES_BYTES = 4 << 10
# Runs inside gdb, whose frames know their pc and the stack pointer they will return with.
_LOOK = """
import base64, gdb, json
NAMES = {names!r}
MASK = (1 << 64) - 1

def value(frame, name):
    return int(frame.read_register(name).cast(gdb.lookup_type("unsigned long"))) & MASK

def look(length):
    frame = gdb.newest_frame()
    registers = {{name: value(frame, name) for name in NAMES}}
    frames = []
    while frame is not None:
        # Not what gdb infers from debug information: inlined functions, tail calls.
        if frame.type() in (gdb.NORMAL_FRAME, gdb.SIGTRAMP_FRAME):
            frames.append([frame.pc(), frame.name(), value(frame, "rsp")])
        frame = frame.older()
    inferior = gdb.selected_inferior()
    while True:
        try:
            copy = bytes(inferior.read_memory(registers["rsp"], length))
            break
        except gdb.MemoryError:
            length -= 64
    return dict(registers=registers, frames=frames, copy=base64.b64encode(copy).decode())

gdb.execute("set backtrace past-main on")
gdb.execute("set backtrace past-entry on")
gdb.execute("set pagination off")
"""
_EVERY_THREAD = f"""
seen = {{}}
for thread in gdb.selected_inferior().threads():
    thread.switch()
    seen[thread.ptid[1]] = look({_WHOLE_STACK_BYTES})
"""


@dataclass(frozen=True)
class GdbStack:
    """What gdb saw of one thread; ``addresses``, ``functions`` and stack pointers of the frames."""

    registers: Registers
    copy: bytes
    addresses: list[int]
    functions: list[str | None]
    stack_pointers: list[int]


def assert_as_gdb_sees_it(stack: UnwoundStack, gdb: GdbStack) -> None:
    assert [frame.address for frame in stack.frames] == gdb.addresses
    assert stack.end is StackEnd.OUTERMOST
    # A frame's CFA is the stack pointer that its caller goes on with.
    assert [frame.cfa for frame in stack.frames[:-1]] == gdb.stack_pointers[1:]


def stacks_of(pid: int, scratch: Path) -> dict[int, GdbStack]:
    """The stack of every thread, by its tid."""
    seen = _in_gdb(_EVERY_THREAD, scratch, "-p", str(pid))
    return {int(tid): _stack(stack) for tid, stack in seen.items()}


def stacks_while_stepping(pid: int, function: str, steps: int, scratch: Path) -> list[GdbStack]:
    """The stacks before each of so many instructions from the beginning of a function on.

    The program is let go by its variable ``go``.
    """
    script = f"""
gdb.execute("set variable {{int}}&go = 1")
gdb.execute("break *{function}")
gdb.execute("continue")
seen = [look({_FEW_FRAMES_BYTES})]
for _ in range({steps}):
    gdb.execute("stepi", to_string=True)
    seen.append(look({_FEW_FRAMES_BYTES}))
gdb.execute("delete")
"""
    return [_stack(stack) for stack in _in_gdb(script, scratch, "-p", str(pid))]


def _in_gdb(script: str, scratch: Path, *arguments: str) -> Any:
    names = [*Registers.__dataclass_fields__]
    result = scratch / "gdb.json"
    program = scratch / "gdb.py"
    look = _LOOK.format(names=names)
    program.write_text(f"{look}\n{script}\njson.dump(seen, open({str(result)!r}, 'w'))\n")
    run("gdb", "-nx", "-batch", *arguments, "-x", program)
    return json.loads(result.read_text())


def _stack(seen: Any) -> GdbStack:
    frames = seen["frames"]
    return GdbStack(
        registers=Registers(**seen["registers"]),
        copy=base64.b64decode(seen["copy"]),
        addresses=[address for address, _, _ in frames],
        functions=[function for _, function, _ in frames],
        stack_pointers=[pointer for _, _, pointer in frames],
    )
