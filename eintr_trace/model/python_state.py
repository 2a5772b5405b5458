"""What was read from a CPython process at one stop: frames, exceptions, signal handlers.

Stacks are innermost first. Exceptions run from the first raised to the last it became.
``None`` means not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class CodeLocation:
    """A place in Python source: ``line`` counts from 1, ``file`` is what the code object says."""

    function: str
    file: str
    line: int | None


class CalleeKind(StrEnum):
    """What kind of callable a call instruction calls, as far as C code is meant."""

    C_FUNCTION = "C function"  # of CPython's or of an extension: the name tells
    CTYPES = "ctypes"  # a foreign function, called through ctypes
    OTHER = "other"  # neither: an extension's own kind of callable


@dataclass(frozen=True)
class Callee:
    """What an instruction calls.

    The ``name`` of a C function begins with its module, or with the type whose method it is:
    ``posix.read``, ``file.read``. A type has its own.
    """

    kind: CalleeKind
    name: str | None


@dataclass(frozen=True)
class PythonFrame:
    """One Python frame.

    ``address`` and ``code_address`` identify the frame and its code object while it lives;
    ``instruction_offset`` is the byte offset of the instruction being executed in the
    bytecode (CPython's ``f_lasti``, in bytes on every version). ``calls`` is the name the
    instruction calls (``recv`` for ``self.handle.recv(sz)``), decoded from the bytecode;
    ``callee`` the C callable found on the frame's value stack. ``variables`` is a checksum of
    which objects its local variables are: another one shows that its code has run.
    """

    location: CodeLocation
    address: int
    code_address: int
    instruction_offset: int | None
    calls: str | None = None
    callee: Callee | None = None
    variables: int | None = None


class ExceptionOrigin(StrEnum):
    """Where an exception object was found."""

    PENDING = "pending"  # raised and on its way: curexc_*, current_exception
    HANDLED = "handled"  # in an except block: exc_*, exc_info
    LAST = "sys.last_value"  # nobody caught it: PyErr_PrintEx stored it
    CAUSE = "__cause__"
    CONTEXT = "__context__"
    ARGUMENT = "args"  # found in the args of the exception it became (2.7 has no chain)
    ATTRIBUTE = "attribute"  # found in its __dict__, e.g. Thrift's ``.inner``


@dataclass(frozen=True)
class TracebackEntry:
    """One entry of an exception's traceback.

    The first entry of a traceback is the frame that caught the exception (or the outermost,
    if none did), the last is where it was raised. ``except_line`` is the line of the
    ``except``, ``finally`` or ``with`` of this frame's code that covers the instruction.
    ``code_address`` identifies the code object while it lives.
    """

    location: CodeLocation
    frame_address: int
    instruction_offset: int | None
    except_line: int | None = None
    code_address: int | None = None


@dataclass(frozen=True)
class PythonException:
    """One exception object, or 2.7's not yet normalised type and value.

    ``type_name`` is qualified as far as known (``socket.error``, ``InterruptedError``).
    ``type_bases`` are the names along ``tp_base``. ``traceback`` is outermost first, as
    CPython chains it; empty when the object carries none (2.7 keeps it beside the object).
    ``attribute`` names the attribute for ``ExceptionOrigin.ATTRIBUTE``.
    """

    type_name: str
    errno: int | None
    message: str | None
    origin: ExceptionOrigin
    address: int
    type_bases: tuple[str, ...] = ()
    traceback: tuple[TracebackEntry, ...] = ()
    attribute: str | None = None


class HandlerKind(StrEnum):
    """What CPython's own table of signal handlers holds for a signal."""

    FUNCTION = "function"  # a Python callable: CPython's C handler is installed
    DEFAULT = "default"  # signal.SIG_DFL
    IGNORE = "ignore"  # signal.SIG_IGN
    NOT_PYTHON = "not-python"  # None: not installed from Python


class HandlerEnd(StrEnum):
    """How the call of a Python signal handler ended."""

    RETURNED = "returned"
    RAISED = "raised"


class RaiseUse(StrEnum):
    """What a function's bytecode says of its raising; what it calls may raise all the same."""

    NEVER = "never"  # no raise statement
    SOMETIMES = "sometimes"
    ALWAYS = "always"  # it cannot return


@dataclass(frozen=True)
class PythonHandler:
    """The entry of one signal in CPython's ``Handlers`` table (Modules/signalmodule.c).

    ``tripped`` is true between CPython's C handler and the call of the Python function.
    ``last_end`` is how the function's last call ended (of this signal or an earlier one), from
    the instruction that its frame, which is gone, was at.
    """

    signo: int
    kind: HandlerKind
    location: CodeLocation | None
    code_address: int | None
    tripped: bool | None
    raises: RaiseUse | None = None
    last_end: HandlerEnd | None = None


@dataclass(frozen=True)
class PythonSnapshot:
    """One thread's Python state at one moment.

    ``exceptions`` is the chain that ends in the pending exception if there is one, else in
    the handled one, else in ``sys.last_value`` (asked for only where no frame is left).
    ``problem`` says why the snapshot is shorter than the truth; ``None``: it is whole.
    ``attached``: the thread has a Python thread state at all.
    """

    frames: tuple[PythonFrame, ...]
    exceptions: tuple[PythonException, ...]
    handler: PythonHandler | None = None
    is_python_main_thread: bool | None = None
    attached: bool = True
    problem: str | None = None


class Implementation(StrEnum):
    """Whose interpreter it is, as ``platform.python_implementation()`` says it."""

    CPYTHON = "CPython"
    PYPY = "PyPy"


@dataclass(frozen=True)
class Interpreter:
    """The interpreter found in a process. Only CPython's memory is read.

    ``version`` is that of the language, as far as it is known: ``X.Y.Z``, ``X.Y`` or ``X``.
    ``offsets_from`` says what the layouts come from: ``_Py_DebugOffsets`` or the project's
    table and its row; ``None``: nothing of it is read. ``free_threaded`` is CPython's build
    without the GIL.
    """

    implementation: Implementation
    version: str
    offsets_from: str | None
    free_threaded: bool = False

    @property
    def name(self) -> str:
        """Name it for people: ``PyPy 3.11.17``."""
        return f"{self.implementation.value} {self.version}"
