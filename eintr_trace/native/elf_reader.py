"""The skeleton of an ELF file, its headers, sections and segments, and what lies in them.

Only records of a fixed size are read, and only what is asked for, so that no file takes long,
however it lies about itself (pyelftools looks for the end of each name for as long as the file
goes on). It is read and never mapped: one that is cut short while it is mapped ends its reader
with SIGBUS. System V gABI, chapters 4 and 5; elf(5).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, NamedTuple

from eintr_trace.native.errors import UnusableElfError

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")  # Elf64_Shdr
_SEGMENT = struct.Struct("<IIQQQQQQ")  # Elf64_Phdr
ELF_HEADER_BYTES = _HEADER.size
_CLASS64_LITTLE_ENDIAN = b"\x7fELF\x02\x01"  # ELFCLASS64, ELFDATA2LSB
_X86_64 = 62  # EM_X86_64
_MAX_SECTIONS = 8192
_MAX_SEGMENTS = 1024
# The names of all sections of libpython take 400 bytes together.
_MAX_SECTION_NAMES_BYTES = 1 << 20
_MAX_SECTION_NAME_BYTES = 256
# libpython with debug symbols has a .symtab of under 2 MiB; browsers reach some tens.
_MAX_READ_BYTES = 256 << 20

PT_LOAD, PT_DYNAMIC, PT_NOTE, PT_GNU_EH_FRAME = 1, 2, 4, 0x6474E550
SHT_SYMTAB, SHT_NOBITS, SHT_DYNSYM = 2, 8, 11
_PF_X, _SHF_EXECINSTR = 1, 4


class _Header(NamedTuple):
    """Elf64_Ehdr."""

    ident: bytes
    file_type: int
    machine: int
    version: int
    entry: int
    segments_offset: int
    sections_offset: int
    flags: int
    header_bytes: int
    segment_bytes: int
    segment_count: int
    section_bytes: int
    section_count: int
    section_names: int


@dataclass(frozen=True)
class Section:
    """A row of the section table; ``address`` is the linked one, 0 of what is not loaded."""

    name: str
    kind: int
    executable: bool
    address: int
    offset: int
    size_bytes: int
    link: int
    entry_bytes: int

    def covers(self, address: int) -> bool:
        """Whether a linked address lies in it."""
        return self.address <= address < self.address + self.size_bytes


@dataclass(frozen=True)
class Segment:
    """A row of the program header table; ``size_bytes`` is what it has in the file."""

    kind: int
    executable: bool
    offset: int
    address: int
    size_bytes: int

    def covers(self, address: int) -> bool:
        """Whether a linked address lies in what it has in the file."""
        return self.address <= address < self.address + self.size_bytes


@dataclass(frozen=True)
class LinkedBytes:
    """Contents of a file, and the address that they are linked at."""

    address: int
    contents: bytes


class ElfReader:
    """An x86_64 ELF file, read piece by piece from a stream that stays open for it.

    All methods, and constructing it, raise UnusableElfError for what is wrong with the file.
    """

    def __init__(self, stream: BinaryIO, size_bytes: int) -> None:
        self._stream = stream
        self._size_bytes = size_bytes
        self.header = self.read(0, ELF_HEADER_BYTES)
        header = _Header._make(_HEADER.unpack(self.header))
        if not header.ident.startswith(_CLASS64_LITTLE_ENDIAN):
            raise UnusableElfError("not an ELF file, or one of another kind of machine")
        if header.machine != _X86_64:
            raise UnusableElfError(f"an ELF file of another machine (e_machine {header.machine})")
        self.segments = self._read_segments(header)
        self.sections = self._read_sections(header)

    def read(self, offset: int, size_bytes: int) -> bytes:
        """So many bytes of the file from a position in it."""
        if offset + size_bytes > self._size_bytes or size_bytes > _MAX_READ_BYTES:
            raise UnusableElfError("an ELF file with contents that would lie outside of it")
        try:
            self._stream.seek(offset)
            contents = self._stream.read(size_bytes)
        except OSError as error:
            raise UnusableElfError(f"it cannot be read: {error.strerror}") from error
        if len(contents) < size_bytes:
            raise UnusableElfError("it became shorter while it was read")
        return contents

    def contents(self, section: Section) -> bytes:
        """What a section holds; nothing where the file leaves it out (SHT_NOBITS)."""
        return b"" if section.kind == SHT_NOBITS else self.read(section.offset, section.size_bytes)

    def section(self, name: str) -> Section | None:
        """The first section of that name."""
        return next((section for section in self.sections if section.name == name), None)

    def segment(self, kind: int) -> Segment | None:
        """The first segment of a kind (``PT_…``)."""
        return next((segment for segment in self.segments if segment.kind == kind), None)

    def linked(self, name: str) -> LinkedBytes | None:
        """What the section of a name holds; ``None``: there is none, or it is left out."""
        section = self.section(name)
        if section is None or section.kind == SHT_NOBITS:
            return None
        return LinkedBytes(section.address, self.contents(section))

    def loaded_from(self, address: int, limit_bytes: int = _MAX_READ_BYTES) -> bytes:
        """What is loaded from an address on, up to a limit or the end of its segment."""
        for segment in self.segments:
            if segment.kind == PT_LOAD and segment.covers(address):
                skipped = address - segment.address
                left = min(segment.size_bytes - skipped, limit_bytes)
                return self.read(segment.offset + skipped, left)
        raise UnusableElfError("an ELF file that refers to an address that is not loaded")

    @cached_property
    def base_address(self) -> int:
        """The address that the file's first byte is linked at."""
        for segment in self.segments:
            if segment.kind == PT_LOAD and segment.offset == 0:
                return segment.address
        raise UnusableElfError("an ELF file whose header is in no loadable segment")

    def _read_segments(self, header: _Header) -> tuple[Segment, ...]:
        count = header.segment_count
        if count == 0:
            return ()
        if count > _MAX_SEGMENTS or header.segment_bytes != _SEGMENT.size:
            raise UnusableElfError("an ELF file with an implausible program header table")
        table = self.read(header.segments_offset, count * _SEGMENT.size)
        return tuple(
            Segment(kind, bool(flags & _PF_X), offset, address, size_bytes)
            for kind, flags, offset, address, _, size_bytes, _, _ in _SEGMENT.iter_unpack(table)
        )

    def _read_sections(self, header: _Header) -> tuple[Section, ...]:
        if header.sections_offset == 0:
            return ()
        if header.section_bytes != _SECTION.size:
            raise UnusableElfError("an ELF file with an implausible section table")
        rows = self._section_rows(header)
        names = self._section_names(rows, header.section_names)
        return tuple(
            Section(
                name=_name(names, name),
                kind=kind,
                executable=bool(flags & _SHF_EXECINSTR),
                address=address,
                offset=offset,
                size_bytes=size_bytes,
                link=link,
                entry_bytes=entry_bytes,
            )
            for name, kind, flags, address, offset, size_bytes, link, _, _, entry_bytes in rows
        )

    def _section_rows(self, header: _Header) -> list[tuple[int, ...]]:
        count = header.section_count
        if count == 0:  # the number did not fit: it is sh_size of the first row
            first = self.read(header.sections_offset, _SECTION.size)
            count = _SECTION.unpack(first)[5]
        if count > _MAX_SECTIONS:
            raise UnusableElfError("an ELF file with an implausible number of sections")
        return list(_SECTION.iter_unpack(self.read(header.sections_offset, count * _SECTION.size)))

    def _section_names(self, rows: list[tuple[int, ...]], index: int) -> bytes:
        if index >= len(rows):
            return b""
        _, kind, _, _, offset, size_bytes, *_ = rows[index]
        if kind == SHT_NOBITS or size_bytes > _MAX_SECTION_NAMES_BYTES:
            raise UnusableElfError("an ELF file with implausible names of sections")
        return self.read(offset, size_bytes)


def _name(names: bytes, offset: int) -> str:
    end = names.find(b"\0", offset, offset + _MAX_SECTION_NAME_BYTES)
    return names[offset : max(end, offset)].decode("ascii", "replace")
