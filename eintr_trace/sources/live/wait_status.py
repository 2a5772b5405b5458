"""waitid(2)'s answer for a traced thread, as one of a closed set of stops.

The thread is only looked at (WNOWAIT): a stop that was consumed would swallow its signal if
the tracer died before resuming it. Under PTRACE_SEIZE the stops are told apart by the status
alone (ptrace(2), "Stopped states").
"""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import dataclass
from enum import IntEnum

# linux/wait.h; Python's os module has no names for them. Threads are waited for as well as
# processes, but only what this thread traces: the reporting child is the main thread's.
_WALL = 0x40000000
_WNOTHREAD = 0x20000000
_OURS = os.WNOHANG | _WALL | _WNOTHREAD
_LOOK = _OURS | os.WEXITED | os.WSTOPPED | os.WNOWAIT
_SYSGOOD_SIGTRAP = signal.SIGTRAP | 0x80  # PTRACE_O_TRACESYSGOOD
_EVENT_SHIFT = 8
_EVENT_STOP = 128  # PTRACE_EVENT_STOP, linux/ptrace.h


class PtraceEvent(IntEnum):
    """PTRACE_EVENT_* (linux/ptrace.h) of the options we set."""

    FORK = 1
    VFORK = 2
    CLONE = 3
    EXEC = 4


@dataclass(frozen=True)
class SignalDeliveryStop:
    """A signal is about to be delivered to this thread."""

    signo: int


@dataclass(frozen=True)
class SyscallStop:
    """syscall-enter-stop or syscall-exit-stop."""


@dataclass(frozen=True)
class GroupStop:
    """The whole process is being stopped by ``signo``."""

    signo: int


@dataclass(frozen=True)
class TrapStop:
    """PTRACE_EVENT_STOP with SIGTRAP: a new thread, or SIGCONT was sent."""


@dataclass(frozen=True)
class EventStop:
    """clone, fork, vfork or exec."""

    event: PtraceEvent


@dataclass(frozen=True)
class Exited:
    """The thread (for a thread-group leader: the process) ended with ``status``."""

    status: int


@dataclass(frozen=True)
class Killed:
    """Likewise, by the signal ``signo``."""

    signo: int


Stop = SignalDeliveryStop | SyscallStop | GroupStop | TrapStop | EventStop | Exited | Killed


def look_at(tid: int) -> Stop | None:
    """The stop ``tid`` is in, left to be seen again; ``None`` if it is running.

    Raises ChildProcessError when it is not (or no longer) ours to wait for.
    """
    answer = os.waitid(os.P_PID, tid, _LOOK)
    return None if answer is None else _stop_of(answer)


def look_at_any() -> tuple[int, Stop] | None:
    """Some thread that has stopped or ended: always the first in the kernel's list.

    Raises ChildProcessError when there is nothing left to wait for.
    """
    answer = os.waitid(os.P_ALL, 0, _LOOK)
    return None if answer is None else (answer.si_pid, _stop_of(answer))


def reap(tid: int) -> None:
    """Take the end of a traced thread from the kernel, which reports it until then."""
    os.waitid(os.P_PID, tid, _OURS | os.WEXITED)


def reap_for_other_thread(tid: int) -> None:
    """Likewise a thread that another thread of this process traces."""
    try:
        os.waitid(os.P_PID, tid, os.WEXITED | os.WNOHANG | _WALL)
    except ChildProcessError:
        return  # reaped already


def consume_exec_stop(tid: int) -> None:
    """Take an exec's stop from the kernel, the one kind that may and must be taken.

    Until then ptrace(2) refuses the thread with ESRCH where it was not the leader that
    executed (kernel/ptrace.c, looks_like_a_spurious_pid); no signal hangs on this stop.
    Raises ProcessLookupError when the thread was killed meanwhile.
    """
    try:
        answer = os.waitid(os.P_PID, tid, _OURS | os.WSTOPPED)
    except ChildProcessError:
        answer = None
    if answer is None:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))


def _stop_of(answer: os.waitid_result) -> Stop:
    if answer.si_code == os.CLD_EXITED:
        return Exited(answer.si_status)
    if answer.si_code in (os.CLD_KILLED, os.CLD_DUMPED):
        return Killed(answer.si_status)
    status = answer.si_status
    if status == _SYSGOOD_SIGTRAP:
        return SyscallStop()
    event = status >> _EVENT_SHIFT
    signo = status & 0xFF
    if event == 0:
        return SignalDeliveryStop(signo)
    if event != _EVENT_STOP:
        return EventStop(PtraceEvent(event))
    return TrapStop() if signo == signal.SIGTRAP else GroupStop(signo)
