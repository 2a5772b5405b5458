"""A program file: an executable, a library, or what else a process runs code of."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import BinaryIO, TypeVar

from eintr_trace.native.build_id import build_id
from eintr_trace.native.debug_files import Place, mini_debug_info, separate_debug_files
from eintr_trace.native.dynamic_section import DynamicSection
from eintr_trace.native.elf_file import find_symbols
from eintr_trace.native.elf_reader import (
    PT_GNU_EH_FRAME,
    PT_LOAD,
    SHT_SYMTAB,
    ElfReader,
    LinkedBytes,
)
from eintr_trace.native.errors import UnusableElfError
from eintr_trace.native.function_symbols import Function, FunctionSymbols
from eintr_trace.native.plt import ProcedureLinkage

_T = TypeVar("_T")
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
        return _undamaged(lambda: build_id(self._elf))

    @cached_property
    def soname(self) -> str | None:
        """What others link with it as; ``None`` also when the file is damaged there."""
        return _undamaged(lambda: self._dynamic.soname())

    def defines(self, name: str) -> bool:
        """Whether it defines a symbol of that name, exported or not."""
        return bool(_undamaged(lambda: find_symbols(self._elf, [name])))

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
        return _undamaged(lambda: self._dynamic.exports()) or frozenset()

    def function_at(self, address: int) -> Function | None:
        """The function that a linked address lies in; ``None``: no symbol covers it.

        A part of the file that is damaged names nothing.
        """
        return self._symbol_at(address) or _undamaged(lambda: self._plt.at(address))

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
    def _dynamic(self) -> DynamicSection:
        return DynamicSection(self._elf)

    @cached_property
    def _plt(self) -> ProcedureLinkage:
        return ProcedureLinkage(self._elf, self._dynamic, self._name_at)

    def _symbol_at(self, address: int) -> Function | None:
        found = (symbols.at(address) for symbols in self._symbol_tables)
        return next(filter(None, found), None)

    def _name_at(self, address: int) -> str | None:
        function = self._symbol_at(address)
        return None if function is None else function.name

    @cached_property
    def _symbol_tables(self) -> tuple[FunctionSymbols, ...]:
        # Where there is a .symtab it has all that .dynsym has.
        whole = _undamaged(lambda: _symtab(self._elf, complete=True))
        whole = whole or _undamaged(self._separate_symbols)
        if whole is not None:
            return (whole,)
        parts = (_undamaged(self._exported_symbols), _undamaged(self._packed_symbols))
        return tuple(filter(None, parts))

    def _separate_symbols(self) -> FunctionSymbols | None:
        if self._place is None:
            return None
        for debug in separate_debug_files(self._elf, self._place):
            with suppress(UnusableElfError):
                symbols = _symtab(debug, complete=True)
                if symbols is not None:
                    return symbols
        return None

    def _exported_symbols(self) -> FunctionSymbols:
        dynamic, ends = self._dynamic, _code_ends(self._elf)
        return FunctionSymbols(dynamic.symbols, dynamic.strings, ends, complete=False)

    def _packed_symbols(self) -> FunctionSymbols | None:
        packed = mini_debug_info(self._elf)
        return None if packed is None else _symtab(packed, complete=False)


def _symtab(elf: ElfReader, *, complete: bool) -> FunctionSymbols | None:
    section = elf.section_of(SHT_SYMTAB)
    if section is None:
        return None
    contents, names = elf.contents(section), elf.names_of(section)
    return FunctionSymbols(contents, names, _code_ends(elf), complete=complete)


def _code_ends(elf: ElfReader) -> dict[int, int] | None:
    if not elf.sections:
        return None
    return {
        index: section.address + section.size_bytes
        for index, section in enumerate(elf.sections)
        if section.executable
    }


def _page(offset: int) -> int:
    return offset - offset % _PAGE_BYTES


def _undamaged(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except UnusableElfError:
        return None
