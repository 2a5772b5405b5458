"""The unwind tables of a program file: one function's entry found and decoded at a time.

LSB Core 5.0, 10.6 (.eh_frame and .eh_frame_hdr), 10.5 (the DWARF extensions they use). All
of a large library's section would take a second to decode; one entry takes microseconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from eintr_trace.native.cfa_rules import Factors, Row, Rule, first_row, row_at
from eintr_trace.native.dwarf_bytes import OMITTED, DwarfBytes
from eintr_trace.native.dwarf_registers import RETURN_ADDRESS
from eintr_trace.native.elf_reader import LinkedBytes
from eintr_trace.native.errors import UnwindTableError

_HEADER_VERSION = 1
_TABLE_ENCODING = 0x3B  # DW_EH_PE_datarel | DW_EH_PE_sdata4: what linkers write
_TABLE_ROW_BYTES = 8
_CIE_VERSIONS = (1, 3)  # LSB Core 5.0, 10.6.1.1.1; compilers write 1
_ALIGNED = 0x50  # DW_EH_PE_aligned
_LENGTH_IS_64_BIT = 0xFFFFFFFF
# Without a usable header (none of these files): LLVM, one of the largest, has 98,000 entries.
_MAX_ENTRIES_SCANNED = 100_000
# The largest of 800 program files of Debian has 39 KB, the evaluation loop of 3.14 has 7.5 KB.
_MAX_ENTRY_BYTES = 64 << 10
_RULES_KEPT = 4096
_CIES_KEPT = 64


@dataclass(frozen=True, slots=True)
class _Index:
    """Where functions begin, in order, and where their entries are; both relative to ``base``."""

    base: int
    starts: Sequence[int]
    entries: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Cie:
    """What the entries of many functions have in common."""

    factors: Factors
    first: Row
    has_augmentation_data: bool
    is_signal_frame: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """The entry of one function: an FDE, with its instructions still to be run."""

    start: int
    length: int
    cie: _Cie
    instructions: DwarfBytes


class EhFrame:
    """The sections .eh_frame (``entries``) and .eh_frame_hdr of one file.

    All addresses are the file's own, those it is linked at. Without a header that can be
    searched the entries are looked through once, at the first search.
    """

    def __init__(self, entries: LinkedBytes, header: LinkedBytes | None = None) -> None:
        self._section = entries.contents
        self._address = entries.address
        self._header = header or LinkedBytes(0, b"")
        self._rule = lru_cache(_RULES_KEPT)(self._decoded_rule)
        self._cie = lru_cache(_CIES_KEPT)(self._decoded_cie)

    def rule_at(self, address: int) -> Rule | None:
        """The rule for the instruction at ``address``; None if no entry covers it.

        Raises UnwindTableError where the entry makes no sense.
        """
        return self._rule(address)

    def _decoded_rule(self, address: int) -> Rule | None:
        index = self._index
        position = bisect_right(index.starts, address - index.base) - 1
        if position < 0:
            return None
        entry = self._entry(index.base + index.entries[position] - self._address)
        if not entry.start <= address < entry.start + entry.length:
            return None
        cie = entry.cie
        row = row_at(address, entry.instructions, cie.factors, cie.first, entry.start)
        return row.rule(is_signal_frame=cie.is_signal_frame)

    @cached_property
    def _index(self) -> _Index:
        try:
            return self._index_of_header()
        except UnwindTableError:
            return self._index_by_scan()

    def _index_of_header(self) -> _Index:
        header = DwarfBytes(self._header.contents)
        version, section, count, table = header.u8(), header.u8(), header.u8(), header.u8()
        if version != _HEADER_VERSION or count == OMITTED or table != _TABLE_ENCODING:
            raise UnwindTableError("a header without a table that can be searched")
        if section != OMITTED:
            header.number(section)
        rows = header.take(header.number(count) * _TABLE_ROW_BYTES)
        numbers = memoryview(rows).cast("i")
        return _Index(self._header.address, numbers[::2], numbers[1::2])

    def _index_by_scan(self) -> _Index:
        found: list[tuple[int, int]] = []
        at = 0
        try:
            for _ in range(_MAX_ENTRIES_SCANNED):
                header = self._opened(at)
                if header.u32() != 0:
                    found.append((self._entry(at).start - self._address, at))
                at = header.end
        except UnwindTableError:
            pass  # the section's end, or what cannot be understood: the rest is not known
        found.sort()
        return _Index(self._address, [start for start, _ in found], [offset for _, offset in found])

    def _opened(self, offset: int) -> DwarfBytes:
        """An entry without its length."""
        prefix = DwarfBytes(self._section, offset)
        length = prefix.u32()
        if length in (0, _LENGTH_IS_64_BIT) or length > _MAX_ENTRY_BYTES:
            raise UnwindTableError(f"an entry of {length} bytes")
        return DwarfBytes(self._section, prefix.at, prefix.at + length, address=self._address)

    def _entry(self, offset: int) -> _Entry:
        entry = self._opened(offset)
        pointer_at = entry.at
        distance = entry.u32()
        if distance == 0:
            raise UnwindTableError("a CIE in the place of a function's entry")
        cie = self._cie(pointer_at - distance)
        start = entry.pointer(cie.factors.pointer_encoding)
        length = entry.number(cie.factors.pointer_encoding)
        if cie.has_augmentation_data:
            entry.block()
        return _Entry(start, length, cie, entry)

    def _decoded_cie(self, offset: int) -> _Cie:
        cie = self._opened(offset)
        if cie.u32() != 0:
            raise UnwindTableError("a function's entry in the place of a CIE")
        version = cie.u8()
        if version not in _CIE_VERSIONS:
            raise UnwindTableError(f"a CIE of version {version}")
        augmentation = cie.text()
        code_factor, data_factor = cie.uleb128(), cie.sleb128()
        return_address = cie.u8() if version == 1 else cie.uleb128()
        if return_address != RETURN_ADDRESS:
            raise UnwindTableError(f"a return address in register {return_address}")
        encoding, is_signal_frame = _augmentation_data(augmentation, cie)
        factors = Factors(code_factor, data_factor, encoding)
        return _Cie(factors, first_row(cie, factors), bool(augmentation), is_signal_frame)


def _augmentation_data(augmentation: bytes, cie: DwarfBytes) -> tuple[int, bool]:
    """The encoding of pointers, and whether the functions are signal frames (10.6.1.1.1)."""
    if not augmentation:
        return 0, False
    if not augmentation.startswith(b"z"):
        raise UnwindTableError(f"an augmentation {augmentation!r}")
    data = DwarfBytes(cie.block())
    encoding = 0
    for letter in augmentation[1:].decode("latin-1"):
        match letter:
            case "R":
                encoding = data.u8()
            case "L":
                data.u8()
            case "P":
                _skip_personality(data)
            case "S":
                pass
            case _:
                raise UnwindTableError(f"an augmentation {augmentation!r}")
    return encoding, b"S" in augmentation


def _skip_personality(data: DwarfBytes) -> None:
    encoding = data.u8()
    if encoding == _ALIGNED:
        raise UnwindTableError("a personality routine at an aligned place")
    data.number(encoding)
