"""How verdicts put times, places, calls and exceptions into words."""

from __future__ import annotations

import errno

from eintr_trace.facts.signals import signal_name
from eintr_trace.model.episodes import RaisedException
from eintr_trace.model.events import SignalInfo, Syscall
from eintr_trace.model.python_state import CodeLocation, PythonFrame

THE_SIGNAL = "the signal"
_NS_PER_US = 1_000
_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000
_READS = ("read", "readv", "pread64", "preadv", "preadv2", "recvfrom", "recvmsg")
_WRITES = ("write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg", "sendfile")
_TRANSFERS_BYTES = frozenset((*_READS, *_WRITES, "splice", "copy_file_range"))


def duration(nanoseconds: int) -> str:
    """Say a duration with a unit that fits: ``1.2 s``, ``3.4 ms``, ``56 µs``."""
    if nanoseconds >= _NS_PER_S:
        return f"{nanoseconds / _NS_PER_S:.3g} s"
    if nanoseconds >= _NS_PER_MS:
        return f"{nanoseconds / _NS_PER_MS:.3g} ms"
    return f"{nanoseconds / _NS_PER_US:.3g} µs"


def later(span_ns: int | None, what: str = THE_SIGNAL) -> str:
    """Say ``, 1.2 s after the signal``; nothing where that is not known."""
    return "" if span_ns is None else f", {after_the_signal(span_ns, what)}"


def after_the_signal(span_ns: int | None, what: str = THE_SIGNAL) -> str:
    """Say ``1.2 s after the signal``, or ``afterwards`` where that is not known.

    ``what`` names what it was instead, where no signal came.
    """
    return "afterwards" if span_ns is None else f"{duration(span_ns)} after {what}"


def bare_name(function: str) -> str:
    """Give ``read`` for ``TSocket.read``."""
    return function.rpartition(".")[2]


def place(location: CodeLocation) -> str:
    """Say ``TSocket.read (TSocket.py:152)``; the line only where it is known."""
    file = location.file.rpartition("/")[2]
    where = file if location.line is None else f"{file}:{location.line}"
    return f"{location.function} ({where})"


def signal_and_sender(signal: SignalInfo) -> str:
    """Say ``SIGUSR1 (sent by bash, pid 4711)``, as far as the sender is known."""
    news = child_news(signal)
    if news is not None:
        return f"{signal.name} ({news})"
    if not signal.sender_pid:
        return signal.name
    sender = f"pid {signal.sender_pid}"
    if signal.sender_command is not None:
        sender = f"{signal.sender_command}, {sender}"
    return f"{signal.name} (sent by {sender})"


def child_news(signal: SignalInfo) -> str | None:
    """Say what the kernel's SIGCHLD tells: ``child 4711 exited with status 1``; else ``None``.

    wait(2), sigaction(2): si_status is the exit status with CLD_EXITED, else a signal.
    """
    happened = _CHILD_NEWS.get(signal.code or "")
    if happened is None or signal.sender_pid is None:
        return None
    verb, joint = happened
    if signal.child_status is None or not joint:
        return f"child {signal.sender_pid} {verb}"
    is_exit = signal.code == "CLD_EXITED"
    status = str(signal.child_status) if is_exit else signal_name(signal.child_status)
    return f"child {signal.sender_pid} {verb} {joint} {status}"


_CHILD_NEWS = {
    "CLD_EXITED": ("exited", "with status"),
    "CLD_KILLED": ("was killed", "by"),
    "CLD_DUMPED": ("was killed", "with a core dump by"),
    "CLD_TRAPPED": ("was trapped", "by"),
    "CLD_STOPPED": ("was stopped", "by"),
    "CLD_CONTINUED": ("was continued", ""),
}


def exception(raised: RaisedException) -> str:
    """Say ``socket.error(4, 'Interrupted system call')``."""
    parts = [] if raised.errno is None else [str(raised.errno)]
    if raised.message is not None:
        # str() of an OSError says the errno again.
        parts.append(repr(raised.message.removeprefix(f"[Errno {raised.errno}] ")))
    return f"{raised.type_name}({', '.join(parts)})"


def called(frame: PythonFrame | None, syscall: Syscall) -> str:
    """Name the function that Python was calling; the system call where that is not known."""
    return syscall.name if frame is None or frame.calls is None else frame.calls


def result(name: str, retval: int) -> str:
    """Say what a call gave: ``returned 65536 bytes``, ``failed with ECONNRESET``."""
    if retval < 0:
        return f"failed with {errno.errorcode.get(-retval, f'errno {-retval}')}"
    if name in _TRANSFERS_BYTES:
        return f"returned {bytes_said(retval)}"
    return f"returned {retval}"


def counted(count: int, noun: str) -> str:
    """Say ``1 event``, ``2 events``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def bytes_said(count: int) -> str:
    """Say ``1 byte``, ``65536 bytes``."""
    return counted(count, "byte")
