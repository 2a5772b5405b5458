"""Traceback objects in another process (Include/cpython/traceback.h)."""

from __future__ import annotations

from eintr_trace.facts.cpython_layouts import Layout
from eintr_trace.interpreter.errors import ReadError
from eintr_trace.interpreter.except_lines import ExceptLines
from eintr_trace.interpreter.frames import FrameReader
from eintr_trace.interpreter.memory import Memory, pointer_in
from eintr_trace.interpreter.objects import ObjectReader
from eintr_trace.model.python_state import TracebackEntry

_MAX_ENTRIES = 512
_INT_BYTES = 4
_TRACEBACK_TYPE = "traceback"


class TracebackReader:
    """Reads tracebacks; methods may raise ReadError."""

    def __init__(
        self,
        memory: Memory,
        layout: Layout,
        objects: ObjectReader,
        frames: FrameReader,
        except_lines: ExceptLines,
    ) -> None:
        self._objects = objects
        self._memory = memory
        self._frames = frames
        self._except_lines = except_lines
        self._next = layout.offset("PyTracebackObject", "tb_next")
        self._frame = layout.offset("PyTracebackObject", "tb_frame")
        self._lasti = layout.offset("PyTracebackObject", "tb_lasti")

    def entries(self, address: int) -> tuple[TracebackEntry, ...]:
        """The entries from ``address`` on, outermost first; empty for NULL.

        Only the first one, which caught the exception if anything did, has ``except_line``.
        """
        # Beside an exception None may stand where its traceback would be.
        if address and self._objects.type_of(address).name != _TRACEBACK_TYPE:
            return ()
        found: list[TracebackEntry] = []
        seen: set[int] = set()
        while address and address not in seen and len(found) < _MAX_ENTRIES:
            seen.add(address)
            data = self._memory.read(address, self._lasti + _INT_BYTES)
            found.append(self._entry(data, outermost=not found))
            address = pointer_in(data, self._next)
        return tuple(found)

    def _entry(self, data: bytes, *, outermost: bool) -> TracebackEntry:
        frame = self._frames.of_frame_object(pointer_in(data, self._frame))
        # In bytes on every version: 3.10 and later multiply before they store it
        # (PyTraceBack_Here, Python/traceback.c).
        lasti = int.from_bytes(data[self._lasti : self._lasti + _INT_BYTES], "little", signed=True)
        except_line = None
        if outermost:
            try:
                except_line = self._except_lines.find(frame.code, lasti)
            except ReadError:
                except_line = None
        return TracebackEntry(
            location=frame.code.location(lasti),
            frame_address=frame.address,
            instruction_offset=lasti,
            except_line=except_line,
            code_address=frame.code.address,
        )
