"""The functions that an ELF symbol table names, by address.

A table is searched as it lies in the file: names are decoded when somebody asks for them.
System V gABI, chapter 4 ("Symbol Table").
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from eintr_trace.native.symbol_table import SymbolTable

# Entry points inside a function, or names of one place: a handful, more in assembler code.
_MAX_NESTED = 256

_LOCAL, _GLOBAL, _WEAK, _UNIQUE = 0, 1, 2, 10  # STB_…
_NOTYPE, _FUNC, _IFUNC = 0, 2, 10  # STT_…
_BINDING_SHIFT, _KIND_MASK = 4, 0xF
_UNDEFINED = 0  # SHN_UNDEF
_CODE = frozenset(
    binding << _BINDING_SHIFT | kind
    for binding in (_LOCAL, _GLOBAL, _WEAK, _UNIQUE)
    for kind in (_NOTYPE, _FUNC, _IFUNC)
)

# What compilers add to a function's name for another version of it, or for a part of it.
_CLONE_SUFFIXES = (
    "cold",  # GCC bb-reorder.cc, LLVM HotColdSplitting.cpp: the part that is seldom run
    "part",  # GCC ipa-split.cc: what remains when its beginning was inlined
    "isra",  # GCC ipa-sra.cc: with other parameters
    "constprop",  # GCC ipa-cp.cc: with constants for parameters
    "lto_priv",  # GCC lto-partition.cc: a static function that another part calls
    "localalias",  # GCC symtab.cc (noninterposable_alias): for calls from the same file
    "llvm",  # LLVM FunctionImportUtils.cpp: a static function that another part calls
    "specialized",  # LLVM FunctionSpecialization.cpp: with constants for parameters
)
_CLONE = re.compile(rf"(?<=.)(?:\.(?:{'|'.join(_CLONE_SUFFIXES)})(?:\.\d+)*)+\Z")


@dataclass(frozen=True)
class Function:
    """A function that a symbol names; ``start`` is the linked address of its first byte.

    ``name`` is what its source calls it. ``symbol`` says in addition which of a compiler's
    clones or parts it is (``foo.cold``); a symbol version (``recv@@GLIBC_2.2.5``) is in neither.
    """

    name: str
    symbol: str
    start: int


class _Row(NamedTuple):
    """A symbol that was looked at."""

    start: int
    size_bytes: int
    section: int
    info: int
    symbol: str


class FunctionSymbols:
    """The functions of a symbol table, of at most ``MOST_SYMBOLS`` rows.

    ``code_ends`` has the end of each section with code, by its index; ``None``: they are not
    known. ``complete``: the table has all functions, so that a symbol without a size goes on
    to the next one. In any other table it stands for its own address only.
    """

    def __init__(
        self, table: SymbolTable, code_ends: Mapping[int, int] | None, *, complete: bool
    ) -> None:
        self._table = table
        self._code_ends = code_ends
        self._complete = complete
        rows = sorted(
            (value, size, index)
            for index, (name, info, _, section, value, size) in enumerate(table.rows())
            if info in _CODE and name and _is_code(section, code_ends)
        )
        self._starts = array("Q", [start for start, _, _ in rows])
        self._indices = array("L", [index for _, _, index in rows])
        # How far any of the symbols up to this one reaches.
        self._reach = list(accumulate((start + size for start, size, _ in rows), max))

    def at(self, address: int) -> Function | None:
        """The function that a linked address lies in.

        Of functions that contain one another it is the innermost. Of several names for it: a
        function's rather than a label's, one known outside of its source file rather than a
        static one, then the one with the fewest leading underscores, then the shortest: ``recv``
        of ``__recv``, ``recv`` and ``__libc_recv``.
        """
        nearest = bisect_right(self._starts, address) - 1
        if nearest < 0:
            return None
        rows = self._covering(nearest, address) or self._unsized(nearest, address)
        best = min(rows, key=_rank, default=None)
        if best is None:
            return None
        return Function(_CLONE.sub("", best.symbol), best.symbol, best.start)

    def _covering(self, nearest: int, address: int) -> list[_Row]:
        found: list[_Row] = []
        for position in range(nearest, max(nearest - _MAX_NESTED, -1), -1):
            if self._reach[position] <= address:
                break
            if found and found[0].start != self._starts[position]:
                break
            row = self._row(position)
            if address - row.start < row.size_bytes and row.symbol:
                found.append(row)
        return found

    def _unsized(self, nearest: int, address: int) -> list[_Row]:
        start = self._starts[nearest]
        if self._reach[nearest] > start or not (self._complete or address == start):
            return []  # the symbol is inside of, or has a size
        first = max(bisect_left(self._starts, start), nearest - _MAX_NESTED)
        rows = [self._row(position) for position in range(first, nearest + 1)]
        return [row for row in rows if row.symbol and address < self._section_end(row)]

    def _row(self, position: int) -> _Row:
        name, info, _, section, start, size = self._table.row(self._indices[position])
        symbol = self._table.name(name)
        # A point begins the marks of Fedora's compiler plugin (annobin), which are no functions.
        symbol = "" if symbol.startswith(".") else symbol.partition("@")[0]
        return _Row(start, size, section, info, symbol)

    def _section_end(self, row: _Row) -> int:
        return row.start + 1 if self._code_ends is None else self._code_ends[row.section]


def _is_code(section: int, code_ends: Mapping[int, int] | None) -> bool:
    return section != _UNDEFINED if code_ends is None else section in code_ends


def _rank(row: _Row) -> tuple[bool, bool, bool, int, int, str]:
    kind, binding = row.info & _KIND_MASK, row.info >> _BINDING_SHIFT
    underscores = len(row.symbol) - len(row.symbol.lstrip("_"))
    # What callers call comes before the function that chooses an implementation of it.
    return (
        kind == _NOTYPE,
        kind != _IFUNC,
        binding == _LOCAL,
        underscores,
        len(row.symbol),
        row.symbol,
    )
