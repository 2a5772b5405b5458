"""The names of PLT entries: the jumps through which a file calls functions of other files.

No symbol names them. Each jumps to an address that the loader writes, and a relocation says of
which function. System V ABI, AMD64 supplement, 5.2 ("Procedure Linkage Table"); binutils 2.40,
bfd/elfxx-x86.c (_bfd_x86_elf_get_synthetic_symtab).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from functools import cached_property

from eintr_trace.native.dynamic_section import DynamicSection
from eintr_trace.native.elf_reader import ElfReader, Section
from eintr_trace.native.errors import UnusableElfError
from eintr_trace.native.function_symbols import Function

_SECTIONS = (".plt", ".plt.sec", ".plt.got")
_ENTRY_BYTES = (8, 16)
_INT = struct.Struct("<i")
# [endbr64] [bnd] jmp *displacement(%rip)
_JUMP = re.compile(rb"(?:\xf3\x0f\x1e\xfa)?\xf2?\xff\x25(....)", re.DOTALL)
# endbr64; push $index: with branch tracking the entries of .plt bind, those of .plt.sec jump
_PUSH = re.compile(rb"\xf3\x0f\x1e\xfa\x68(....)", re.DOTALL)
_RELOCATION = struct.Struct("<QIIq")  # Elf64_Rela: offset, type, symbol, addend
_GLOB_DAT, _JUMP_SLOT, _IRELATIVE = 6, 7, 37  # R_X86_64_…
_OF_FUNCTIONS = frozenset({_GLOB_DAT, _JUMP_SLOT, _IRELATIVE})
# libpython has 17,000, most of them for data.
_MAX_RELOCATIONS = 4 << 20
_Relocation = tuple[int, int, int, int]


class ProcedureLinkage:
    """The PLT entries of one file.

    ``name_of_function`` says which function a linked address is in, for those that the file
    itself defines and the loader chooses an implementation of (STT_GNU_IFUNC).
    """

    def __init__(
        self,
        elf: ElfReader,
        dynamic: DynamicSection,
        name_of_function: Callable[[int], str | None],
    ) -> None:
        self._elf = elf
        self._dynamic = dynamic
        self._name_of_function = name_of_function
        self._sections = tuple(filter(None, map(elf.section, _SECTIONS)))

    def at(self, address: int) -> Function | None:
        """The entry that a linked address lies in, named like ``recv@plt``.

        Raises UnusableElfError for what is wrong with the file.
        """
        for section in self._sections:
            if section.covers(address):
                return self._entry(section, address)
        return None

    def _entry(self, section: Section, address: int) -> Function | None:
        size = section.entry_bytes if section.entry_bytes in _ENTRY_BYTES else max(_ENTRY_BYTES)
        skipped = (address - section.address) // size * size
        code = self._elf.read(section.offset + skipped, size)
        start = section.address + skipped
        relocation = self._relocation_of(code, start)
        name = None if relocation is None else self._name(relocation)
        return None if name is None else Function(f"{name}@plt", f"{name}@plt", start)

    def _relocation_of(self, code: bytes, start: int) -> _Relocation | None:
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
        _, kind, symbol, addend = relocation
        if kind == _IRELATIVE:
            return self._name_of_function(addend)
        return self._dynamic.symbol_name(symbol)

    @cached_property
    def _by_index(self) -> list[_Relocation]:
        return self._relocations(".rela.plt")

    @cached_property
    def _by_slot(self) -> dict[int, _Relocation]:
        relocations = self._by_index + self._relocations(".rela.dyn")
        return {row[0]: row for row in relocations if row[1] in _OF_FUNCTIONS}

    def _relocations(self, name: str) -> list[_Relocation]:
        section = self._elf.section(name)
        table = b"" if section is None else self._elf.contents(section)
        if len(table) > _MAX_RELOCATIONS * _RELOCATION.size:
            raise UnusableElfError("an ELF file with an implausible number of relocations")
        return list(_RELOCATION.iter_unpack(table[: len(table) - len(table) % _RELOCATION.size]))
