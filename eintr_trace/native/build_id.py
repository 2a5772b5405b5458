"""Which build a file is of: the linker's note that a debug file repeats.

gABI, chapter 5 ("Note Section"); ld(1), ``--build-id``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

from eintr_trace.native.elf_reader import PT_NOTE, ElfReader

_NOTE = struct.Struct("<III")  # Elf64_Nhdr: sizes of name and description, type
_SECTION = ".note.gnu.build-id"
_GNU, _NT_GNU_BUILD_ID = b"GNU\0", 3
_MAX_NOTES_BYTES = 1 << 16
_MAX_SEGMENTS = 16


def build_id(elf: ElfReader) -> str | None:
    """The build-id in hexadecimal; ``None``: the file has none.

    Raises UnusableElfError for what is wrong with the file.
    """
    for notes in _notes(elf):
        at = 0
        while at + _NOTE.size <= len(notes):
            name_bytes, size_bytes, kind = _NOTE.unpack_from(notes, at)
            name = at + _NOTE.size
            contents = name + _padded(name_bytes)
            if kind == _NT_GNU_BUILD_ID and notes[name : name + name_bytes] == _GNU:
                return notes[contents : contents + size_bytes].hex() or None
            at = contents + _padded(size_bytes)
    return None


def _notes(elf: ElfReader) -> Iterator[bytes]:
    # The section first: a debug file repeats the program headers of what it was made from.
    section = elf.section(_SECTION)
    if section is not None:
        yield elf.contents(section)[:_MAX_NOTES_BYTES]
    notes = (segment for segment in elf.segments if segment.kind == PT_NOTE)
    for segment in islice(notes, _MAX_SEGMENTS):
        yield elf.read(segment.offset, min(segment.size_bytes, _MAX_NOTES_BYTES))


def _padded(size_bytes: int) -> int:
    return (size_bytes + 3) & ~3
