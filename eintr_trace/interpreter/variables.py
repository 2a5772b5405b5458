"""Whether a frame's code has run between two looks at it: its local variables compared."""

from __future__ import annotations

import zlib

from eintr_trace.facts.cpython_layouts import Layout
from eintr_trace.interpreter.code_objects import CodeReader
from eintr_trace.interpreter.errors import ImplausibleValueError
from eintr_trace.interpreter.frames import Frame
from eintr_trace.interpreter.memory import POINTER_BYTES, Memory

_MAX_BYTES = 256 * POINTER_BYTES


class VariablesReader:
    """Sums up the slots of a frame's local variables; methods may raise ReadError."""

    def __init__(self, memory: Memory, layout: Layout, codes: CodeReader) -> None:
        self._memory = memory
        self._codes = codes
        old = layout.structs["PyFrameObject"]
        self._value_stack = old.get("f_valuestack")
        new = layout.structs.get("_PyInterpreterFrame", {})
        self._locals = old.get("f_localsplus", new.get("localsplus", 0))

    def checksum(self, frame: Frame) -> int:
        """A checksum of the addresses in the slots (the objects themselves are not read)."""
        start = frame.address + self._locals
        if self._value_stack is None:
            size = self._codes.slots(frame.code)[0] * POINTER_BYTES
        else:
            size = self._memory.unsigned(frame.address + self._value_stack) - start
        if not 0 <= size <= _MAX_BYTES:
            raise ImplausibleValueError(f"{size} bytes of local variables")
        return zlib.crc32(self._memory.read(start, size) if size else b"")
