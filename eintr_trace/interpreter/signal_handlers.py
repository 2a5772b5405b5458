"""CPython's own table of signal handlers: Handlers of Modules/signalmodule.c."""

from __future__ import annotations

from eintr_trace.facts.cpython_layouts import Layout
from eintr_trace.interpreter.code_objects import CodeReader
from eintr_trace.interpreter.dicts import DictReader
from eintr_trace.interpreter.locate import HANDLER_ENTRIES, HANDLER_ENTRY_BYTES
from eintr_trace.interpreter.memory import Memory, pointer_in
from eintr_trace.interpreter.objects import ObjectReader, TypeFlag, TypeObject
from eintr_trace.model.python_state import CodeLocation, HandlerKind, PythonHandler

_FUNCTION_AT = 8  # {int tripped; PyObject *func}
_MAX_WRAPPERS = 8
_MAX_BASES = 32
_MAX_NAME_BYTES = 256
_BUILT_IN_FILE = "<built-in>"
# SIG_DFL and SIG_IGN as Python integers: PyLong_FromVoidPtr(SIG_DFL), signal_exec.
_DISPOSITIONS = {0: HandlerKind.DEFAULT, 1: HandlerKind.IGNORE}


class SignalHandlerReader:
    """Reads the table at ``address``; methods may raise ReadError."""

    def __init__(
        self,
        memory: Memory,
        layout: Layout,
        address: int,
        objects: ObjectReader,
        dicts: DictReader,
        codes: CodeReader,
    ) -> None:
        self._memory = memory
        self._layout = layout
        self._address = address
        self._objects = objects
        self._dicts = dicts
        self._codes = codes
        # The type's name -> the callable inside, or where it lies when it has no code.
        self._wrapped: dict[str, int] = {
            "method": layout.offset("PyMethodObject", "im_func"),
            "instancemethod": layout.offset("PyMethodObject", "im_func"),  # 2.7
            "functools.partial": layout.offset("partialobject", "fn"),
        }

    def handler(self, signo: int) -> PythonHandler | None:
        """The entry of a signal; ``None``: there is no such signal."""
        if not 0 < signo < HANDLER_ENTRIES:
            return None
        entry = self._memory.read(self._address + signo * HANDLER_ENTRY_BYTES, HANDLER_ENTRY_BYTES)
        function = pointer_in(entry, _FUNCTION_AT)
        tripped = bool(int.from_bytes(entry[:4], "little"))
        kind = self._kind(function)
        location, code_address = None, None
        if kind is HandlerKind.FUNCTION:
            location, code_address = self._callable(function)
        return PythonHandler(signo, kind, location, code_address, tripped)

    def tripped_address(self, signo: int) -> int:
        """Where the mark of a signal lies, an ``int`` of the C program."""
        return self._address + signo * HANDLER_ENTRY_BYTES

    def _kind(self, function: int) -> HandlerKind:
        if function == 0:
            return HandlerKind.NOT_PYTHON
        name = self._objects.type_of(function).name
        if name == "NoneType":
            return HandlerKind.NOT_PYTHON
        number = self._objects.integer(function)
        return (
            HandlerKind.FUNCTION
            if number is None
            else _DISPOSITIONS.get(number, HandlerKind.FUNCTION)
        )

    def _callable(self, address: int) -> tuple[CodeLocation | None, int | None]:
        for _ in range(_MAX_WRAPPERS):
            kind = self._objects.type_of(address)
            if kind.name == "function":
                return self._function(address)
            if kind.name == "builtin_function_or_method":
                return self._builtin(address), None
            inner = self._inside(address, kind)
            if inner is None:
                return CodeLocation(kind.name, _BUILT_IN_FILE, None), None
            address = inner
        return None, None

    def _inside(self, address: int, kind: TypeObject) -> int | None:
        """The callable that calling the object at ``address`` calls; ``None``: not known."""
        field = self._wrapped.get(kind.name)
        if field is not None:
            return self._memory.unsigned(address + field)
        for _ in range(_MAX_BASES):
            if kind.has(TypeFlag.HEAPTYPE):
                call = self._dicts.lookup(kind.dict_address, "__call__")
                if call is not None:
                    return call
            if not kind.base:
                return None
            kind = self._objects.type_at(kind.base)
        return None

    def _function(self, address: int) -> tuple[CodeLocation, int]:
        at = self._layout.offset("PyFunctionObject", "func_code")
        code = self._codes.code_at(self._memory.unsigned(address + at))
        return code.location(-1), code.address

    def _builtin(self, address: int) -> CodeLocation:
        method = self._memory.unsigned(address + self._layout.offset("PyCFunctionObject", "m_ml"))
        # PyMethodDef begins with ml_name (Include/methodobject.h).
        name = self._memory.c_string(self._memory.unsigned(method), _MAX_NAME_BYTES)
        return CodeLocation(name.decode("utf-8", "backslashreplace"), _BUILT_IN_FILE, None)
