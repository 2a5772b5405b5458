"""The C side of an interruption: frames of C functions, the path of a thread, who owns code.

Addresses are those of the traced process. ``None`` means not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Registers:
    """The registers that unwinding starts from: those a callee preserves, and where it is.

    System V ABI, AMD64 supplement, section 3.2.1 ("Registers").
    """

    rbx: int
    rbp: int
    rsp: int
    r12: int
    r13: int
    r14: int
    r15: int
    rip: int


@dataclass(frozen=True)
class CFrame:
    """One C frame. ``address`` is the instruction it is at; in a caller, the return address.

    ``function`` is a symbol's name, ``offset`` counts from it, or from the beginning of
    ``file`` (as mapped; its path as the process has it) where no symbol covers the address.
    ``cfa`` is the canonical frame address (DWARF 5, 6.4): the stack pointer before the call.
    """

    address: int
    function: str | None = None
    offset: int | None = None
    file: str | None = None
    cfa: int | None = None


class StackEnd(StrEnum):
    """Why an unwound stack goes no further out."""

    OUTERMOST = "outermost"  # the thread's first function
    COPY_ENDED = "copy-ended"  # of the stack, no more was copied
    NO_UNWIND_ENTRY = "no-unwind-entry"  # no unwind information covers the code (JIT)
    NOT_MAPPED = "not-mapped"  # a return address that lies in no file
    FILE_UNUSABLE = "file-unusable"  # deleted, corrupt, or not to be opened
    REGISTER_UNKNOWN = "register-unknown"  # the frame is found by a register that was not copied
    TOO_DEEP = "too-deep"
    IMPLAUSIBLE = "implausible"  # the frames do not go outwards, or their rule makes no sense


@dataclass(frozen=True)
class CStack:
    """The C frames of a thread at one moment, innermost first, and why they end."""

    frames: tuple[CFrame, ...]
    end: StackEnd


@dataclass(frozen=True)
class PathStep:
    """So many ``instructions`` in a row in one function (or in no known one) of one file."""

    function: str | None
    file: str | None
    offset: int | None
    instructions: int


class PathEnd(StrEnum):
    """Where single-stepping a thread ended."""

    DECISION = "decision"  # at the entry of a function that makes an exception of errno
    HANDLER_DUE = "handler-due"  # where CPython runs the Python handler that is due
    CALLED_AGAIN = "called-again"  # at the instruction of the interrupted call
    OTHER_CALL = "other-call"  # at the instruction of another call
    EVALUATION_LOOP = "evaluation-loop"  # back in the interpreter's loop
    SIGNAL = "signal"  # another signal was delivered
    TRAP_FLAG = "trap-flag"  # at an instruction that reads or writes the flag that steps need
    TOO_MANY_STEPS = "too-many-steps"
    TOO_LONG = "too-long"
    ENDED = "ended"  # the thread is gone


class CodeRole(StrEnum):
    """Whose C code a program file is."""

    C_LIBRARY = "c-library"  # libc, libpthread, the loader, the vDSO: they hand EINTR on
    CPYTHON = "cpython"  # the interpreter and the extension modules that come with it
    CTYPES = "ctypes"  # CPython's _ctypes and the libffi that it calls through
    EXTENSION = "extension"  # an extension module of somebody else
    LIBRARY = "library"  # any other shared library
    PROGRAM = "program"  # an executable that is not the interpreter (it embeds it)


@dataclass(frozen=True)
class Package:
    """An installed distribution that owns a file (PEP 376, RECORD), or the system's package."""

    name: str
    version: str | None
