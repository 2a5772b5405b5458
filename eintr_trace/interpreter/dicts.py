"""Dictionaries in another process: 2.7's open table, and the compact ones of 3.6+.

Objects/dictobject.c; the layout of keys is in Objects/dict-common.h (3.6 to 3.10) and
Include/internal/pycore_dict.h (3.11+).
"""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.facts.cpython_layouts import Layout
from eintr_trace.interpreter.errors import ImplausibleValueError
from eintr_trace.interpreter.memory import POINTER_BYTES, Memory, pointer_in
from eintr_trace.interpreter.objects import ObjectReader, TypeFlag

_MAX_ENTRIES = 4096
_ENTRY_BYTES = 24  # {hash, key, value}
_UNICODE_ENTRY_BYTES = 16  # {key, value}: 3.11+ where every key is a str
_DICT_KEYS_GENERAL = 0  # 3.11+, enum DictKeysKind
_MAX_LOG2_SIZE = 32
_INDEX_WIDTHS = ((0xFF, 1), (0xFFFF, 2), (0xFFFFFFFF, 4))  # DK_IXSIZE, 3.6 to 3.10


class DictReader:
    """Reads dictionaries with str keys; methods may raise ReadError."""

    def __init__(self, memory: Memory, layout: Layout, objects: ObjectReader) -> None:
        self._memory = memory
        self._layout = layout
        self._objects = objects

    def lookup(self, address: int, name: str) -> int | None:
        """The address of the value of the key ``name``; ``None``: no such key, or no dict."""
        return next((value for key, value in self.items(address) if key == name), None)

    def items(self, address: int) -> Iterator[tuple[str, int]]:
        """The str keys and the addresses of their values; nothing where no dict lies.

        In the order of insertion on 3.6+; at most 4096.
        """
        if address == 0 or not self._objects.type_of(address).has(TypeFlag.DICT_SUBCLASS):
            return
        open_table = self._layout.has("PyDictObject", "ma_table")
        for key, value in self._open(address) if open_table else self._compact(address):
            text = self._objects.text(key) if key and value else None
            if text is not None:
                yield text, value

    def _open(self, address: int) -> Iterator[tuple[int, int]]:
        size = self._field(address, "PyDictObject", "ma_mask") + 1
        table = self._field(address, "PyDictObject", "ma_table")
        return self._entries(table, size, _ENTRY_BYTES)

    def _compact(self, address: int) -> Iterator[tuple[int, int]]:
        keys = self._field(address, "PyDictObject", "ma_keys")
        values = self._field(address, "PyDictObject", "ma_values")
        count = self._field(keys, "PyDictKeysObject", "dk_nentries")
        indices, entry_bytes = self._index_and_entry_bytes(keys)
        first = keys + self._layout.offset("PyDictKeysObject", "dk_indices") + indices
        entries = self._entries(first, count, entry_bytes)
        return self._split(entries, values, count) if values else entries

    def _split(
        self, entries: Iterator[tuple[int, int]], values: int, count: int
    ) -> Iterator[tuple[int, int]]:
        """PEP 412: the keys are shared, the values lie apart in the same order."""
        entry_list = list(entries)
        at = values + self._layout.offset("PyDictValues", "values")
        data = self._memory.read(at, count * POINTER_BYTES) if count else b""
        for index, (key, _) in enumerate(entry_list):
            yield key, pointer_in(data, index * POINTER_BYTES)

    def _index_and_entry_bytes(self, keys: int) -> tuple[int, int]:
        offset = self._layout.offset
        if not self._layout.has("PyDictKeysObject", "dk_kind"):
            size = self._field(keys, "PyDictKeysObject", "dk_size")
            width = next((width for limit, width in _INDEX_WIDTHS if size <= limit), POINTER_BYTES)
            return size * width, _ENTRY_BYTES
        log2_bytes = self._memory.unsigned(
            keys + offset("PyDictKeysObject", "dk_log2_index_bytes"), 1
        )
        if log2_bytes > _MAX_LOG2_SIZE:
            raise ImplausibleValueError(f"a dict with 2**{log2_bytes} bytes of index")
        kind = self._memory.unsigned(keys + offset("PyDictKeysObject", "dk_kind"), 1)
        general = kind == _DICT_KEYS_GENERAL
        return 1 << log2_bytes, _ENTRY_BYTES if general else _UNICODE_ENTRY_BYTES

    def _entries(self, address: int, count: int, entry_bytes: int) -> Iterator[tuple[int, int]]:
        if count > _MAX_ENTRIES:
            raise ImplausibleValueError(f"a dict with {count} entries")
        key_at = entry_bytes - 2 * POINTER_BYTES
        data = self._memory.read(address, count * entry_bytes) if count else b""
        for start in range(0, len(data), entry_bytes):
            key = pointer_in(data, start + key_at)
            yield key, pointer_in(data, start + key_at + POINTER_BYTES)

    def _field(self, address: int, struct: str, field: str) -> int:
        return self._memory.unsigned(address + self._layout.offset(struct, field))
