"""What the parser makes of lines: whole calls and what else befell a thread, in order."""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.sources.strace_log.lines import Result, StackLine


@dataclass(frozen=True, slots=True)
class NumberedLine:
    """A line of the log as it stands there; ``number`` counts from 1."""

    number: int
    text: str
    time_ns: int


@dataclass(frozen=True, slots=True)
class CallBegan:
    """The beginning of a call; its rest is on a later line, unless ``is_whole``."""

    tid: int
    line: NumberedLine
    name: str
    arguments: str
    ip: int | None
    nr: int | None
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A call with its result.

    ``began`` is ``None`` where the call's beginning is not in the log, and the same as
    ``ended`` where all of it is on one line. ``ended_ns`` is when it came back: with ``-T``
    and on a line of its own exactly, else at the latest. ``frames`` are those of ``-k``.
    """

    tid: int
    began: NumberedLine | None
    ended: NumberedLine
    ended_ns: int
    name: str
    arguments: str
    result: Result
    ip: int | None
    nr: int | None
    frames: tuple[StackLine, ...] = ()


@dataclass(frozen=True, slots=True)
class SignalArrived:
    """A signal was delivered."""

    tid: int
    line: NumberedLine
    signo: int
    fields: dict[str, str]
    ip: int | None


@dataclass(frozen=True, slots=True)
class ThreadStopped:
    """A group-stop."""

    tid: int
    line: NumberedLine
    signo: int


@dataclass(frozen=True, slots=True)
class ThreadGone:
    """A thread has ended, with a status or by a signal."""

    tid: int
    line: NumberedLine
    status: int | None
    signo: int | None


@dataclass(frozen=True, slots=True)
class ThreadBecameProcess:
    """Another thread's execve succeeded, and it goes on under the process's number."""

    tid: int
    line: NumberedLine
    former_tid: int


Item = CallBegan | CallEnded | SignalArrived | ThreadStopped | ThreadGone | ThreadBecameProcess
