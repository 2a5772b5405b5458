"""The name that a call instruction calls: ``recv`` for ``self.handle.recv(sz)``.

The callable was pushed before the arguments. Walking back over instructions whose effect on
the stack is known finds the one that pushed it; anything else on the way (a jump, an
instruction not in the table) ends the search without an answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from eintr_trace.facts.cpython_opcodes import instruction_set
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

    def _decode(self, code: CodeObject, offset: int) -> str | None:
        if self._known is None or offset < 0:
            return None
        listing = list(instructions(self._codes.bytecode(code), self._known))
        index = _call_index(listing, offset)
        loader = None if index is None else _callable_loader(listing, index, self._version)
        name = None if loader is None else _name_index(loader, self._version)
        return None if name is None else self._codes.name(code, name)


def _call_index(code: Sequence[Instruction], offset: int) -> int | None:
    """The index of the call instruction at a byte offset; ``None``: no call is there."""
    for index, instruction in enumerate(code):
        if instruction.start <= offset < instruction.end:
            return index if instruction.name in CALLS else None
    return None


def _callable_loader(
    code: Sequence[Instruction], index: int, version: tuple[int, int]
) -> Instruction | None:
    """The instruction that pushed what the call at ``index`` calls; ``None``: not sure."""
    call = code[index]
    above = values_above_callable(call.name or "", call.argument, version)
    for instruction in reversed(code[:index]):
        effect = stack_effect(instruction, version)
        if effect is None:
            return None
        pops, pushes = effect
        if above >= pushes:
            above += pops - pushes
        elif instruction.name == "PUSH_NULL" and version >= _CALLABLE_FIRST_SINCE:
            continue
        else:
            return instruction
    return None


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
