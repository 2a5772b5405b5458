"""The line of an instruction, from the three encodings that CPython has used.

Each function takes the table, ``co_firstlineno`` and the byte offset of the instruction, and
gives the line, or ``None`` where the table says that the instruction has none. The bytes may
be anything: whatever they are, the functions end.
"""

from __future__ import annotations

from collections.abc import Callable

LineTable = Callable[[bytes, int, int], int | None]

_SIGN_BIT = 0x80
_NO_LINE = -128
_SIGNED_SINCE = (3, 6)
_RANGES_SINCE = (3, 10)
_LOCATIONS_SINCE = (3, 11)

# The location table of 3.11+, PyCodeLocationInfoKind in Include/cpython/code.h.
_SHORT_LAST = 9
_ONE_LINE_FIRST, _ONE_LINE_LAST = 10, 12
_LONG, _NONE = 14, 15
_CODE_UNIT_BYTES = 2


def line_table_for(version: tuple[int, int]) -> LineTable:
    """The decoder for the tables of a version (major, minor)."""
    if version >= _LOCATIONS_SINCE:
        return line_from_locations
    if version >= _RANGES_SINCE:
        return line_from_ranges
    return line_from_lnotab if version >= _SIGNED_SINCE else line_from_unsigned_lnotab


def line_from_unsigned_lnotab(table: bytes, first_line: int, offset: int) -> int | None:
    """2.7 to 3.5: pairs of increments, of the address and of the line.

    PyCode_Addr2Line, Objects/codeobject.c; Objects/lnotab_notes.txt.
    """
    return _lnotab(table, first_line, offset, signed=False)


def line_from_lnotab(table: bytes, first_line: int, offset: int) -> int | None:
    """3.6 to 3.9: as before, but lines may also go back (bpo-26107)."""
    return _lnotab(table, first_line, offset, signed=True)


def _lnotab(table: bytes, first_line: int, offset: int, *, signed: bool) -> int:
    line, address = first_line, 0
    for index in range(0, len(table) - 1, 2):
        address += table[index]
        if address > offset:
            break
        line += _signed(table[index + 1]) if signed else table[index + 1]
    return line


def line_from_ranges(table: bytes, first_line: int, offset: int) -> int | None:
    """3.10, co_linetable of PEP 626: pairs of a length and a line increment.

    Objects/lnotab_notes.txt of 3.10; an increment of -128: the range has no line.
    """
    line, end = first_line, 0
    for index in range(0, len(table) - 1, 2):
        end += table[index]
        increment = _signed(table[index + 1])
        if increment != _NO_LINE:
            line += increment
        if offset < end:
            return None if increment == _NO_LINE else line
    return None


def line_from_locations(table: bytes, first_line: int, offset: int) -> int | None:
    """3.11+, co_linetable of PEP 657: Objects/locations.md, InternalDocs/code_objects.md."""
    line, end, at = first_line, 0, 0
    while at < len(table):
        kind = table[at] >> 3 & 15
        end += ((table[at] & 7) + 1) * _CODE_UNIT_BYTES
        increment, at = _line_increment(table, kind, at + 1)
        line += increment
        if offset < end:
            return None if kind == _NONE else line
    return None


def _line_increment(table: bytes, kind: int, at: int) -> tuple[int, int]:
    """The increment of an entry whose first byte was read, and where the next one begins."""
    if kind <= _SHORT_LAST:
        return 0, at + 1
    if kind <= _ONE_LINE_LAST:
        return kind - _ONE_LINE_FIRST, at + 2
    if kind == _NONE:
        return 0, at
    value, at = _varint(table, at)
    increment = -(value >> 1) if value & 1 else value >> 1
    if kind == _LONG:
        for _ in range(3):
            _, at = _varint(table, at)
    return increment, at


def _varint(table: bytes, at: int) -> tuple[int, int]:
    """Six bits a byte, least significant first, 0x40: more follows."""
    value, shift = 0, 0
    while at < len(table):
        byte = table[at]
        at += 1
        value |= (byte & 0x3F) << shift
        shift += 6
        if not byte & 0x40:
            break
    return value, at


def _signed(byte: int) -> int:
    return byte - 256 if byte & _SIGN_BIT else byte
