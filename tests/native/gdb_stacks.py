"""The C stacks of a process as gdb sees them, with all that another unwinder needs for the same."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eintr_trace.model.c_stack import Registers
from tests.native.c_programs import run

# Runs inside gdb, whose frames know their pc and the stack pointer they will return with.
_LOOK = """
import base64, gdb, json
NAMES = {names!r}
MASK = (1 << 64) - 1

def value(frame, name):
    return int(frame.read_register(name).cast(gdb.lookup_type("unsigned long"))) & MASK

def look():
    frame = gdb.newest_frame()
    registers = {{name: value(frame, name) for name in NAMES}}
    frames = []
    while frame is not None:
        # Not what gdb infers from debug information: inlined functions, tail calls.
        if frame.type() in (gdb.NORMAL_FRAME, gdb.SIGTRAMP_FRAME):
            frames.append([frame.pc(), frame.name(), value(frame, "rsp")])
        frame = frame.older()
    inferior, length = gdb.selected_inferior(), {copied}
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
_EVERY_THREAD = """
seen = {}
for thread in gdb.selected_inferior().threads():
    thread.switch()
    seen[thread.ptid[1]] = look()
"""
COPIED_BYTES = 64 << 10


@dataclass(frozen=True)
class GdbStack:
    """What gdb saw of one thread; ``addresses``, ``functions`` and stack pointers of the frames."""

    registers: Registers
    copy: bytes
    addresses: list[int]
    functions: list[str | None]
    stack_pointers: list[int]


def stacks_of(pid: int, scratch: Path) -> dict[int, GdbStack]:
    """The stack of every thread, by its tid."""
    seen = _in_gdb(_EVERY_THREAD, scratch, "-p", str(pid))
    return {int(tid): _stack(stack) for tid, stack in seen.items()}


def stacks_while_stepping(
    executable: Path, function: str, scratch: Path, limit: int
) -> list[GdbStack]:
    """The stack before each instruction of a function, and of all that it calls."""
    script = f"""
gdb.execute("break *{function}")
gdb.execute("run")
seen = [look()]
entered = seen[0]["registers"]["rsp"]
for _ in range({limit}):
    gdb.execute("stepi", to_string=True)
    seen.append(look())
    if seen[-1]["registers"]["rsp"] > entered:
        break
gdb.execute("kill")
"""
    return [_stack(stack) for stack in _in_gdb(script, scratch, str(executable))]


def _in_gdb(script: str, scratch: Path, *arguments: str) -> Any:
    names = [*Registers.__dataclass_fields__]
    result = scratch / "gdb.json"
    program = scratch / "gdb.py"
    look = _LOOK.format(names=names, copied=COPIED_BYTES)
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
