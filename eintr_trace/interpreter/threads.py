"""Thread states: which PyThreadState belongs to which kernel thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eintr_trace.facts.cpython_layouts import Layout
from eintr_trace.interpreter.errors import ImplausibleValueError
from eintr_trace.interpreter.memory import POINTER_BYTES, Memory, pointer_in

_MAX_INTERPRETERS = 256
_MAX_THREADS = 16384
_STRUCT = "PyThreadState"


@dataclass(frozen=True)
class ThreadState:
    """A PyThreadState as it was read: ``data`` are its first bytes."""

    address: int
    data: bytes
    layout: Layout

    def pointer(self, field: str) -> int:
        """The pointer in a field."""
        return pointer_in(self.data, self.layout.offset(_STRUCT, field))

    def has(self, field: str) -> bool:
        """Whether this version has the field."""
        return self.layout.has(_STRUCT, field)


class ThreadFinder:
    """Finds thread states, remembering where each was; methods may raise ReadError.

    ``interpreters_head`` is the address of the pointer to the first PyInterpreterState.
    """

    def __init__(self, memory: Memory, layout: Layout, interpreters_head: int) -> None:
        self._memory = memory
        self._layout = layout
        self._interpreters_head = interpreters_head
        self._interpreter_next = layout.offset("PyInterpreterState", "next")
        threads = "tstate_head" if layout.has("PyInterpreterState", "tstate_head") else None
        self._threads_head = layout.offset("PyInterpreterState", threads or "threads.head")
        self._next = layout.offset(_STRUCT, "next")
        self._prev = layout.structs[_STRUCT].get("prev")
        self.identified_by_tid = layout.has(_STRUCT, "native_thread_id")
        self._id = "native_thread_id" if self.identified_by_tid else "thread_id"
        fields = layout.structs[_STRUCT]
        last = max(offset for name, offset in fields.items() if name != "sizeof")
        self._size_bytes = last + POINTER_BYTES
        self._known: dict[int, int] = {}

    def find(self, thread_id: int) -> ThreadState | None:
        """The state of a thread; ``None``: it has none (it never ran Python code, or ended).

        ``thread_id`` is the tid in the process's own PID namespace where
        ``identified_by_tid``, else the thread's fs_base, which is its pthread_self().
        """
        known = self._recall(thread_id)
        if known is not None:
            return known
        found: ThreadState | None = None
        for state in self._all():
            own_id = state.pointer(self._id)
            # What is passed on the way need not be looked for again: a walk for each of
            # thousands of threads would take the square of their number.
            self._known.setdefault(own_id, state.address)
            if own_id == thread_id:
                found = state
                # A thread may have states in several interpreters: one of them runs.
                if self.current_frame(state):
                    break
        if found is not None:
            self._known[thread_id] = found.address
        return found

    def current_frame(self, state: ThreadState) -> int:
        """The address of the innermost frame, 0 for none."""
        if state.has("frame"):
            return state.pointer("frame")
        if state.has("current_frame"):
            return state.pointer("current_frame")
        at = state.pointer("cframe") + self._layout.offset("_PyCFrame", "current_frame")
        return self._memory.unsigned(at)

    def _recall(self, thread_id: int) -> ThreadState | None:
        address = self._known.get(thread_id)
        if address is None:
            return None
        data = self._memory.read_some(address, self._size_bytes)
        if len(data) == self._size_bytes:
            state = ThreadState(address, data, self._layout)
            same_thread = state.pointer(self._id) == thread_id
            if same_thread and self._is_linked(state) and self.current_frame(state):
                return state
        del self._known[thread_id]
        return None

    def _is_linked(self, state: ThreadState) -> bool:
        """A freed state keeps its fields, but its neighbour no longer points to it.

        Without ``prev`` (2.7) only a walk could tell. There, a state that is freed has no frame:
        its outermost has ended before (Python/ceval.c, PyEval_EvalFrameEx(); Python/pystate.c,
        PyThreadState_Clear()), which the caller looks at.
        """
        if self._prev is None:
            return True
        previous = state.pointer("prev")
        head = state.pointer("interp") + self._threads_head
        link = previous + self._next if previous else head
        expected = state.address.to_bytes(POINTER_BYTES, "little")
        return self._memory.read_some(link, POINTER_BYTES) == expected

    def _all(self) -> Iterator[ThreadState]:
        head = self._memory.unsigned(self._interpreters_head)
        for interpreter in self._chain(head, self._interpreter_next, _MAX_INTERPRETERS):
            first = self._memory.unsigned(interpreter + self._threads_head)
            yield from self._states(first)

    def _states(self, address: int) -> Iterator[ThreadState]:
        for _ in range(_MAX_THREADS):
            if address == 0:
                return
            state = ThreadState(address, self._memory.read(address, self._size_bytes), self._layout)
            yield state
            address = state.pointer("next")
        raise ImplausibleValueError(f"a list of more than {_MAX_THREADS}: it is being changed")

    def _chain(self, address: int, next_offset: int, limit: int) -> Iterator[int]:
        for _ in range(limit):
            if address == 0:
                return
            yield address
            address = self._memory.unsigned(address + next_offset)
        raise ImplausibleValueError(f"a list of more than {limit}: it is being changed")
