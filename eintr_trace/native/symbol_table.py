"""A symbol table as it lies in a file: rows of a fixed size, and strings that they refer to.

System V gABI, chapter 4 ("Symbol Table", "String Table").
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from eintr_trace.native.elf_reader import ElfReader
from eintr_trace.native.errors import UnusableElfError

_SYMBOL = struct.Struct("<IBBHQQ")  # Elf64_Sym
SYMBOL_BYTES = _SYMBOL.size
# Of a table that is searched by address: libpython has 15,000, a Rust compiler 200,000, and each
# takes some 200 bytes while they are sorted.
MOST_SYMBOLS = 1 << 20
# Some names in C++ have thousands of characters.
_MAX_NAME_BYTES = 4096
SymbolRow = tuple[int, int, int, int, int, int]


@dataclass(frozen=True)
class SymbolTable:
    """``contents`` are the rows, ``names`` the strings."""

    contents: bytes
    names: bytes

    def rows(self) -> Iterator[SymbolRow]:
        """Name, info, other, section, value and size of each symbol."""
        return _SYMBOL.iter_unpack(self.contents[: len(self) * _SYMBOL.size])

    def row(self, index: int) -> SymbolRow:
        """The same of one symbol."""
        return _SYMBOL.unpack_from(self.contents, index * _SYMBOL.size)

    def name(self, offset: int) -> str:
        """The string at an offset; an empty one where there is none."""
        return string_at(self.names, offset)

    def __len__(self) -> int:
        return len(self.contents) // _SYMBOL.size


def string_at(strings: bytes, offset: int) -> str:
    """A string of a string table; an empty one where there is none."""
    end = strings.find(b"\0", offset, offset + _MAX_NAME_BYTES)
    return strings[offset : max(end, offset)].decode("utf-8", "backslashreplace")


def symbols_of_section(
    elf: ElfReader, kind: int, most_symbols: int | None = None
) -> SymbolTable | None:
    """The table in the section of a kind (``SHT_SYMTAB``, ``SHT_DYNSYM``); a file has one of each.

    Raises UnusableElfError for what is wrong with the file, and for more symbols than allowed.
    """
    section = next((section for section in elf.sections if section.kind == kind), None)
    if section is None:
        return None
    if section.link >= len(elf.sections):
        raise UnusableElfError("an ELF file with symbols that have no names")
    if most_symbols is not None and section.size_bytes > most_symbols * _SYMBOL.size:
        raise UnusableElfError("an ELF file with an implausible number of symbols")
    return SymbolTable(elf.contents(section), elf.contents(elf.sections[section.link]))
