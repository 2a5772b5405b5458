"""Python objects in another process: types, strings, integers, tuples.

Lengths are limited before anything is read. Flags of types are the same in every version
(Include/object.h).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

from eintr_trace.facts.cpython_layouts import Layout
from eintr_trace.interpreter.errors import ImplausibleValueError
from eintr_trace.interpreter.memory import POINTER_BYTES, Memory, pointer_in

_MAX_TYPE_NAME_BYTES = 256
_MAX_STRING_CHARS = 4096  # PATH_MAX of Linux: file names are the longest strings wanted
_MAX_TUPLE_ITEMS = 4096
_MAX_INTEGER_DIGITS = 4
_MAX_CACHED_TYPES = 4096

# 3.12+: lv_tag = number of digits << 3 | sign (Include/cpython/longintrepr.h).
_LONG_DIGITS_SHIFT = 3
_LONG_SIGN_MASK = 3
_LONG_NEGATIVE = 2
_LONG_DIGIT_BITS = 30  # PYLONG_BITS_IN_DIGIT on 64 bits
_LONG_DIGIT_BYTES = 4

_UNICODE_KINDS = {1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}  # PyUnicode_1BYTE_KIND ...


class TypeFlag(IntFlag):
    """Py_TPFLAGS_*, Include/object.h."""

    HEAPTYPE = 1 << 9
    INT_SUBCLASS = 1 << 23  # 2.7 only
    LONG_SUBCLASS = 1 << 24
    TUPLE_SUBCLASS = 1 << 26
    BYTES_SUBCLASS = 1 << 27  # 2.7: str
    UNICODE_SUBCLASS = 1 << 28
    DICT_SUBCLASS = 1 << 29
    BASE_EXC_SUBCLASS = 1 << 30


@dataclass(frozen=True)
class TypeObject:
    """A PyTypeObject: ``name`` is tp_name, the addresses are 0 where there is none."""

    address: int
    name: str
    flags: int
    base: int
    dict_address: int

    def has(self, flag: TypeFlag) -> bool:
        """Whether tp_flags has ``flag``."""
        return bool(self.flags & flag)


class ObjectReader:
    """Reads objects; every method may raise MemoryUnreadableError or ImplausibleValueError.

    ``unicode_bytes`` is 2.7's sizeof(Py_UNICODE).
    """

    def __init__(self, memory: Memory, layout: Layout, unicode_bytes: int) -> None:
        self._memory = memory
        self._unicode_bytes = unicode_bytes
        self._is_python2 = layout.version < (3,)
        offset = layout.offset
        self._ob_type = offset("PyObject", "ob_type")
        self._tp_name = offset("PyTypeObject", "tp_name")
        self._tp_flags = offset("PyTypeObject", "tp_flags")
        self._tp_base = offset("PyTypeObject", "tp_base")
        self._tp_dict = offset("PyTypeObject", "tp_dict")
        self._ob_item = offset("PyTupleObject", "ob_item")
        self._tuple_size = offset("PyTupleObject", "ob_size")
        self._layout = layout
        # Static types live as long as the interpreter; the others may be freed and reused.
        self._static_types: dict[int, TypeObject] = {}

    def type_of(self, address: int) -> TypeObject:
        """The type of the object at ``address``."""
        return self.type_at(self._memory.unsigned(address + self._ob_type))

    def type_at(self, address: int) -> TypeObject:
        """The type object at ``address``."""
        known = self._static_types.get(address)
        if known is not None:
            return known
        data = self._memory.read(address, self._tp_dict + POINTER_BYTES)
        name = self._memory.c_string(pointer_in(data, self._tp_name), _MAX_TYPE_NAME_BYTES)
        found = TypeObject(
            address=address,
            name=name.decode("utf-8", "backslashreplace"),
            flags=pointer_in(data, self._tp_flags),
            base=pointer_in(data, self._tp_base),
            dict_address=pointer_in(data, self._tp_dict),
        )
        if not found.has(TypeFlag.HEAPTYPE) and len(self._static_types) < _MAX_CACHED_TYPES:
            self._static_types[address] = found
        return found

    def text(self, address: int) -> str | None:
        """The str (2.7: also the unicode) at ``address``, cut to 4096; ``None``: no string."""
        kind = self.type_of(address)
        if self._is_python2:
            if kind.has(TypeFlag.BYTES_SUBCLASS):
                return self._string_2(address)
            return self._unicode_2(address) if kind.has(TypeFlag.UNICODE_SUBCLASS) else None
        return self._unicode_3(address) if kind.has(TypeFlag.UNICODE_SUBCLASS) else None

    def known_text(self, address: int) -> str:
        """The str at ``address`` where CPython itself put one: its type is not asked for."""
        return self._string_2(address) if self._is_python2 else self._unicode_3(address)

    def known_bytes(self, address: int, limit_bytes: int) -> bytes:
        """The bytes object (2.7: str) at ``address``; raises when it is longer than the limit."""
        struct = "PyStringObject" if self._is_python2 else "PyBytesObject"
        size_at, data_at = (self._layout.offset(struct, name) for name in ("ob_size", "ob_sval"))
        size = self._memory.unsigned(address + size_at)
        if size > limit_bytes:
            raise ImplausibleValueError(f"a bytes object of {size} bytes at {address:#x}")
        return self._memory.read(address + data_at, size) if size else b""

    def integer(self, address: int) -> int | None:
        """The int (2.7: int or long) at ``address``; ``None``: no integer, or a huge one."""
        kind = self.type_of(address)
        if kind.has(TypeFlag.INT_SUBCLASS) and self._is_python2:
            at = address + self._layout.offset("PyIntObject", "ob_ival")
            return int.from_bytes(self._memory.read(at, POINTER_BYTES), "little", signed=True)
        return self._long(address) if kind.has(TypeFlag.LONG_SUBCLASS) else None

    def tuple_items(self, address: int) -> tuple[int, ...] | None:
        """The addresses of a tuple's items; ``None``: no tuple."""
        if not self.type_of(address).has(TypeFlag.TUPLE_SUBCLASS):
            return None
        return self.known_tuple(address)

    def known_tuple(self, address: int) -> tuple[int, ...]:
        """The addresses of the items of a tuple that CPython itself put there."""
        size = self._memory.unsigned(address + self._tuple_size)
        if size > _MAX_TUPLE_ITEMS:
            raise ImplausibleValueError(f"a tuple of {size} items at {address:#x}")
        if size == 0:
            return ()
        data = self._memory.read(address + self._ob_item, size * POINTER_BYTES)
        return tuple(pointer_in(data, at) for at in range(0, len(data), POINTER_BYTES))

    def _long(self, address: int) -> int | None:
        layout = self._layout
        if layout.has("PyLongObject", "long_value.lv_tag"):
            tag_at = address + layout.offset("PyLongObject", "long_value.lv_tag")
            tag = self._memory.unsigned(tag_at)
            count, negative = tag >> _LONG_DIGITS_SHIFT, tag & _LONG_SIGN_MASK == _LONG_NEGATIVE
            digits_at = layout.offset("PyLongObject", "long_value.ob_digit")
        else:
            at = address + layout.offset("PyLongObject", "ob_size")
            size = int.from_bytes(self._memory.read(at, POINTER_BYTES), "little", signed=True)
            count, negative = abs(size), size < 0
            digits_at = layout.offset("PyLongObject", "ob_digit")
        if count > _MAX_INTEGER_DIGITS:
            return None
        value = 0
        for index in reversed(range(count)):
            at = address + digits_at + index * _LONG_DIGIT_BYTES
            value = value << _LONG_DIGIT_BITS | self._memory.unsigned(at, _LONG_DIGIT_BYTES)
        return -value if negative else value

    def _string_2(self, address: int) -> str:
        size = self._memory.unsigned(address + self._layout.offset("PyStringObject", "ob_size"))
        at = address + self._layout.offset("PyStringObject", "ob_sval")
        return self._characters(at, size, 1, "utf-8")

    def _unicode_2(self, address: int) -> str:
        size = self._memory.unsigned(address + self._layout.offset("PyUnicodeObject", "length"))
        at = self._memory.unsigned(address + self._layout.offset("PyUnicodeObject", "str"))
        encoding = _UNICODE_KINDS[self._unicode_bytes]
        return self._characters(at, size, self._unicode_bytes, encoding)

    def _unicode_3(self, address: int) -> str:
        """PEP 393: Include/cpython/unicodeobject.h."""
        offset = self._layout.offset
        header = self._memory.read(address, offset("PyASCIIObject", "sizeof"))
        length = pointer_in(header, offset("PyASCIIObject", "length"))
        width = header[offset("PyASCIIObject", "kind.byte")] >> offset("PyASCIIObject", "kind.bit")
        width &= 7
        if width not in _UNICODE_KINDS:
            raise ImplausibleValueError(f"a str of kind {width} at {address:#x}")
        if not self._state_bit(header, "compact"):
            data_at = self._memory.unsigned(address + offset("PyUnicodeObject", "data"))
        elif self._state_bit(header, "ascii"):
            data_at = address + offset("PyASCIIObject", "sizeof")
        else:
            data_at = address + offset("PyCompactUnicodeObject", "sizeof")
        return self._characters(data_at, length, width, _UNICODE_KINDS[width])

    def _state_bit(self, header: bytes, name: str) -> bool:
        byte = self._layout.offset("PyASCIIObject", f"{name}.byte")
        return bool(header[byte] >> self._layout.offset("PyASCIIObject", f"{name}.bit") & 1)

    def _characters(self, address: int, length: int, width: int, encoding: str) -> str:
        if length == 0:
            return ""
        data = self._memory.read(address, min(length, _MAX_STRING_CHARS) * width)
        return data.decode(encoding, "backslashreplace")
