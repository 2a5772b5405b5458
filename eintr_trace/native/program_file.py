"""A program file: an executable, a library, or what else a process runs code of."""

from __future__ import annotations

import struct
from functools import cached_property
from typing import BinaryIO

from eintr_trace.native.elf_reader import (
    PT_GNU_EH_FRAME,
    ElfReader,
    LinkedBytes,
)
from eintr_trace.native.errors import UnusableElfError

# .eh_frame_hdr (LSB Core, 10.6.2): version, form of the pointer, two more forms, the pointer to
# .eh_frame. Linkers write it relative to its own place: DW_EH_PE_pcrel | DW_EH_PE_sdata4.
_EH_FRAME_POINTER = struct.Struct("<xBxxi")
_POINTER_AT = 4
_PCREL_SDATA4 = 0x1B


class ProgramFile:
    """One ELF file. All that it says is read when it is asked for, and then kept.

    Addresses are linked ones, those of the file's own address space. Constructing it and all
    properties raise UnusableElfError for what is wrong with the file.
    """

    def __init__(self, stream: BinaryIO, size_bytes: int) -> None:
        self._elf = ElfReader(stream, size_bytes)

    @cached_property
    def eh_frame_hdr(self) -> LinkedBytes | None:
        """The table to search for unwind entries (LSB Core, 10.6.2)."""
        segment = self._elf.segment(PT_GNU_EH_FRAME)
        if segment is None:
            return self._elf.linked(".eh_frame_hdr")
        return LinkedBytes(segment.address, self._elf.read(segment.offset, segment.size_bytes))

    @cached_property
    def eh_frame(self) -> LinkedBytes | None:
        """The unwind entries (LSB Core, 10.6.1).

        Without a section table they are all that follows their beginning in the segment.
        """
        section = self._elf.linked(".eh_frame")
        header = self.eh_frame_hdr
        if section is not None or header is None:
            return section
        if len(header.contents) < _EH_FRAME_POINTER.size:
            raise UnusableElfError("an ELF file whose .eh_frame_hdr is too short")
        form, offset = _EH_FRAME_POINTER.unpack_from(header.contents)
        if form != _PCREL_SDATA4:
            raise UnusableElfError("an ELF file whose .eh_frame_hdr has an unusual form")
        return self._elf.loaded_from(header.address + _POINTER_AT + offset)
