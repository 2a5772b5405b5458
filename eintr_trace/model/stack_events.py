"""What was seen of a thread's C side; events beside those of module ``events``.

The tracer copies registers and bytes (``CodeMapped``, ``StackCopied``, ``Stepped``); the
reporting process turns these into names before they are recorded (``LibrarySeen``,
``StackSeen``, ``PathSeen``), so that a recording can be read where the files are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from eintr_trace.model.c_stack import CodeRole, CStack, Package, PathEnd, PathStep, Registers
from eintr_trace.model.events import Event, Reduction


class StackMoment(StrEnum):
    """What the thread was doing when its C stack was seen."""

    INTERRUPTED = "interrupted"  # in the stop that met the call; told right after that stop
    ENTERING = "entering"  # at a syscall-enter-stop; told right before it
    PROBE = "probe"  # running: a sample of a breakpoint or watchpoint


@dataclass(frozen=True)
class CodeMapping:
    """One executable mapping (proc_pid_maps(5)); ``path`` is empty for memory of no file."""

    start: int
    end: int
    file_offset: int
    path: str


@dataclass(frozen=True)
class CodeMapped(Event):
    """The executable mappings of a process, before the first stack that needs them.

    Told again when they have changed; ``exe`` is the executable's path.
    """

    mappings: tuple[CodeMapping, ...]
    exe: str | None = None


@dataclass(frozen=True)
class StackCopied(Event):
    """Registers and a copy of the stack from ``registers.rsp`` on, still to be unwound.

    ``copy`` is the bytes, compressed with zlib, in base64. ``probe``, ``retval``: as in
    ``StackSeen``.
    """

    moment: StackMoment
    registers: Registers
    copy: str
    probe: str | None = None
    retval: int | None = None


@dataclass(frozen=True)
class Stepped(Event):
    """A thread was single-stepped from ``rt_sigreturn``'s return on, still to be named.

    ``addresses`` are those of the instructions, in order, as 64-bit words, compressed with
    zlib, in base64; ``took_ns`` is how long it took.
    """

    addresses: str
    end: PathEnd
    took_ns: int


@dataclass(frozen=True)
class LibrarySeen(Event):
    """A program file that a named frame lies in; told once a process, before that frame.

    ``file`` is the path as in ``CFrame``. ``module`` is the Python name of an extension module,
    ``soname`` a library's DT_SONAME, ``version`` what its name or symbols say of its version.
    """

    file: str
    role: CodeRole
    module: str | None = None
    soname: str | None = None
    version: str | None = None
    package: Package | None = None
    build_id: str | None = None
    deleted: bool = False


@dataclass(frozen=True)
class StackSeen(Event):
    """The C stack of a thread.

    ``probe`` names what was hit, for the moment of that name: a function (its entry),
    ``Handlers[].tripped`` (CPython is about to run a Python handler), or the place in the
    evaluation loop that the interrupted call returns to; then ``retval`` is what it returned.
    """

    moment: StackMoment
    stack: CStack
    probe: str | None = None
    retval: int | None = None


@dataclass(frozen=True)
class PathSeen(Event):
    """The whole way of a thread from the return of the interrupted call, function by function."""

    steps: tuple[PathStep, ...]
    end: PathEnd
    took_ns: int


@dataclass(frozen=True)
class NotReturned(Event):
    """By now the interrupted call, watched for since it got EINTR, has not returned.

    It would return to the instruction at ``address``, in the evaluation loop, with the stack
    pointer ``sp``.
    """

    address: int
    sp: int


@dataclass(frozen=True)
class DecisionUnwatched(Event):
    """No probe was set for an interruption that this thread is in; ``reason`` is why."""

    reason: Reduction
