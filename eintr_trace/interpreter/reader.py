"""A CPython process read from outside: one thread's Python state at one moment.

``open_interpreter`` is the slow part (files and symbols: some milliseconds);
``InterpreterReader.snapshot`` is made for a thread that is held in a stop. Neither stops or
writes anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from eintr_trace.interpreter.called_name import CalledNames
from eintr_trace.interpreter.callee import CalleeReader
from eintr_trace.interpreter.code_objects import CodeReader
from eintr_trace.interpreter.dicts import DictReader
from eintr_trace.interpreter.errors import (
    ImplausibleValueError,
    NotReadableInterpreterError,
    ReadError,
)
from eintr_trace.interpreter.except_lines import ExceptLines
from eintr_trace.interpreter.exception_objects import ExceptionObjectReader
from eintr_trace.interpreter.exceptions import ExceptionReader, RaisedValue
from eintr_trace.interpreter.frames import Frame, frame_reader_for
from eintr_trace.interpreter.handler_calls import HandlerCalls
from eintr_trace.interpreter.locate import LocatedInterpreter, locate_interpreter
from eintr_trace.interpreter.memory import Memory, ProcessMemory
from eintr_trace.interpreter.objects import ObjectReader
from eintr_trace.interpreter.signal_handlers import SignalHandlerReader
from eintr_trace.interpreter.threads import ThreadFinder, ThreadState
from eintr_trace.interpreter.tracebacks import TracebackReader
from eintr_trace.interpreter.variables import VariablesReader
from eintr_trace.model.python_state import (
    Callee,
    Implementation,
    Interpreter,
    PythonException,
    PythonFrame,
    PythonHandler,
    PythonSnapshot,
)

_T = TypeVar("_T")

# While other threads change the list, a walk of it fails now and then, or ends early at a
# state that was just freed; the next one succeeds.
_FIND_ATTEMPTS = 3

# A pthread_t is the address of glibc's struct pthread: a tcbhead_t of 704 bytes, a list_t, and
# then pid_t tid (nptl/descr.h, sysdeps/x86_64/nptl/tls.h).
_PTHREAD_TID_AT = 720
_TID_BYTES = 4


def open_interpreter(tgid: int) -> InterpreterReader:
    """Find CPython in a process, by its files and memory.

    Raises NotReadableInterpreterError, whose message says why it cannot be read.
    """
    try:
        memory = ProcessMemory(tgid)
    except OSError as error:
        raise NotReadableInterpreterError(
            f"its memory cannot be opened: {error.strerror}"
        ) from error
    try:
        return find_interpreter(tgid, memory)
    except NotReadableInterpreterError:
        memory.close()
        raise


def find_interpreter(tgid: int, memory: Memory) -> InterpreterReader:
    """Find CPython in a process whose memory is open already, and is shared with the reader.

    Raises NotReadableInterpreterError, and leaves the memory open.
    """
    try:
        return InterpreterReader(tgid, memory, locate_interpreter(tgid, memory))
    except (OSError, ReadError) as error:
        raise NotReadableInterpreterError(
            f"its memory cannot be read (it may have ended, or become another program): {error}"
        ) from error


class InterpreterReader:
    """Reads the threads of one CPython process until it ends or becomes another program."""

    def __init__(self, tgid: int, memory: Memory, located: LocatedInterpreter) -> None:
        layout = located.layout
        self.interpreter = Interpreter(
            implementation=Implementation.CPYTHON,
            version=".".join(map(str, located.version)),
            offsets_from=layout.source if layout.verified else f"{layout.source} (not verified)",
            free_threaded=layout.free_threaded,
        )
        self._tgid = tgid
        self._memory = memory
        self._located = located
        # A process never leaves its PID namespace (pid_namespaces(7)).
        self._in_other_namespace = len(_namespace_ids(tgid, tgid)) > 1
        self._main_thread = located.main_thread
        objects = ObjectReader(memory, layout, located.unicode_bytes)
        dicts = DictReader(memory, layout, objects)
        codes = CodeReader(memory, layout, objects, located.code_type)
        self._threads = ThreadFinder(memory, layout, located.interpreters_head)
        self._frames = frame_reader_for(memory, layout, codes)
        self._called_names = CalledNames(codes, layout.version)
        self._callees = CalleeReader(memory, layout, objects, codes)
        self._variables = VariablesReader(memory, layout, codes)
        self._handler_calls = HandlerCalls(memory, layout, codes, self._frames)
        tracebacks = TracebackReader(
            memory, layout, objects, self._frames, ExceptLines(codes, layout.version)
        )
        self._exceptions = ExceptionReader(
            memory,
            layout,
            ExceptionObjectReader(memory, layout, objects, dicts),
            dicts,
            tracebacks,
        )
        self._handlers = (
            None
            if located.handlers is None
            else SignalHandlerReader(memory, layout, located.handlers, objects, dicts, codes)
        )

    def of_fork(self, tgid: int, memory: Memory) -> InterpreterReader:
        """A reader for a child made by fork(2), at once: everything lies where it did."""
        return InterpreterReader(tgid, memory, self._located)

    def snapshot(
        self,
        tid: int,
        *,
        fs_base: int | None,
        signo: int | None,
        outermost_before: PythonFrame | None = None,
        with_callee: bool = True,
    ) -> PythonSnapshot:
        """The Python state of one thread, and the Python handler of ``signo``.

        ``fs_base`` is the thread's register, by which 3.10 and before know it.
        ``outermost_before`` is the thread's outermost frame at an earlier moment: where that
        has gone, what ended it is looked for in ``sys.last_value`` (sys.excepthook may have
        frames of its own by then). ``with_callee``: what the innermost frame calls is looked for
        as well, which takes as long as all the rest. Never raises for what the process's
        memory holds: ``problem`` says what is missing.
        """
        problems: list[str] = []
        handler = _attempt(problems, "signal handler", lambda: self._handler(signo))
        known_problems = len(problems)
        state = _attempt(problems, "thread state", lambda: self._find(tid, fs_base))
        if state is None:
            # Not found after a whole search, or not known because the search failed.
            return PythonSnapshot(
                frames=(),
                exceptions=(),
                handler=handler,
                attached=len(problems) > known_problems,
                problem=_joined(problems),
            )
        frames = self._read_frames(problems, state, with_callee=with_callee)
        gone = outermost_before if _has_gone(outermost_before, frames) else None
        exceptions = _attempt(
            problems, "exceptions", lambda: self._read_exceptions(problems, state, gone)
        )
        return PythonSnapshot(
            frames=frames,
            exceptions=exceptions or (),
            handler=None if handler is None else self._with_last_end(handler, state),
            is_python_main_thread=_attempt(
                problems, "main thread", lambda: self._is_main_thread(state)
            ),
            problem=_joined(problems),
        )

    def handler(self, signo: int) -> PythonHandler | None:
        """CPython's entry for one signal, ``None`` when it can't be read; needs no thread."""
        return _attempt([], "signal handler", lambda: self._handler(signo))

    def tripped_address(self, signo: int) -> int | None:
        """Where CPython marks that a signal's handler is to run; ``None``: not found."""
        return None if self._handlers is None else self._handlers.tripped_address(signo)

    def function(self, name: str) -> range | None:
        """Where a function of ``facts.c_functions`` lies; ``None``: no symbol names it."""
        return self._located.functions.get(name)

    def main_thread_tid(self) -> int | None:
        """The thread that runs Python's signal handlers; ``None`` when that can't be read."""
        if self._main_thread is None:
            return None
        try:
            pthread_id = self._memory.unsigned(self._main_thread)
            own_tid = self._memory.unsigned(pthread_id + _PTHREAD_TID_AT, _TID_BYTES)
            tids = [int(name) for name in os.listdir(f"/proc/{self._tgid}/task")]  # noqa: PTH208 - names only
        except (OSError, ReadError):
            return None
        if not self._in_other_namespace:
            return own_tid if own_tid in tids else None
        return next((tid for tid in tids if self._own_tid(tid) == own_tid), None)

    def close(self) -> None:
        """Close /proc/PID/mem; snapshots are then empty and say so."""
        self._memory.close()

    def _handler(self, signo: int | None) -> PythonHandler | None:
        if signo is None:
            return None
        if self._handlers is None:
            raise ImplausibleValueError("CPython's table of handlers was not found")
        handler = self._handlers.handler(signo)
        if handler is None or handler.code_address is None:
            return handler
        return replace(handler, raises=self._handler_calls.raises(handler.code_address))

    def _with_last_end(self, handler: PythonHandler, state: ThreadState) -> PythonHandler:
        if handler.code_address is None:
            return handler
        # What lies there may be anything: not reading it says nothing of the rest.
        with suppress(ReadError):
            end = self._handler_calls.last_end(handler.code_address, state)
            return replace(handler, last_end=end)
        return handler

    def _find(self, tid: int, fs_base: int | None) -> ThreadState | None:
        thread_id = self._own_tid(tid) if self._threads.identified_by_tid else fs_base
        if thread_id is None:
            raise ImplausibleValueError("the thread cannot be told from the others")
        for _ in range(_FIND_ATTEMPTS - 1):
            with suppress(ReadError):
                state = self._threads.find(thread_id)
                if state is not None:
                    return state
        return self._threads.find(thread_id)

    def _own_tid(self, tid: int) -> int | None:
        """The tid in the process's own PID namespace, as gettid(2) told CPython."""
        if not self._in_other_namespace:
            return tid
        return next(reversed(_namespace_ids(self._tgid, tid)), None)

    def _read_frames(
        self, problems: list[str], state: ThreadState, *, with_callee: bool
    ) -> tuple[PythonFrame, ...]:
        frames: list[Frame] = []
        try:
            frames.extend(self._frames.walk(self._threads.current_frame(state)))
        except ReadError as error:
            problems.append(f"frames: {error}")
        if not frames:
            return ()
        innermost = frames[0]
        calls = _attempt(
            problems,
            "called name",
            lambda: self._called_names.find(innermost.code, innermost.offset),
        )
        callee = None
        if with_callee:
            callee = _attempt(problems, "called object", lambda: self._callee(innermost, calls))
        variables: int | None = None
        # Too many of them are no problem of the snapshot's.
        with suppress(ReadError):
            variables = self._variables.checksum(innermost)
        return tuple(
            PythonFrame(
                location=frame.code.location(frame.offset),
                address=frame.address,
                code_address=frame.code.address,
                instruction_offset=frame.offset if frame.offset >= 0 else None,
                calls=calls if frame is innermost else None,
                callee=callee if frame is innermost else None,
                variables=variables if frame is innermost else None,
            )
            for frame in frames
        )

    def _callee(self, frame: Frame, name: str | None) -> Callee | None:
        if not self._called_names.is_call(frame.code, frame.offset):
            return None
        return self._callees.find(frame, name)

    def _read_exceptions(
        self, problems: list[str], state: ThreadState, gone: PythonFrame | None
    ) -> tuple[PythonException, ...]:
        if gone is not None:
            uncaught = self._chain(problems, self._exceptions.last_uncaught(state))
            if _came_out_of(uncaught, gone):
                return uncaught
        return self._chain(problems, self._exceptions.current(state))

    def _chain(
        self, problems: list[str], raised: RaisedValue | None
    ) -> tuple[PythonException, ...]:
        if raised is None:
            return ()
        exceptions, problem = self._exceptions.chain(raised)
        if problem is not None:
            problems.append(f"exceptions: {problem}")
        return exceptions

    def _is_main_thread(self, state: ThreadState) -> bool | None:
        if self._main_thread is None:
            return None
        main = self._memory.unsigned(self._main_thread)
        return main == state.pointer("thread_id") if main else None


def _has_gone(before: PythonFrame | None, frames: tuple[PythonFrame, ...]) -> bool:
    """Whether a frame is no longer the outermost; its place may be another's by now."""
    if before is None or not frames:
        return before is not None
    now = frames[-1]
    return (now.address, now.code_address) != (before.address, before.code_address)


def _came_out_of(exceptions: tuple[PythonException, ...], frame: PythonFrame) -> bool:
    """Whether an uncaught exception went through ``frame``, and is not an older one."""
    if not exceptions or not exceptions[-1].traceback:
        return False
    outermost = exceptions[-1].traceback[0].location
    return (outermost.function, outermost.file) == (frame.location.function, frame.location.file)


def _attempt(problems: list[str], what: str, read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except ReadError as error:
        problems.append(f"{what}: {error}")
        return None


def _joined(problems: list[str]) -> str | None:
    return "; ".join(problems) or None


def _namespace_ids(tgid: int, tid: int) -> list[int]:
    """The tid in each PID namespace it has one in, its own last: NSpid of proc(5).

    Empty when the thread has ended; only ``tid`` without CONFIG_PID_NS.
    """
    try:
        status = Path(f"/proc/{tgid}/task/{tid}/status").read_bytes()
    except OSError:
        return []
    for line in status.splitlines():
        if line.startswith(b"NSpid:"):
            return [int(number) for number in line.split()[1:]]
    return [tid]
