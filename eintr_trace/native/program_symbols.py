"""All that names the functions of one program file, wherever its symbols are."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property

from eintr_trace.native.debug_files import Place, mini_debug_info, separate_debug_files
from eintr_trace.native.dynamic_section import DynamicSection
from eintr_trace.native.elf_reader import SHT_SYMTAB, ElfReader
from eintr_trace.native.errors import UnusableElfError, if_undamaged
from eintr_trace.native.function_symbols import Function, FunctionSymbols
from eintr_trace.native.symbol_table import MOST_SYMBOLS, symbols_of_section


class ProgramSymbols:
    """The symbols of one file: .symtab, or that of its debug file; then .dynsym and packed ones.

    Each is read when those before it do not cover an address. One that is damaged names nothing.
    """

    def __init__(self, elf: ElfReader, dynamic: DynamicSection, place: Place | None) -> None:
        self._elf = elf
        self._dynamic = dynamic
        self._place = place

    def at(self, address: int) -> Function | None:
        """The function that a linked address lies in; ``None``: no symbol covers it."""
        found = None if self._all is None else self._all.at(address)
        if found is None and self._exported is not None:
            found = self._exported.at(address)
        if found is None and self._packed is not None:
            found = self._packed.at(address)
        return found

    @cached_property
    def _all(self) -> FunctionSymbols | None:
        own = if_undamaged(_symtab, self._elf, complete=True)
        return own or if_undamaged(self._separate)

    @cached_property
    def _exported(self) -> FunctionSymbols | None:
        return if_undamaged(self._dynsym)

    @cached_property
    def _packed(self) -> FunctionSymbols | None:
        packed = if_undamaged(mini_debug_info, self._elf)
        return None if packed is None else if_undamaged(_symtab, packed, complete=False)

    def _separate(self) -> FunctionSymbols | None:
        if self._place is None:
            return None
        for debug in separate_debug_files(self._elf, self._place):
            with suppress(UnusableElfError):
                symbols = _symtab(debug, complete=True)
                if symbols is not None:
                    return symbols
        return None

    def _dynsym(self) -> FunctionSymbols:
        return FunctionSymbols(self._dynamic.symbols, _code_ends(self._elf), complete=False)


def _symtab(elf: ElfReader, *, complete: bool) -> FunctionSymbols | None:
    table = symbols_of_section(elf, SHT_SYMTAB, MOST_SYMBOLS)
    return None if table is None else FunctionSymbols(table, _code_ends(elf), complete=complete)


def _code_ends(elf: ElfReader) -> dict[int, int] | None:
    if not elf.sections:
        return None
    return {
        index: section.address + section.size_bytes
        for index, section in enumerate(elf.sections)
        if section.executable
    }
