"""Bytecode as a list of instructions, on every version; any bytes decode to something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eintr_trace.facts.cpython_opcodes import CODE_UNIT_BYTES, InstructionSet

_WORDCODE_SINCE = (3, 6)  # bpo-26647
_CODE_UNIT_JUMPS_SINCE = (3, 10)  # bpo-27129
_HAVE_ARGUMENT = 90  # Include/opcode.h, 2.7
_LONG_INSTRUCTION_BYTES = 3
_ARGUMENT_BITS = 8
_ARGUMENT_BITS_2 = 16
_MAX_ARGUMENT = 0xFFFFFFFF
_EXTENDED_ARG = "EXTENDED_ARG"


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction with its EXTENDED_ARG prefixes taken in.

    ``start`` is the byte offset of the first prefix, which is what f_lasti shows while the
    instruction runs; ``end`` is the offset after it and its inline cache. ``name`` is the
    unspecialised name, ``None`` for an instruction that is not in the table.
    """

    start: int
    end: int
    name: str | None
    argument: int

    def jump_target(self, known: InstructionSet) -> int | None:
        """The byte offset that the instruction may jump to; ``None``: it does not, or back."""
        unit = CODE_UNIT_BYTES if known.version >= _CODE_UNIT_JUMPS_SINCE else 1
        if self.name in known.relative_jumps:
            return self.end + self.argument * unit
        return self.argument * unit if self.name in known.absolute_jumps else None


def instructions(code: bytes, known: InstructionSet) -> Iterator[Instruction]:
    """The instructions from the first one on; a cut-off last one is left out."""
    wordcode = known.version >= _WORDCODE_SINCE
    bits = _ARGUMENT_BITS if wordcode else _ARGUMENT_BITS_2
    at, start, prefix = 0, 0, 0
    while at < len(code):
        name = known.names.get(code[at])
        length = CODE_UNIT_BYTES if wordcode else _length_2(code[at])
        if at + length > len(code):
            return
        argument = prefix << bits | int.from_bytes(code[at + 1 : at + length], "little")
        at += length
        if name == _EXTENDED_ARG:
            prefix = argument & _MAX_ARGUMENT
            continue
        at += known.cache_bytes.get(name, 0) if name is not None else 0
        yield Instruction(start, at, name, argument)
        start, prefix = at, 0


def _length_2(opcode: int) -> int:
    return _LONG_INSTRUCTION_BYTES if opcode >= _HAVE_ARGUMENT else 1
