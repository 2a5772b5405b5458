"""What one line of an strace log says, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Stamp(Enum):
    """What a line's time is."""

    TIME_OF_DAY = auto()  # -t, -tt: nanoseconds since midnight
    EPOCH = auto()  # -ttt: nanoseconds of CLOCK_REALTIME
    SINCE_LAST_LINE = auto()  # -r: nanoseconds since the line before it, of any thread


@dataclass(frozen=True, slots=True)
class Prefix:
    """What stands before a line's own text: strace.c, printleader().

    ``pid`` is ``None`` where strace follows one thread only. ``ip`` is the instruction pointer
    (``-i``), ``nr`` the call's number (``-n``).
    """

    pid: int | None = None
    stamp: Stamp | None = None
    time_ns: int = 0
    ip: int | None = None
    nr: int | None = None


NO_PREFIX = Prefix()


@dataclass(frozen=True, slots=True)
class Result:
    """What follows ``=``: syscall.c, syscall_exiting_trace().

    ``value`` is ``None`` for ``?``. ``error`` is the name after it (``EINTR``,
    ``ERESTARTSYS``). ``injected``: strace put it in the place of the kernel's.
    """

    value: int | None
    error: str | None = None
    injected: bool = False


class CallPart(Enum):
    """How much of a call is on a line."""

    WHOLE = auto()
    BEGINNING = auto()  # <unfinished ...>
    REST = auto()  # <... recvfrom resumed>
    CUT_BEGINNING = auto()  # the line ends within the arguments
    CUT_REST = auto()  # only the end of the arguments and the result: after such a line
    ABANDONED = auto()  # <detached ...>, <pid changed to N ...>


@dataclass(frozen=True, slots=True)
class CallLine:
    """A system call, or a part of one.

    ``name`` is empty for a cut rest. ``arguments`` is the text within the parentheses, as far
    as it is on this line. ``spent_ns`` is the time in the call (``-T``).
    """

    prefix: Prefix
    part: CallPart
    name: str
    arguments: str
    result: Result | None = None
    spent_ns: int | None = None


@dataclass(frozen=True, slots=True)
class SignalLine:
    """``--- SIGUSR1 {si_signo=SIGUSR1, …} ---``; ``fields`` are those of the braces."""

    prefix: Prefix
    signo: int
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class StoppedLine:
    """``--- stopped by SIGSTOP ---``: a group-stop."""

    prefix: Prefix
    signo: int


@dataclass(frozen=True, slots=True)
class EndedLine:
    """``+++ exited with 0 +++`` or ``+++ killed by SIGKILL +++``."""

    prefix: Prefix
    status: int | None
    signo: int | None


@dataclass(frozen=True, slots=True)
class SupersededLine:
    """``+++ superseded by execve in pid 7 +++``: that thread has become this process."""

    prefix: Prefix
    by: int


@dataclass(frozen=True, slots=True)
class StackLine:
    """One frame of ``-k``, innermost first; ``None`` is not known.

    ``offset`` counts from ``function``, ``address`` from the beginning of ``file``.
    """

    file: str | None
    function: str | None
    offset: int | None
    address: int | None


@dataclass(frozen=True, slots=True)
class AttachedLine:
    """``Process 7 attached``; ``threads`` are those that were there already (``-f -p``)."""

    pid: int
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A line of strace's own that says nothing of a thread: a warning, a row of ``-c``.

    ``other_abi``: a process runs in another mode than strace's, so numbers mean other calls.
    """

    other_abi: bool = False


Line = (
    CallLine
    | SignalLine
    | StoppedLine
    | EndedLine
    | SupersededLine
    | StackLine
    | AttachedLine
    | NoticeLine
)
