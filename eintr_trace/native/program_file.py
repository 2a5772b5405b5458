"""A program file: an executable, a library, or what else a process runs code of."""

from __future__ import annotations

import struct
from functools import cached_property
from typing import BinaryIO

from eintr_trace.native.build_id import build_id
from eintr_trace.native.debug_files import Place
from eintr_trace.native.dynamic_section import DynamicSection
from eintr_trace.native.eh_frame import EhFrame
from eintr_trace.native.elf_reader import (
    PT_GNU_EH_FRAME,
    PT_LOAD,
    ElfReader,
    LinkedBytes,
)
from eintr_trace.native.errors import UnusableElfError, if_undamaged
from eintr_trace.native.function_symbols import Function
from eintr_trace.native.plt import ProcedureLinkage
from eintr_trace.native.program_symbols import ProgramSymbols

_PAGE_BYTES = 4096

# .eh_frame_hdr (LSB Core, 10.6.2): version, form of the pointer, two more forms, the pointer to
# .eh_frame. Linkers write it relative to its own place: DW_EH_PE_pcrel | DW_EH_PE_sdata4.
_EH_FRAME_POINTER = struct.Struct("<xBxxi")
_POINTER_AT = 4
_PCREL_SDATA4 = 0x1B


class ProgramFile:
    """One ELF file. All that it says is read when it is asked for, and then kept.

    Addresses are linked ones, those of the file's own address space. Symbols may come from its
    debug files, looked for according to ``place``; none are when it is ``None``. Constructing
    it, and whatever says so, raises UnusableElfError for what is wrong with the file.
    """

    def __init__(self, stream: BinaryIO, size_bytes: int, place: Place | None = None) -> None:
        self._elf = ElfReader(stream, size_bytes)
        self._place = place

    @cached_property
    def build_id(self) -> str | None:
        """Which build it is, in hexadecimal; ``None`` also when the file is damaged there."""
        return if_undamaged(build_id, self._elf)

    @cached_property
    def soname(self) -> str | None:
        """What others link with it as; ``None`` also when the file is damaged there."""
        return if_undamaged(self._dynamic.soname)

    @property
    def base_address(self) -> int:
        """The address that its first byte is linked at."""
        return self._elf.base_address

    def has_code(self, offset: int, size_bytes: int) -> bool:
        """Whether the loader would map so many bytes of it, from an offset on, to be executed."""
        return any(
            segment.kind == PT_LOAD
            and segment.executable
            and _page(segment.offset) <= offset
            and offset + size_bytes <= _page(segment.offset + segment.size_bytes + _PAGE_BYTES - 1)
            for segment in self._elf.segments
        )

    def linked_address(self, offset: int) -> int:
        """The address that a byte of its code is linked at; raises UnusableElfError."""
        for segment in sorted(self._elf.segments, key=lambda segment: not segment.executable):
            first = _page(segment.offset)
            if segment.kind == PT_LOAD and first <= offset < segment.offset + segment.size_bytes:
                return segment.address + offset - segment.offset
        raise UnusableElfError("an ELF file that would not be mapped like that")

    @cached_property
    def exports(self) -> frozenset[str]:
        """The names of the functions that it exports; none where it is damaged."""
        return if_undamaged(self._dynamic.exports) or frozenset()

    def function_at(self, address: int) -> Function | None:
        """The function that a linked address lies in; ``None``: no symbol covers it.

        A part of the file that is damaged names nothing.
        """
        return self._symbols.at(address) or self._plt.at(address)

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
        address = header.address + _POINTER_AT + offset
        return LinkedBytes(address, self._elf.loaded_from(address))

    @cached_property
    def unwind_tables(self) -> EhFrame | None:
        """How its functions are unwound; ``None``: it says nothing of that."""
        entries = self.eh_frame
        return None if entries is None else EhFrame(entries, self.eh_frame_hdr)

    @cached_property
    def _dynamic(self) -> DynamicSection:
        return DynamicSection(self._elf)

    @cached_property
    def _symbols(self) -> ProgramSymbols:
        return ProgramSymbols(self._elf, self._dynamic, self._place)

    @cached_property
    def _plt(self) -> ProcedureLinkage:
        return ProcedureLinkage(self._elf, self._dynamic, self._symbols)


def _page(offset: int) -> int:
    return offset - offset % _PAGE_BYTES
