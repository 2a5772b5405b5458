"""One exception object in another process: its type, errno and message, and its links.

Objects/exceptions.c, Include/cpython/pyerrors.h (2.7: Include/pyerrors.h).
"""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.facts.cpython_layouts import Layout
from eintr_trace.interpreter.dicts import DictReader
from eintr_trace.interpreter.errors import ReadError
from eintr_trace.interpreter.memory import POINTER_BYTES, Memory, pointer_in
from eintr_trace.interpreter.objects import ObjectReader, TypeFlag, TypeObject

_BASE = "PyBaseExceptionObject"
_OS_ERROR = "PyOSErrorObject"
_MAX_BASES = 32
_MAX_MESSAGE_CHARS = 200
_MAX_ARGS = 8
_NONE_TYPE = "NoneType"
_BUILTIN_MODULES = ("builtins", "exceptions")
_OS_ERROR_TYPES = ("OSError", "EnvironmentError")
# Classes that PyErr_SetFromErrno fills although they are no OSError: args is (errno, text).
# select.error and resource.error only to 3.2 (PEP 3151); termios.error on every version.
_ERRNO_IN_ARGS = ("select.error", "resource.error", "termios.error")


@dataclass(frozen=True)
class ExceptionObject:
    """An exception; addresses are 0 where there is nothing.

    ``args`` are the addresses of its arguments, or of what a 2.7 value that is not yet an
    instance will be made from.
    """

    address: int
    type_name: str
    type_bases: tuple[str, ...]
    errno: int | None
    message: str | None
    args: tuple[int, ...]
    dict_address: int
    traceback: int
    cause: int
    context: int


class ExceptionObjectReader:
    """Reads exception objects; methods may raise ReadError."""

    def __init__(
        self, memory: Memory, layout: Layout, objects: ObjectReader, dicts: DictReader
    ) -> None:
        self._memory = memory
        self._objects = objects
        self._dicts = dicts
        self._fields = layout.structs[_BASE]
        self._size_bytes = max(self._fields.values()) + POINTER_BYTES
        self._os_error = layout.structs[_OS_ERROR]

    def unless_none(self, address: int) -> int:
        """The address, or 0 where Python's None lies."""
        if address and self._objects.type_of(address).name == _NONE_TYPE:
            return 0
        return address

    def is_exception(self, address: int) -> bool:
        """Whether an instance of BaseException lies there."""
        return self._objects.type_of(address).has(TypeFlag.BASE_EXC_SUBCLASS)

    def read(self, kind: int, value: int) -> ExceptionObject:
        """The exception ``value``; of type ``kind`` when it is no instance yet (2.7)."""
        if value == 0 or not self.is_exception(value):
            return self._not_normalized(kind, value)
        return self._instance(value)

    def _instance(self, address: int) -> ExceptionObject:
        types = self._ancestry(self._objects.type_of(address))
        data = self._memory.read(address, self._size_bytes)
        names = tuple(self._qualified_name(kind) for kind in types)
        args = self._objects.tuple_items(self._field(data, "args")) or ()
        dict_address = self._field(data, "dict")
        return ExceptionObject(
            address=address,
            type_name=names[0],
            type_bases=names[1:],
            errno=self._errno(address, names, args),
            message=self._attribute_message(dict_address) or self._message(address, names, args),
            args=args,
            dict_address=dict_address,
            traceback=self._field(data, "traceback"),
            cause=self.unless_none(self._field(data, "cause")),
            context=self.unless_none(self._field(data, "context")),
        )

    def _not_normalized(self, kind: int, value: int) -> ExceptionObject:
        """2.7 between PyErr_SetObject and PyErr_NormalizeException: a type and its arguments."""
        shown = self._objects.type_at(kind) if kind else self._objects.type_of(value)
        names = tuple(self._qualified_name(ancestor) for ancestor in self._ancestry(shown))
        args: tuple[int, ...] = ()
        if value:
            items = self._objects.tuple_items(value)
            args = (value,) if items is None else items
        carries_errno = any(name in (*_OS_ERROR_TYPES, *_ERRNO_IN_ARGS) for name in names)
        return ExceptionObject(
            address=value or kind,
            type_name=names[0],
            type_bases=names[1:],
            errno=self._first_integer(args) if carries_errno else None,
            message=self._os_error_text(args, 0) if carries_errno else self._args_text(args),
            args=args,
            dict_address=0,
            traceback=0,
            cause=0,
            context=0,
        )

    def _field(self, data: bytes, name: str) -> int:
        at = self._fields.get(name)
        return 0 if at is None else pointer_in(data, at)

    def _ancestry(self, kind: TypeObject) -> list[TypeObject]:
        """A type and its bases along tp_base."""
        types = [kind]
        while types[-1].base and len(types) < _MAX_BASES:
            types.append(self._objects.type_at(types[-1].base))
        return types

    def _qualified_name(self, kind: TypeObject) -> str:
        module, _, name = kind.name.rpartition(".")
        if kind.has(TypeFlag.HEAPTYPE) and not module:
            # A class statement or PyErr_NewException: tp_name is the bare name.
            address = self._dicts.lookup(kind.dict_address, "__module__")
            module = (self._objects.text(address) or "") if address else ""
        return name if module in ("", *_BUILTIN_MODULES) else f"{module}.{name}"

    # --- errno and message ----------------------------------------------------------------

    def _errno(self, address: int, names: tuple[str, ...], args: tuple[int, ...]) -> int | None:
        if any(name in _OS_ERROR_TYPES for name in names):
            number = self._memory.unsigned(address + self._os_error["myerrno"])
            return self._objects.integer(number) if number else None
        if any(name in _ERRNO_IN_ARGS for name in names):
            return self._first_integer(args)
        return None

    def _first_integer(self, args: tuple[int, ...]) -> int | None:
        return self._objects.integer(args[0]) if args and args[0] else None

    def _attribute_message(self, dict_address: int) -> str | None:
        """The ``message`` a class keeps by itself (Thrift's TException, for one)."""
        address = self._dicts.lookup(dict_address, "message")
        text = self._objects.text(address) if address else None
        return None if text is None else text[:_MAX_MESSAGE_CHARS]

    def _message(self, address: int, names: tuple[str, ...], args: tuple[int, ...]) -> str | None:
        """What str() of the exception would say, as far as it can be read."""
        if any(name in _OS_ERROR_TYPES for name in names) and len(args) > 1:
            filename = self._memory.unsigned(address + self._os_error["filename"])
            return self._os_error_text(args, self.unless_none(filename))
        return self._args_text(args)

    def _os_error_text(self, args: tuple[int, ...], filename: int) -> str | None:
        """OSError_str, Objects/exceptions.c: ``[Errno 4] Interrupted system call: 'file'``."""
        if len(args) < 2:  # noqa: PLR2004 - (errno, strerror)
            return self._args_text(args)
        number, text = self._objects.integer(args[0]), self._objects.text(args[1])
        if number is None or text is None:
            return self._args_text(args)
        suffix = f": {self._shown(filename)}" if filename else ""
        return f"[Errno {number}] {text[:_MAX_MESSAGE_CHARS]}{suffix}"

    def _args_text(self, args: tuple[int, ...]) -> str | None:
        if not args:
            return None
        if len(args) == 1:
            text = self._objects.text(args[0]) if args[0] else None
            return text[:_MAX_MESSAGE_CHARS] if text is not None else self._shown(args[0])
        shown = ", ".join(self._shown(address) for address in args[:_MAX_ARGS])
        return f"({shown})"

    def _shown(self, address: int) -> str:
        """What repr() would say of a str, int or None, else the type."""
        try:
            text = self._objects.text(address)
            if text is not None:
                return repr(text[:_MAX_MESSAGE_CHARS])
            number = self._objects.integer(address)
            if number is not None:
                return str(number)
            name = self._objects.type_of(address).name
        except ReadError:
            return "<unreadable>"
        return "None" if name == _NONE_TYPE else f"<{name}>"
