"""The name that a call instruction calls: ``recv`` for ``self.handle.recv(sz)``.

The callable was pushed before the arguments. Walking back over instructions whose effect on
the stack is known finds the one that pushed it; anything else on the way (a jump, an
instruction not in the table) ends the search without an answer, and so does a jump from
elsewhere that leads in between: ``(a.read if x else b.recv)(1)`` has two.
"""

from __future__ import annotations

from collections.abc import Sequence

from eintr_trace.facts.cpython_opcodes import InstructionSet, instruction_set
from eintr_trace.interpreter.bytecode import Instruction, instructions
from eintr_trace.interpreter.code_objects import CodeObject, CodeReader
from eintr_trace.interpreter.stack_effects import (
    ATTRIBUTE_METHODS_SINCE,
    CALLS,
    NULL_SLOT_SINCE,
    stack_effect,
    values_above_callable,
)

_CALLABLE_FIRST_SINCE = (3, 13)  # the callable lies below the self-or-NULL slot


_IMPLICIT_CALLS = {
    "FOR_ITER": "__next__",
    "SETUP_WITH": "__enter__",
}


class CalledNames:
    """Finds what call instructions call; remembers it with the code object."""

    def __init__(self, codes: CodeReader, version: tuple[int, int]) -> None:
        self._codes = codes
        self._version = version
        self._known = instruction_set(version)

    def find(self, code: CodeObject, offset: int) -> str | None:
        """The name that the call at a byte offset calls; ``None``: no call, or not sure.

        Raises ReadError.
        """
        if offset not in code.called_names:
            code.called_names[offset] = self._decode(code, offset)
        return code.called_names[offset]

    def is_call(self, code: CodeObject, offset: int) -> bool:
        """Whether a call instruction is at a byte offset; raises ReadError."""
        if self._known is None or offset < 0:
            return False
        if offset not in code.call_sites:
            listing = list(instructions(self._codes.bytecode(code), self._known))
            code.call_sites[offset] = _call_index(listing, offset) is not None
        return code.call_sites[offset]

    def _decode(self, code: CodeObject, offset: int) -> str | None:
        if self._known is None or offset < 0:
            return None
        bytecode = self._codes.bytecode(code)
        name = called_name_index(bytecode, offset, self._known)
        if name is None:
            return implicit_call(bytecode, offset, self._known)
        return self._codes.name(code, name)


def called_name_index(code: bytes, offset: int, known: InstructionSet) -> int | None:
    """The index in co_names of what the call at a byte offset calls; ``None``: not sure."""
    listing = list(instructions(code, known))
    index = _call_index(listing, offset)
    loader = None if index is None else _callable_loader(listing, index, known)
    return None if loader is None else _name_index(loader, known.version)


def implicit_call(code: bytes, offset: int, known: InstructionSet) -> str | None:
    """The special method that an instruction calls without naming it; ``None``: none."""
    for instruction in instructions(code, known):
        if instruction.start <= offset < instruction.end:
            name = _IMPLICIT_CALLS.get(instruction.name or "")
            return "next" if name == "__next__" and known.version < (3,) else name
    return None


def _call_index(code: Sequence[Instruction], offset: int) -> int | None:
    """The index of the call instruction at a byte offset; ``None``: no call is there."""
    for index, instruction in enumerate(code):
        if instruction.start <= offset < instruction.end:
            return index if instruction.name in CALLS else None
    return None


def _callable_loader(
    code: Sequence[Instruction], index: int, known: InstructionSet
) -> Instruction | None:
    """The instruction that pushed what the call at ``index`` calls; ``None``: not sure."""
    call, version = code[index], known.version
    above = values_above_callable(call.name or "", call.argument, version)
    for instruction in reversed(code[:index]):
        effect = stack_effect(instruction, version)
        if effect is None:
            return None
        pops, pushes = effect
        if above >= pushes:
            above += pops - pushes
        elif instruction.name != "PUSH_NULL" or version < _CALLABLE_FIRST_SINCE:
            return None if _is_entered(code, instruction, call, known) else instruction
    return None


def _is_entered(
    code: Sequence[Instruction], loader: Instruction, call: Instruction, known: InstructionSet
) -> bool:
    """Whether a jump leads in between the loader and the call."""
    targets = (instruction.jump_target(known) for instruction in code)
    return any(target is not None and loader.start < target <= call.start for target in targets)


def _name_index(instruction: Instruction, version: tuple[int, int]) -> int | None:
    """The index in co_names of the name an instruction loads; ``None``: it loads no name."""
    match instruction.name:
        case "LOAD_NAME" | "LOAD_METHOD":
            return instruction.argument
        case "LOAD_GLOBAL":
            return instruction.argument >> (1 if version >= NULL_SLOT_SINCE else 0)
        case "LOAD_ATTR":
            return instruction.argument >> (1 if version >= ATTRIBUTE_METHODS_SINCE else 0)
        case _:
            return None
