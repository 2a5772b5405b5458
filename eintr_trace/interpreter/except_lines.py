"""The line of the ``except``, ``finally`` or ``with`` that covers an instruction.

To 3.10 the bytecode itself sets up its handlers (SETUP_FINALLY and kin); from 3.11 a table
of the code object says which instructions are covered (Objects/exception_handling_notes.txt).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eintr_trace.facts.cpython_opcodes import CODE_UNIT_BYTES, InstructionSet, instruction_set
from eintr_trace.interpreter.bytecode import Instruction, instructions
from eintr_trace.interpreter.code_objects import CodeObject, CodeReader

_TABLE_SINCE = (3, 11)
_WITH = ("SETUP_WITH", "SETUP_ASYNC_WITH")
_SETUPS = ("SETUP_EXCEPT", "SETUP_FINALLY", *_WITH)
_MAX_NESTING = 32  # CO_MAXBLOCKS is 20
# Instructions without a line at the start of a handler, before the one that has it.
_MAX_LINELESS = 4


@dataclass(frozen=True)
class HandlerEntry:
    """One entry of co_exceptiontable, in byte offsets; ``end`` is exclusive."""

    start: int
    end: int
    target: int


class ExceptLines:
    """Finds handlers in code objects, and remembers them there; methods may raise ReadError."""

    def __init__(self, codes: CodeReader, version: tuple[int, int]) -> None:
        self._codes = codes
        self._version = version
        self._known = instruction_set(version)

    def find(self, code: CodeObject, offset: int) -> int | None:
        """The line of the innermost handler around a byte offset; ``None``: none is known."""
        if offset not in code.except_lines:
            code.except_lines[offset] = self._decode(code, offset)
        return code.except_lines[offset]

    def _decode(self, code: CodeObject, offset: int) -> int | None:
        if self._known is None:
            return None
        if self._version < _TABLE_SINCE:
            return self._from_blocks(code, offset, self._known)
        return self._from_table(code, offset, self._known)

    def _from_blocks(self, code: CodeObject, offset: int, known: InstructionSet) -> int | None:
        listing = list(instructions(self._codes.bytecode(code), known))
        found: int | None = None
        for index, setup in enumerate(listing):
            if setup.start >= offset:
                break
            target = setup.jump_target(known)
            if setup.name in _SETUPS and target is not None and setup.end <= offset < target:
                line = _block_line(code, listing, index, target)
                found = line if line is not None else found
        return found

    def _from_table(self, code: CodeObject, offset: int, known: InstructionSet) -> int | None:
        entries = list(parse_exception_table(self._codes.exception_table(code)))
        at_offset = {
            instruction.start: instruction
            for instruction in instructions(self._codes.bytecode(code), known)
        }
        for _ in range(_MAX_NESTING):
            entry = next((entry for entry in entries if entry.start <= offset < entry.end), None)
            if entry is None:
                return None
            target = at_offset.get(entry.target)
            if target is not None and target.name == "PUSH_EXC_INFO":
                return _first_line(code, target.end)
            # No handler of the source: the end of an except clause, which raises again.
            offset = entry.target
        return None


def _block_line(
    code: CodeObject, listing: Sequence[Instruction], index: int, target: int
) -> int | None:
    if listing[index].name in _WITH:
        return code.location(listing[index].start).line
    names = [item.name or "" for item in listing if item.start >= target][:3]
    # `except E as e:` ends with `e = None; del e`: no handler of the source.
    pattern = ("LOAD_CONST", "STORE_", "DELETE_")
    if len(names) == len(pattern) and all(map(str.startswith, names, pattern)):
        return None
    return code.location(target).line


def _first_line(code: CodeObject, offset: int) -> int | None:
    for unit in range(_MAX_LINELESS):
        line = code.location(offset + unit * CODE_UNIT_BYTES).line
        if line is not None:
            return line
    return None


def parse_exception_table(table: bytes) -> Iterator[HandlerEntry]:
    """The entries of co_exceptiontable; any bytes give some entries, and an end."""
    at = 0
    while at < len(table):
        values = []
        for _ in range(4):
            value, at = _varint(table, at)
            values.append(value * CODE_UNIT_BYTES)
        start, length, target, _ = values
        yield HandlerEntry(start, start + length, target)


def _varint(table: bytes, at: int) -> tuple[int, int]:
    """Six bits a byte, most significant first; 0x40: more follows; 0x80 marks an entry."""
    value = 0
    while at < len(table):
        byte = table[at]
        at += 1
        value = value << 6 | byte & 0x3F
        if not byte & 0x40:
            break
    return value, at
