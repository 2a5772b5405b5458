"""The names of PLT entries: the jumps through which a file calls functions of other files.

No symbol names them. Each jumps to an address that the loader writes, and a relocation says of
which function. System V ABI, AMD64 supplement, 5.2 ("Procedure Linkage Table"); binutils 2.40,
bfd/elfxx-x86.c (_bfd_x86_elf_get_synthetic_symtab).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from eintr_trace.native.dynamic_section import DynamicSection
from eintr_trace.native.elf_reader import SHT_NOBITS, ElfReader, Section
from eintr_trace.native.errors import UnusableElfError, if_undamaged
from eintr_trace.native.function_symbols import Function
from eintr_trace.native.program_symbols import ProgramSymbols

_SECTIONS = (".plt", ".plt.sec", ".plt.got")
_ENTRY_BYTES = (8, 16)
_INT = struct.Struct("<i")
# [endbr64] [bnd] jmp *displacement(%rip)
_JUMP = re.compile(rb"(?:\xf3\x0f\x1e\xfa)?\xf2?\xff\x25(....)", re.DOTALL)
# endbr64; push $index: with branch tracking the entries of .plt bind, those of .plt.sec jump
_PUSH = re.compile(rb"\xf3\x0f\x1e\xfa\x68(....)", re.DOTALL)
_RELOCATION = struct.Struct("<QIIq")  # Elf64_Rela: offset, type, symbol, addend
_GLOB_DAT, _IRELATIVE = 6, 37  # R_X86_64_…
_OF_FUNCTIONS = (_GLOB_DAT, _IRELATIVE)  # those of .rela.plt all are
# libpython has 17,000, most of them for data.
_MAX_RELOCATIONS = 1 << 20


class _Relocation(NamedTuple):
    """What the loader writes to a slot."""

    slot: int
    kind: int
    symbol: int
    addend: int


class ProcedureLinkage:
    """The PLT entries of one file. What is damaged in it names nothing.

    ``symbols`` name those functions of the file itself of which the loader chooses among several
    implementations (STT_GNU_IFUNC).
    """

    def __init__(self, elf: ElfReader, dynamic: DynamicSection, symbols: ProgramSymbols) -> None:
        self._elf = elf
        self._dynamic = dynamic
        self._symbols = symbols
        self._sections = [
            section
            for section in elf.sections
            if section.name in _SECTIONS and section.kind != SHT_NOBITS
        ]

    def at(self, address: int) -> Function | None:
        """The entry that a linked address is in, named like ``recv@plt``."""
        for section in self._sections:
            if section.covers(address):
                return if_undamaged(self._entry, section, address)
        return None

    def _entry(self, section: Section, address: int) -> Function | None:
        size = section.entry_bytes if section.entry_bytes in _ENTRY_BYTES else max(_ENTRY_BYTES)
        skipped = (address - section.address) // size * size
        start = section.address + skipped
        relocation = self._relocation(self._elf.read(section.offset + skipped, size), start)
        name = None if relocation is None else self._name(relocation)
        return None if name is None else Function(f"{name}@plt", f"{name}@plt", start)

    @cached_property
    def _by_index(self) -> list[_Relocation]:
        rows = if_undamaged(_relocations, self._elf, ".rela.plt") or ()
        return [_Relocation(*row) for row in rows]

    @cached_property
    def _by_slot(self) -> dict[int, _Relocation]:
        rows = if_undamaged(_relocations, self._elf, ".rela.dyn") or ()
        others = [_Relocation(*row) for row in rows if row[1] in _OF_FUNCTIONS]
        return {each.slot: each for each in others + self._by_index}

    def _relocation(self, code: bytes, start: int) -> _Relocation | None:
        jump = _JUMP.match(code)
        if jump is not None:
            (displacement,) = _INT.unpack(jump[1])
            return self._by_slot.get(start + jump.end() + displacement)
        push = _PUSH.match(code)
        if push is not None:
            (index,) = _INT.unpack(push[1])
            return self._by_index[index] if 0 <= index < len(self._by_index) else None
        return None

    def _name(self, relocation: _Relocation) -> str | None:
        if relocation.kind == _IRELATIVE:
            function = self._symbols.at(relocation.addend)
            return None if function is None else function.name
        return self._dynamic.symbol_name(relocation.symbol)


def _relocations(elf: ElfReader, name: str) -> Iterator[tuple[int, int, int, int]]:
    section = elf.section(name)
    if section is None:
        return iter(())
    if section.size_bytes > _MAX_RELOCATIONS * _RELOCATION.size:
        raise UnusableElfError("an ELF file with an implausible number of relocations")
    table = elf.contents(section)
    return _RELOCATION.iter_unpack(table[: len(table) - len(table) % _RELOCATION.size])
