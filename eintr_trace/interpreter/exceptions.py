"""Exceptions in another process: pending, handled, uncaught, and what they came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eintr_trace.facts.cpython_layouts import Layout
from eintr_trace.interpreter.dicts import DictReader
from eintr_trace.interpreter.errors import ReadError
from eintr_trace.interpreter.exception_objects import ExceptionObject, ExceptionObjectReader
from eintr_trace.interpreter.memory import Memory
from eintr_trace.interpreter.threads import ThreadState
from eintr_trace.interpreter.tracebacks import TracebackReader
from eintr_trace.model.python_state import ExceptionOrigin, PythonException

_MAX_CHAIN = 16
_MAX_STACK_ITEMS = 64
_STACK_ITEM = "_PyErr_StackItem"


@dataclass(frozen=True)
class RaisedValue:
    """An exception as CPython keeps it: addresses, 0 where there is none.

    To 3.11 type, value and traceback may lie apart, and a 2.7 value need not be an instance
    yet (PyErr_NormalizeException).
    """

    kind: int
    value: int
    traceback: int
    origin: ExceptionOrigin


@dataclass(frozen=True)
class _Step:
    """One exception of a chain, and by which link the one after it leads here."""

    exception: ExceptionObject
    origin: ExceptionOrigin
    attribute: str | None
    traceback: int


class ExceptionReader:
    """Reads a thread's exceptions; methods may raise ReadError."""

    def __init__(
        self,
        memory: Memory,
        layout: Layout,
        objects: ExceptionObjectReader,
        dicts: DictReader,
        tracebacks: TracebackReader,
    ) -> None:
        self._memory = memory
        self._layout = layout
        self._objects = objects
        self._dicts = dicts
        self._tracebacks = tracebacks

    def current(self, state: ThreadState) -> RaisedValue | None:
        """The exception on its way, else the one being handled; ``None``: neither."""
        return self._pending(state) or self._handled(state)

    def last_uncaught(self, state: ThreadState) -> RaisedValue | None:
        """The exception nobody caught, which PyErr_PrintEx left in ``sys``."""
        interpreter = state.pointer("interp")
        sysdict = self._memory.unsigned(
            interpreter + self._layout.offset("PyInterpreterState", "sysdict")
        )
        found = {
            key: value
            for key, value in self._dicts.items(sysdict)
            if key in ("last_type", "last_value", "last_traceback", "last_exc")
        }
        value = found.get("last_exc", found.get("last_value", 0))
        return self._raised(
            found.get("last_type", 0), value, found.get("last_traceback", 0), ExceptionOrigin.LAST
        )

    def chain(self, last: RaisedValue) -> tuple[tuple[PythonException, ...], str | None]:
        """From the first exception raised to ``last``, and why it is shorter than the truth."""
        found: list[PythonException] = []
        try:
            for step in self._steps(last):
                found.append(self._described(step))
        except ReadError as error:
            return tuple(reversed(found)), str(error)
        return tuple(reversed(found)), None

    def _pending(self, state: ThreadState) -> RaisedValue | None:
        if state.has("current_exception"):
            value = state.pointer("current_exception")
            return self._raised(0, value, 0, ExceptionOrigin.PENDING)
        return self._raised(
            state.pointer("curexc_type"),
            state.pointer("curexc_value"),
            state.pointer("curexc_traceback"),
            ExceptionOrigin.PENDING,
        )

    def _handled(self, state: ThreadState) -> RaisedValue | None:
        origin = ExceptionOrigin.HANDLED
        if state.has("exc_type"):
            fields = ("exc_type", "exc_value", "exc_traceback")
            kind, value, traceback = (state.pointer(field) for field in fields)
            return self._raised(kind, value, traceback, origin)
        for kind, value, traceback in self._handled_items(state.pointer("exc_info")):
            raised = self._raised(kind, value, traceback, origin)
            if raised is not None:
                return raised
        return None

    def _handled_items(self, item: int) -> Iterator[tuple[int, int, int]]:
        """The stack of handled exceptions, innermost generator first (3.7+)."""
        layout = self._layout
        for _ in range(_MAX_STACK_ITEMS):
            if item == 0:
                return
            fields = [
                self._memory.unsigned(item + layout.offset(_STACK_ITEM, name))
                if layout.has(_STACK_ITEM, name)
                else 0
                for name in ("exc_type", "exc_value", "exc_traceback")
            ]
            yield fields[0], fields[1], fields[2]
            item = self._memory.unsigned(item + layout.offset(_STACK_ITEM, "previous_item"))

    def _raised(
        self, kind: int, value: int, traceback: int, origin: ExceptionOrigin
    ) -> RaisedValue | None:
        kind, value = (self._objects.unless_none(address) for address in (kind, value))
        if kind == 0 and value == 0:
            return None
        return RaisedValue(kind, value, traceback, origin)

    def _steps(self, last: RaisedValue) -> Iterator[_Step]:
        exception = self._objects.read(last.kind, last.value)
        traceback = last.traceback or exception.traceback
        step = _Step(exception, last.origin, None, traceback)
        seen: set[int] = set()
        for _ in range(_MAX_CHAIN):
            if step.exception.address in seen:
                return
            seen.add(step.exception.address)
            yield step
            earlier = self._earlier(step.exception)
            if earlier is None:
                return
            step = earlier

    def _earlier(self, exception: ExceptionObject) -> _Step | None:
        """The exception that this one was made from."""
        if exception.cause:
            return self._step(exception.cause, ExceptionOrigin.CAUSE)
        if exception.context:
            return self._step(exception.context, ExceptionOrigin.CONTEXT)
        for address in exception.args:
            if self._objects.is_exception(address):
                return self._step(address, ExceptionOrigin.ARGUMENT)
        for name, address in self._dicts.items(exception.dict_address):
            if self._objects.is_exception(address):
                return self._step(address, ExceptionOrigin.ATTRIBUTE, name)
        return None

    def _step(self, address: int, origin: ExceptionOrigin, attribute: str | None = None) -> _Step:
        exception = self._objects.read(0, address)
        return _Step(exception, origin, attribute, exception.traceback)

    def _described(self, step: _Step) -> PythonException:
        exception = step.exception
        return PythonException(
            type_name=exception.type_name,
            errno=exception.errno,
            message=exception.message,
            origin=step.origin,
            address=exception.address,
            type_bases=exception.type_bases,
            traceback=self._tracebacks.entries(step.traceback),
            attribute=step.attribute,
        )
