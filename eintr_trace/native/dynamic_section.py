"""What the loader reads of a program file: its name and the symbols that it exports.

It is found through the program headers, so that it is there in stripped files, in files
without a section table, and in the vDSO. System V gABI, chapter 5 ("Dynamic Section").
"""

from __future__ import annotations

import struct
from array import array
from functools import cached_property

from eintr_trace.native.elf_reader import PT_DYNAMIC, ElfReader
from eintr_trace.native.errors import UnusableElfError
from eintr_trace.native.symbol_table import MOST_SYMBOLS, SYMBOL_BYTES, SymbolTable, string_at

_ENTRY = struct.Struct("<qQ")  # Elf64_Dyn
_MAX_ENTRIES = 4096
_DT_NULL, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_STRSZ, _DT_SONAME = 0, 4, 5, 6, 10, 14
_DT_GNU_HASH = 0x6FFFFEF5
_GNU_HASH_HEADER_WORDS = 4
_WORDS_OF_BLOOM_ENTRY = 2
_CHAIN_ENDS = 1
_WORD_BYTES = 4
# A word for each symbol, and about another half for the rest.
_MAX_HASH_BYTES = 2 * MOST_SYMBOLS * _WORD_BYTES
_KIND_MASK = 0xF
_FUNCTIONS = (2, 10)  # STT_FUNC, STT_GNU_IFUNC


class DynamicSection:
    """The dynamic section of a file; an empty one for a static executable.

    All that it has raises UnusableElfError for what is wrong with the file.
    """

    def __init__(self, elf: ElfReader) -> None:
        self._elf = elf

    @cached_property
    def _entries(self) -> dict[int, int]:
        entries: dict[int, int] = {}
        segment = self._elf.segment(PT_DYNAMIC)
        if segment is None:
            return entries
        size_bytes = min(segment.size_bytes, _MAX_ENTRIES * _ENTRY.size)
        table = self._elf.read(segment.offset, size_bytes - size_bytes % _ENTRY.size)
        for tag, value in _ENTRY.iter_unpack(table):
            if tag == _DT_NULL:
                break
            entries.setdefault(tag, value)
        return entries

    def soname(self) -> str | None:
        """What other files call this one (DT_SONAME)."""
        offset = self._entries.get(_DT_SONAME)
        if offset is None:
            return None
        return string_at(self._strings, offset) or None

    def symbol_name(self, index: int) -> str | None:
        """The name of a symbol; ``None``: there is no such symbol."""
        if not 0 < index < len(self.symbols):
            return None
        return self.symbols.name(self.symbols.row(index)[0]) or None

    def exports(self) -> frozenset[str]:
        """The names of the functions that other files find here."""
        return frozenset(
            self.symbols.name(name)
            for name, info, _, section, _, _ in self.symbols.rows()
            if section and info & _KIND_MASK in _FUNCTIONS
        )

    @cached_property
    def symbols(self) -> SymbolTable:
        """The symbols that the loader finds (.dynsym)."""
        count = self._symbol_count()
        if count > MOST_SYMBOLS:
            raise UnusableElfError("an ELF file with an implausible number of symbols")
        return SymbolTable(self._loaded(_DT_SYMTAB, count * SYMBOL_BYTES), self._strings)

    @cached_property
    def _strings(self) -> bytes:
        return self._loaded(_DT_STRTAB, self._entries.get(_DT_STRSZ, 0))

    def _loaded(self, tag: int, limit_bytes: int) -> bytes:
        address = self._entries.get(tag)
        return b"" if address is None else self._elf.loaded_from(address, limit_bytes)

    def _symbol_count(self) -> int:
        # The number is written nowhere; it follows from the tables that the symbols are found by.
        try:
            if _DT_GNU_HASH in self._entries:
                return _count_in_gnu_hash(_words(self._loaded(_DT_GNU_HASH, _MAX_HASH_BYTES)))
            if _DT_HASH in self._entries:
                return _words(self._loaded(_DT_HASH, 2 * _WORD_BYTES))[1]
        except (IndexError, ValueError) as error:
            raise UnusableElfError("an ELF file with a hash table cut short") from error
        return 0


def _words(contents: bytes) -> array[int]:
    return array("I", contents[: len(contents) - len(contents) % _WORD_BYTES])


def _count_in_gnu_hash(words: array[int]) -> int:
    """The last chain of symbols is the one that begins last; its last symbol is marked.

    glibc 2.36, elf/dl-lookup.c (do_lookup_x) and dl-setup_hash.h.
    """
    buckets, first_symbol, bloom_entries, _ = words[:_GNU_HASH_HEADER_WORDS]
    first_bucket = _GNU_HASH_HEADER_WORDS + _WORDS_OF_BLOOM_ENTRY * bloom_entries
    first_chain = first_bucket + buckets
    last = max(words[first_bucket:first_chain])
    if last < first_symbol:
        return first_symbol
    while not words[first_chain + last - first_symbol] & _CHAIN_ENDS:
        last += 1
    return last + 1
