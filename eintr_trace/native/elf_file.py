"""What an ELF file says about itself: its symbols, and where its segments want to be.

Files come from other people's processes: everything is bounded, and whatever is wrong with
one ends in UnusableElfError. System V gABI, chapters 4 and 5; elf(5).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from eintr_trace.native.errors import UnusableElfError

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import Section

ELF_HEADER_BYTES = 64
_ELF_CLASS = 64  # ELFCLASS64
_SYMBOL = struct.Struct("<IBBHQQ")  # Elf64_Sym
_UNDEFINED_SECTION = 0  # SHN_UNDEF
_MAX_SECTIONS = 8192
_MAX_SEGMENTS = 1024
# libpython with debug symbols has a .symtab of under 2 MiB; browsers reach some tens.
_MAX_TABLE_BYTES = 256 << 20


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
    # Parsing a file needs it, attaching to a process that is not Python does not.
    from elftools.elf.elffile import ELFFile

    try:
        stream.seek(0)
        header = stream.read(ELF_HEADER_BYTES)
        elf = ELFFile(stream)
        _check(elf)
        return ElfFile(
            header=header,
            base_address=_base_address(elf),
            symbols=_symbols(elf, size_bytes, wanted),
            section_addresses=_section_addresses(elf),
        )
    except UnusableElfError:
        raise
    # pyelftools meets corrupt files with whatever its parser trips over (ELFError,
    # ConstructError, AttributeError, KeyError, OverflowError, MemoryError ...).
    except Exception as error:
        raise UnusableElfError(f"corrupt ELF file ({type(error).__name__}: {error})") from error


def _check(elf: ELFFile) -> None:
    machine = elf.header["e_machine"]
    if elf.elfclass != _ELF_CLASS or machine != "EM_X86_64":
        raise UnusableElfError(f"an ELF file of another machine ({machine}, not EM_X86_64)")
    if elf.num_sections() > _MAX_SECTIONS or elf.num_segments() > _MAX_SEGMENTS:
        raise UnusableElfError("an ELF file with an implausible number of sections")


def _base_address(elf: ELFFile) -> int:
    for segment in elf.iter_segments("PT_LOAD"):
        if segment["p_offset"] == 0:
            return int(segment["p_vaddr"])
    raise UnusableElfError("an ELF file whose header is in no loadable segment")


def _section_addresses(elf: ELFFile) -> dict[str, int]:
    return {section.name: int(section["sh_addr"]) for section in elf.iter_sections()}


def _symbols(elf: ELFFile, size_bytes: int, wanted: Iterable[str]) -> dict[str, Symbol]:
    symbols: dict[str, Symbol] = {}
    for section in elf.iter_sections():
        if section["sh_type"] in ("SHT_DYNSYM", "SHT_SYMTAB"):
            strings = elf.get_section(section["sh_link"])
            table = _contents(elf, section, size_bytes)
            found = _search(table, _contents(elf, strings, size_bytes), wanted)
            symbols = found | symbols
    return symbols


def _contents(elf: ELFFile, section: Section, size_bytes: int) -> bytes:
    start, length = int(section["sh_offset"]), int(section["sh_size"])
    if start + length > size_bytes or length > _MAX_TABLE_BYTES:
        raise UnusableElfError("an ELF file whose symbol table lies outside of it")
    elf.stream.seek(start)
    return bytes(elf.stream.read(length))


def _search(table: bytes, strings: bytes, wanted: Iterable[str]) -> dict[str, Symbol]:
    # One pass over the names instead of one comparison a symbol: libpython has 20,000. A
    # linker may let a name be the tail of another, so every occurrence counts.
    names: dict[int, str] = {}
    for name in wanted:
        text = name.encode() + b"\0"
        position = strings.find(text)
        while position >= 0:
            names[position] = name
            position = strings.find(text, position + 1)
    whole = len(table) - len(table) % _SYMBOL.size
    return {
        names[name]: Symbol(value, size)
        for name, _, _, section, value, size in _SYMBOL.iter_unpack(table[:whole])
        if name in names and section != _UNDEFINED_SECTION
    }
