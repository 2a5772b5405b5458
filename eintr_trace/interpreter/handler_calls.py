"""How a Python signal handler ends: by its bytecode, and by what its last frame left behind.

The memory of a finished frame stays as it was until the next call needs it: up to 3.10 each
code object keeps its last one (``co_zombieframe``, Objects/frameobject.c); from 3.11 on it
lies where the thread's data stack goes on (``datastack_top``, Python/pystate.c). The
instruction it was at tells how the call ended.
"""

from __future__ import annotations

from eintr_trace.facts.cpython_layouts import Layout
from eintr_trace.facts.cpython_opcodes import InstructionSet, instruction_set
from eintr_trace.interpreter.bytecode import Instruction, instructions
from eintr_trace.interpreter.code_objects import MAX_BYTECODE_BYTES, CodeObject, CodeReader
from eintr_trace.interpreter.except_lines import parse_exception_table
from eintr_trace.interpreter.frames import FrameReader
from eintr_trace.interpreter.memory import Memory
from eintr_trace.interpreter.stack_effects import CALLS
from eintr_trace.interpreter.threads import ThreadState
from eintr_trace.model.python_state import HandlerEnd, RaiseUse

_EXCEPTION_TABLE_SINCE = (3, 11)
_RETURNS = ("RETURN_VALUE", "RETURN_CONST")
_RAISES = ("RAISE_VARARGS", "RERAISE")
_JUMPS_AWAY = ("JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD")


class HandlerCalls:
    """Says of a handler's code object how its calls end; methods may raise ReadError."""

    def __init__(
        self, memory: Memory, layout: Layout, codes: CodeReader, frames: FrameReader
    ) -> None:
        self._memory = memory
        self._codes = codes
        self._frames = frames
        self._version = layout.version
        self._known = instruction_set(layout.version)
        fields = layout.structs.get("_PyInterpreterFrame", {})
        self._instruction = fields.get("prev_instr", fields.get("instr_ptr"))

    def raises(self, code_address: int) -> RaiseUse | None:
        """What the bytecode says of raising; ``None``: it is not known, or too long."""
        code = self._codes.code_at(code_address)
        if code.raises is None and self._known is not None:
            code.raises = self._raise_use(code, self._known)
        return code.raises

    def last_end(self, code_address: int, state: ThreadState) -> HandlerEnd | None:
        """How the last call ended, if its frame can still be read."""
        code = self._codes.code_at(code_address)
        offset = self._last_offset(code, state)
        if offset is None or self._known is None:
            return None
        if offset not in code.ends:
            code.ends[offset] = _end_at(self._codes.bytecode(code), offset, self._known)
        return code.ends[offset]

    def _raise_use(self, code: CodeObject, known: InstructionSet) -> RaiseUse | None:
        bytecode = self._codes.bytecode(code)
        if len(bytecode) == MAX_BYTECODE_BYTES:
            return None
        listing = list(instructions(bytecode, known))
        targets = {found.jump_target(known) for found in listing}
        if self._version >= _EXCEPTION_TABLE_SINCE:
            table = parse_exception_table(self._codes.exception_table(code))
            targets |= {entry.target for entry in table}
        return raise_use(listing, targets)

    def _last_offset(self, code: CodeObject, state: ThreadState) -> int | None:
        if self._instruction is None:
            address = self._codes.last_frame(code)
            frame = self._frames.of_frame_object(address) if address else None
            is_its = frame is not None and frame.code.address == code.address
            return frame.offset if frame is not None and is_its and frame.offset >= 0 else None
        if not state.has("datastack_top"):
            return None
        top = state.pointer("datastack_top")
        offset = self._memory.unsigned(top + self._instruction) - code.first_instruction
        return offset if 0 <= offset < MAX_BYTECODE_BYTES else None


def raise_use(listing: list[Instruction], targets: set[int | None]) -> RaiseUse:
    """Whether the instructions that can be reached raise, or return."""
    reached, raises, returns = True, False, False
    for instruction in listing:
        reached = reached or instruction.start in targets
        if not reached:
            continue
        raises = raises or instruction.name == "RAISE_VARARGS"
        returns = returns or instruction.name in _RETURNS
        reached = instruction.name not in (*_RETURNS, *_RAISES, *_JUMPS_AWAY)
    if not raises:
        return RaiseUse.NEVER
    return RaiseUse.SOMETIMES if returns else RaiseUse.ALWAYS


def _end_at(bytecode: bytes, offset: int, known: InstructionSet) -> HandlerEnd | None:
    for instruction in instructions(bytecode, known):
        # From 3.11 on a frame that has called another is in the call's inline cache.
        if instruction.start <= offset < instruction.end:
            if instruction.name in _RETURNS:
                return HandlerEnd.RETURNED
            # An exception may also come out of a function that the handler called.
            raised = instruction.name in (*_RAISES, *CALLS)
            return HandlerEnd.RAISED if raised else None
    return None
