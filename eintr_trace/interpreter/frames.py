"""Python frames: from the thread's innermost one outwards, and from a frame object.

To 3.10 every frame is a PyFrameObject (Include/frameobject.h). From 3.11 it is an
_PyInterpreterFrame (Include/internal/pycore_frame.h), and a frame object only refers to it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from eintr_trace.facts.cpython_layouts import Layout
from eintr_trace.interpreter.code_objects import CodeObject, CodeReader
from eintr_trace.interpreter.errors import ImplausibleValueError
from eintr_trace.interpreter.memory import POINTER_BYTES, Memory, pointer_in

MAX_FRAMES = 512
_INT_BYTES = 4

_INTERPRETER_FRAMES_SINCE = (3, 11)
_CODE_UNITS_SINCE = (3, 10)  # f_lasti counts instructions, not bytes (bpo-27129)
_CODE_UNIT_BYTES = 2

# enum _frameowner, pycore_frame.h: from these on, a frame is no Python function's.
_OWNED_BY_GENERATOR = 1
_FIRST_SHIM_OWNER = 3  # FRAME_OWNED_BY_CSTACK (3.12, 3.13), _BY_INTERPRETER (3.14)
# 3.14: f_executable is a tagged _PyStackRef (pycore_stackref.h); objects are 16-byte aligned.
REFERENCE_TAG_MASK = ~7


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame: ``offset`` is that of its current instruction in bytes, -1 before the first."""

    address: int
    code: CodeObject
    offset: int


class FrameReader(ABC):
    """Reads frames; methods may raise ReadError."""

    @abstractmethod
    def walk(self, address: int) -> Iterator[Frame]:
        """The frames from ``address`` outwards, at most 512; stops at what makes no sense.

        ``address`` is what the thread state names as its current frame, 0 for none.
        """

    @abstractmethod
    def of_frame_object(self, address: int) -> Frame:
        """The frame that the PyFrameObject at ``address`` stands for."""


def frame_reader_for(memory: Memory, layout: Layout, codes: CodeReader) -> FrameReader:
    """The reader for the frames of a version."""
    if layout.version >= _INTERPRETER_FRAMES_SINCE:
        return InterpreterFrameReader(memory, layout, codes)
    return FrameObjectReader(memory, layout, codes)


class FrameObjectReader(FrameReader):
    """Frames of 2.7 to 3.10."""

    def __init__(self, memory: Memory, layout: Layout, codes: CodeReader) -> None:
        self._memory = memory
        self._codes = codes
        self._back = layout.offset("PyFrameObject", "f_back")
        self._code = layout.offset("PyFrameObject", "f_code")
        self._lasti = layout.offset("PyFrameObject", "f_lasti")
        self._unit = _CODE_UNIT_BYTES if layout.version >= _CODE_UNITS_SINCE else 1

    def walk(self, address: int) -> Iterator[Frame]:
        """The frames from ``address`` outwards."""
        for _ in range(MAX_FRAMES):
            if address == 0:
                return
            frame, address = self._read(address)
            yield frame
        if address:
            raise ImplausibleValueError(f"more than {MAX_FRAMES} frames")

    def of_frame_object(self, address: int) -> Frame:
        """The frame at ``address``."""
        return self._read(address)[0]

    def _read(self, address: int) -> tuple[Frame, int]:
        data = self._memory.read(address, self._lasti + _INT_BYTES)
        lasti = int.from_bytes(data[self._lasti :], "little", signed=True)
        code = self._codes.code_at(pointer_in(data, self._code))
        return Frame(address, code, max(lasti * self._unit, -1)), pointer_in(data, self._back)


class InterpreterFrameReader(FrameReader):
    """Frames of 3.11 and later."""

    def __init__(self, memory: Memory, layout: Layout, codes: CodeReader) -> None:
        self._memory = memory
        self._codes = codes
        fields = layout.structs["_PyInterpreterFrame"]
        self._code = fields.get("f_code", fields.get("f_executable", 0))
        self._previous = fields["previous"]
        self._instruction = fields.get("prev_instr", fields.get("instr_ptr", 0))
        self._owner = fields["owner"]
        self._tlbc_index = fields.get("tlbc_index")
        self._co_tlbc = layout.structs["PyCodeObject"].get("co_tlbc", 0)
        wanted = (self._code, self._previous, self._instruction, self._owner, self._tlbc_index or 0)
        self._size_bytes = max(wanted) + POINTER_BYTES
        self._f_frame = layout.offset("PyFrameObject", "f_frame")

    def walk(self, address: int) -> Iterator[Frame]:
        """The frames from ``address`` outwards, without the evaluation loop's own."""
        for _ in range(MAX_FRAMES):
            if address == 0:
                return
            data = self._memory.read(address, self._size_bytes)
            frame = self._frame(address, data)
            if frame is not None:
                yield frame
            address = pointer_in(data, self._previous)
        if address:
            raise ImplausibleValueError(f"more than {MAX_FRAMES} frames")

    def of_frame_object(self, address: int) -> Frame:
        """The interpreter's frame of a frame object, wherever it lies by now."""
        at = self._memory.unsigned(address + self._f_frame)
        frame = self._frame(at, self._memory.read(at, self._size_bytes))
        if frame is None:
            raise ImplausibleValueError(f"no Python function's frame at {at:#x}")
        return frame

    def _frame(self, address: int, data: bytes) -> Frame | None:
        owner = data[self._owner]
        if owner >= _FIRST_SHIM_OWNER:
            return None
        code = self._codes.code_at(pointer_in(data, self._code) & REFERENCE_TAG_MASK)
        offset = pointer_in(data, self._instruction) - self._first_instruction(code, data)
        # _PyFrame_IsIncomplete: CPython's own tracebacks leave such frames out too.
        if owner != _OWNED_BY_GENERATOR and offset < code.traceable_from:
            return None
        return Frame(address, code, max(offset, -1))

    def _first_instruction(self, code: CodeObject, data: bytes) -> int:
        if self._tlbc_index is None:
            return code.first_instruction
        # 3.14, free-threaded: every thread specialises a copy of its own, _PyCodeArray
        # {Py_ssize_t size; char *entries[]} (Include/cpython/code.h).
        entry = int.from_bytes(data[self._tlbc_index : self._tlbc_index + _INT_BYTES], "little")
        copies = self._memory.unsigned(code.address + self._co_tlbc)
        return self._memory.unsigned(copies + POINTER_BYTES * (1 + entry))
