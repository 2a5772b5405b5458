"""A cursor over DWARF data: numbers of fixed and of variable length, encoded pointers.

DWARF 5, 7.6 (LEB128); LSB Core 5.0, 10.5.1 (pointer encodings). Little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from eintr_trace.native.errors import UnwindTableError

WORD_MASK = (1 << 64) - 1
_MORE_FOLLOWS = 0x80  # in each byte of a LEB128 number but the last
_MAX_LEB128_BYTES = 10  # 64 bits, seven a byte
_U8, _U16, _U32, _U64 = (struct.Struct(form) for form in ("<B", "<H", "<I", "<Q"))
_S16, _S32, _S64 = (struct.Struct(form) for form in ("<h", "<i", "<q"))

# The lower half of a pointer's encoding is its form, the upper what it is relative to.
PCREL = 0x10  # DW_EH_PE_pcrel
OMITTED = 0xFF  # DW_EH_PE_omit
_FORM_BITS = 0x0F
_RELATION_BITS = 0xF0


class DwarfBytes:
    """Bytes, read from ``at`` on; ``address`` is where their first byte is linked.

    Every read raises UnwindTableError where it would go beyond ``end``.
    """

    __slots__ = ("_address", "_data", "at", "end")

    def __init__(
        self, data: bytes, at: int = 0, end: int | None = None, *, address: int = 0
    ) -> None:
        if not 0 <= at <= len(data):
            raise UnwindTableError("an offset that lies outside of the unwind information")
        self._data = data
        self._address = address
        self.at = at
        self.end = len(data) if end is None else end
        if not at <= self.end <= len(data):
            raise UnwindTableError("an entry that ends outside of the unwind information")

    def u8(self) -> int:
        """An unsigned byte."""
        return self._fixed(_U8)

    def u16(self) -> int:
        """An unsigned number of 2 bytes."""
        return self._fixed(_U16)

    def u32(self) -> int:
        """An unsigned number of 4 bytes."""
        return self._fixed(_U32)

    def u64(self) -> int:
        """An unsigned number of 8 bytes."""
        return self._fixed(_U64)

    def uleb128(self) -> int:
        """An unsigned number of variable length."""
        return self._leb128()[0]

    def sleb128(self) -> int:
        """A signed number of variable length."""
        value, bits = self._leb128()
        return value - (1 << bits) if value >> (bits - 1) else value

    def skip_uleb128(self) -> None:
        """Over a number that nothing needs."""
        self._leb128()

    def block(self) -> bytes:
        """So many bytes as the number before them says (DW_FORM_exprloc)."""
        return self.take(self.uleb128())

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        start = self.at
        if not 0 <= length <= self.end - start:
            raise UnwindTableError("an entry that is cut off")
        self.at = start + length
        return self._data[start : self.at]

    def text(self) -> bytes:
        """A string, without the zero byte that ends it."""
        end = self._data.find(b"\0", self.at, self.end)
        if end < 0:
            raise UnwindTableError("a string without an end")
        found = self._data[self.at : end]
        self.at = end + 1
        return found

    def pointer(self, encoding: int) -> int:
        """An address, absolute or relative to where it stands (DW_EH_PE_absptr, _pcrel)."""
        here = self._address + self.at
        value = self.number(encoding)
        match encoding & _RELATION_BITS:
            case 0:
                return value & WORD_MASK
            case relation if relation == PCREL:
                return (here + value) & WORD_MASK
            case _:
                raise UnwindTableError(f"a pointer of encoding {encoding:#x}")

    def number(self, encoding: int) -> int:
        """The number that an encoded pointer consists of, whatever it is relative to."""
        read = _FORMS.get(encoding & _FORM_BITS)
        if read is None:
            raise UnwindTableError(f"a pointer of encoding {encoding:#x}")
        return read(self)

    def _fixed(self, form: struct.Struct) -> int:
        start = self.at
        if form.size > self.end - start:
            raise UnwindTableError("an entry that is cut off")
        self.at = start + form.size
        value: int = form.unpack_from(self._data, start)[0]
        return value

    def _s16(self) -> int:
        return self._fixed(_S16)

    def _s32(self) -> int:
        return self._fixed(_S32)

    def _s64(self) -> int:
        return self._fixed(_S64)

    def _leb128(self) -> tuple[int, int]:
        value = bits = 0
        for _ in range(_MAX_LEB128_BYTES):
            byte = self.u8()
            value |= (byte & ~_MORE_FOLLOWS) << bits
            bits += 7
            if not byte & _MORE_FOLLOWS:
                return value, bits
        raise UnwindTableError("a number of more than 64 bits")


_FORMS: dict[int, Callable[[DwarfBytes], int]] = {
    0x0: DwarfBytes.u64,  # DW_EH_PE_absptr
    0x1: DwarfBytes.uleb128,
    0x2: DwarfBytes.u16,
    0x3: DwarfBytes.u32,
    0x4: DwarfBytes.u64,
    0x9: DwarfBytes.sleb128,
    0xA: DwarfBytes._s16,
    0xB: DwarfBytes._s32,
    0xC: DwarfBytes._s64,
}
