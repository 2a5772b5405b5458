"""What an ELF file says about itself: some of its symbols, and where its sections lie.

Files come from other people's processes: everything is bounded, and whatever is wrong with
one ends in UnusableElfError. System V gABI, chapters 4 and 5; elf(5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from eintr_trace.native.elf_reader import SHT_DYNSYM, SHT_SYMTAB, ElfReader
from eintr_trace.native.symbol_table import SymbolTable, symbols_of_section

_UNDEFINED_SECTION = 0  # SHN_UNDEF
# A linker writes a name once, or a few times as the tail of others.
_MAX_OCCURRENCES = 1000


@dataclass(frozen=True)
class Symbol:
    """A defined symbol; ``value`` is its address in the file's own address space."""

    value: int
    size_bytes: int


@dataclass(frozen=True)
class ElfFile:
    """What was read from one file.

    ``header`` is the ELF header as bytes, ``base_address`` the address that the file's first
    byte is linked at. ``section_addresses`` has the sections by name.
    """

    header: bytes
    base_address: int
    symbols: Mapping[str, Symbol]
    section_addresses: Mapping[str, int]


def read_elf(stream: BinaryIO, size_bytes: int, wanted: Iterable[str]) -> ElfFile:
    """Read one x86_64 ELF file and those of the ``wanted`` symbols that it defines.

    Raises UnusableElfError for everything that is wrong with the file.
    """
    elf = ElfReader(stream, size_bytes)
    return ElfFile(
        header=elf.header,
        base_address=elf.base_address,
        symbols=_find_symbols(elf, wanted),
        section_addresses={section.name: section.address for section in elf.sections},
    )


def _find_symbols(elf: ElfReader, wanted: Iterable[str]) -> dict[str, Symbol]:
    symbols: dict[str, Symbol] = {}
    for kind in (SHT_DYNSYM, SHT_SYMTAB):
        table = symbols_of_section(elf, kind)
        if table is not None:
            symbols = _search(table, wanted) | symbols
    return symbols


def _search(table: SymbolTable, wanted: Iterable[str]) -> dict[str, Symbol]:
    # One pass over the names instead of one comparison a symbol: libpython has 20,000. A
    # linker may let a name be the tail of another, so every occurrence counts.
    names: dict[int, str] = {}
    for name in wanted:
        text = name.encode() + b"\0"
        position = table.names.find(text)
        for _ in range(_MAX_OCCURRENCES):
            if position < 0:
                break
            names[position] = name
            position = table.names.find(text, position + 1)
    return {
        names[name]: Symbol(value, size)
        for name, _, _, section, value, size in table.rows()
        if name in names and section != _UNDEFINED_SECTION
    }
