"""Where single-stepping a thread ends: told by the address it has come to, and its code there."""

from __future__ import annotations

from enum import Enum, auto

from eintr_trace.facts.c_functions import (
    ERRNO_EXCEPTION_FUNCTIONS,
    EVALUATION_LOOP_FUNCTIONS,
    SIGNAL_CHECK_FUNCTIONS,
)
from eintr_trace.interpreter.reader import InterpreterReader
from eintr_trace.sources.live.return_places import loop_parts
from eintr_trace.sources.live.tracee import TracedProcess

_PAGE_BYTES = 4096
# Intel SDM volume 2: SYSCALL, SYSENTER, INT 80h (Linux's 32-bit calls).
_CALLS = (b"\x0f\x05", b"\x0f\x34", b"\xcd\x80")
# Likewise PUSHF and POPF: while TF is set, the former would show it to the program, which the
# latter could set for good (arch/x86/kernel/step.c knows of the latter only).
_TRAP_FLAG_USERS = (b"\x9c", b"\x9d", b"\x66\x9c", b"\x66\x9d")


class Landmark(Enum):
    """What lies at an address, as far as a walk has to know."""

    ERRNO_EXCEPTION = auto()  # a function that makes an exception of errno begins
    SIGNAL_CHECK = auto()  # a function that runs the Python handlers that are due begins
    PYTHON_CODE = auto()  # the evaluation loop begins: Python code is called
    EVALUATION_LOOP = auto()  # elsewhere in the evaluation loop
    CALL = auto()  # an instruction that makes a system call
    TRAP_FLAG = auto()  # an instruction that would not be the same under a single step


class Landmarks:
    """The landmarks of one process; made for one walk, since code may be replaced later."""

    def __init__(self, process: TracedProcess) -> None:
        self._memory = process.memory
        self._pages: dict[int, bytes] = {}
        self._plain: set[int] = set()
        self._functions: dict[int, Landmark] = {}
        self._loops: tuple[range, ...] = ()
        if process.reader is not None:
            self._add_functions(process.reader)

    def _add_functions(self, reader: InterpreterReader) -> None:
        for names, landmark in (
            (EVALUATION_LOOP_FUNCTIONS, Landmark.PYTHON_CODE),
            (SIGNAL_CHECK_FUNCTIONS, Landmark.SIGNAL_CHECK),
            (ERRNO_EXCEPTION_FUNCTIONS, Landmark.ERRNO_EXCEPTION),
        ):
            for name in names:
                function = reader.function(name)
                if function is not None:
                    self._functions[function.start] = landmark
        self._loops = loop_parts(reader)

    def at(self, address: int) -> Landmark | None:
        """What lies there; ``None``: an instruction like any other."""
        if address in self._plain:
            return None
        landmark = self._find(address)
        if landmark is None:
            self._plain.add(address)
        return landmark

    def _find(self, address: int) -> Landmark | None:
        if address in self._functions:
            return self._functions[address]
        if any(address in loop for loop in self._loops):
            return Landmark.EVALUATION_LOOP
        code = self._code(address)
        if code in _CALLS:
            return Landmark.CALL
        return Landmark.TRAP_FLAG if code.startswith(_TRAP_FLAG_USERS) else None

    def _code(self, address: int) -> bytes:
        """Two bytes of code; fewer, where nothing more can be read."""
        offset = address % _PAGE_BYTES
        page = address - offset
        if page not in self._pages:
            self._pages[page] = self._memory.read_some(page, _PAGE_BYTES + 1)
        return self._pages[page][offset : offset + 2]
