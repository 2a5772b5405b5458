"""The C callable that a call instruction calls: ``posix.read``, or ctypes' ``read``.

While a C function runs, the callable and its arguments lie on the value stack of the frame
that calls it (Python/ceval.c). What lies above the top is left over from earlier calls, so
that an answer is given only where all that may be meant are the same function.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from eintr_trace.facts.cpython_layouts import Layout
from eintr_trace.interpreter.code_objects import CodeReader
from eintr_trace.interpreter.errors import ReadError
from eintr_trace.interpreter.frames import REFERENCE_TAG_MASK, Frame
from eintr_trace.interpreter.memory import POINTER_BYTES, Memory, pointer_in
from eintr_trace.interpreter.objects import ObjectReader, TypeFlag, TypeObject
from eintr_trace.model.python_state import Callee, CalleeKind

_MAX_SLOTS = 64  # a frame's value stack: deeper expressions are not looked at
_MAX_BASES = 32
_MAX_NAME_BYTES = 256
# Modules/_ctypes/_ctypes.c: PyCFuncPtr to 3.11, CFuncPtr since.
_CTYPES_FUNCTIONS = frozenset({"_ctypes.PyCFuncPtr", "_ctypes.CFuncPtr"})
# 3.x keeps a `with` block's on the stack while the block runs.
_EXIT = ".__exit__"


class CalleeReader:
    """Looks for C callables on a frame's value stack; methods may raise ReadError."""

    def __init__(
        self, memory: Memory, layout: Layout, objects: ObjectReader, codes: CodeReader
    ) -> None:
        self._memory = memory
        self._objects = objects
        self._codes = codes
        offset = layout.offset
        self._ob_type = offset("PyObject", "ob_type")
        self._value_stack = layout.structs["PyFrameObject"].get("f_valuestack")
        self._locals = layout.structs.get("_PyInterpreterFrame", {}).get("localsplus", 0)
        self._m_ml = offset("PyCFunctionObject", "m_ml")
        self._m_self = offset("PyCFunctionObject", "m_self")
        self._m_module = offset("PyCFunctionObject", "m_module")
        self._d_type = offset("PyMethodDescrObject", "d_type")
        self._d_name = offset("PyMethodDescrObject", "d_name")

    def find(self, frame: Frame, name: str | None) -> Callee | None:
        """What the call instruction that ``frame`` is at calls, by the ``name`` it uses.

        ``None`` for the name: it is a local variable's, so any C callable may be meant.
        ``None`` is the answer where several may be.
        """
        there = {callee for callee in self._callables(frame) if not _is_exit(callee)}
        # A variable may have another name than the function in it.
        found = {callee for callee in there if _goes_by(callee, name)} or there
        if not found:
            return Callee(CalleeKind.OTHER, None)
        return found.pop() if len(found) == 1 else None

    def _callables(self, frame: Frame) -> Iterator[Callee]:
        for address in self._slots(frame):
            callee = None
            # A slot above the top may point to what is no object any more.
            with suppress(ReadError):
                callee = self._callee(address)
            if callee is not None:
                yield callee

    def _slots(self, frame: Frame) -> set[int]:
        local_slots, stack_slots = self._codes.slots(frame.code)
        if self._value_stack is None:
            at = frame.address + self._locals + local_slots * POINTER_BYTES
        else:
            at = self._memory.unsigned(frame.address + self._value_stack)
        data = self._memory.read_some(at, min(stack_slots, _MAX_SLOTS) * POINTER_BYTES)
        whole = range(0, len(data) - POINTER_BYTES + 1, POINTER_BYTES)
        return {pointer_in(data, position) & REFERENCE_TAG_MASK for position in whole} - {0}

    def _callee(self, address: int) -> Callee | None:
        kind = self._objects.type_of(address)
        match kind.name:
            case "builtin_function_or_method":
                return self._function(address)
            case "type":
                made = self._objects.type_at(address).name
                return Callee(CalleeKind.C_FUNCTION, made) if "." in made else None
            case "method_descriptor":
                owner = self._objects.type_at(self._memory.unsigned(address + self._d_type))
                name = self._objects.text(self._memory.unsigned(address + self._d_name))
                return None if name is None else _c_function(owner.name, name)
        if any(base.name in _CTYPES_FUNCTIONS for base in self._line_of(kind)):
            return Callee(CalleeKind.CTYPES, None)
        return None

    def _function(self, address: int) -> Callee | None:
        """A PyCFunctionObject: a module's function, or a method with its object."""
        method = self._memory.unsigned(address + self._m_ml)
        # PyMethodDef begins with ml_name (Include/methodobject.h).
        raw = self._memory.c_string(self._memory.unsigned(method), _MAX_NAME_BYTES)
        owner = self._owner(
            self._memory.unsigned(address + self._m_self),
            self._memory.unsigned(address + self._m_module),
        )
        return None if owner is None else _c_function(owner, raw.decode("utf-8", "replace"))

    def _owner(self, bound_to: int, module: int) -> str | None:
        if module:
            return self._objects.text(module)
        if not bound_to:
            return None
        for kind in self._line_of(self._objects.type_of(bound_to)):
            # A class statement's type has no dot in its tp_name; C types have, or are static.
            if "." in kind.name or not kind.has(TypeFlag.HEAPTYPE):
                return kind.name
        return None

    def _line_of(self, kind: TypeObject) -> Iterator[TypeObject]:
        """A type and its bases, along tp_base."""
        for _ in range(_MAX_BASES):
            yield kind
            if not kind.base:
                return
            kind = self._objects.type_at(kind.base)


def _c_function(owner: str, name: str) -> Callee:
    return Callee(CalleeKind.C_FUNCTION, f"{owner}.{name}")


def _is_exit(callee: Callee) -> bool:
    return callee.name is not None and callee.name.endswith(_EXIT)


def _goes_by(callee: Callee, name: str | None) -> bool:
    """Whether a callable may be what an instruction calls by ``name``."""
    if name is None or callee.name is None:
        return True
    return callee.name.rpartition(".")[2] == name
