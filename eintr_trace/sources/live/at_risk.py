"""Threads that a signal which does nothing untraced could harm while they are traced.

The kernel drops a signal that is ignored, and SIGCONT to a process that is not stopped, unless
the process is traced: then it is delivered (sig_ignored(), kernel/signal.c), and a call that
returns EINTR outright ends with it. All here is read before attaching, and nothing is stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from eintr_trace.facts.pep475 import decide_pep475, parse_version
from eintr_trace.facts.signals import DefaultAction, default_action, signal_name
from eintr_trace.facts.syscalls import can_return_raw_eintr, is_sending, returns_raw_eintr
from eintr_trace.interpreter.reader import InterpreterReader
from eintr_trace.model.events import Disposition
from eintr_trace.sources.live import binding, proc
from eintr_trace.sources.live.descriptors import SocketTimeouts, socket_timeouts
from eintr_trace.sources.live.proc import BlockedCall

_THREADS_NAMED = 4
_STACKS_READ = 64  # for the name of what Python calls, where there are many such threads
_LAST_STANDARD_SIGNAL = 31


class Harm(Enum):
    """What EINTR does to the code that made the call; the most harmful first."""

    NOT_CALLED_AGAIN = "{python} does not call again: the program gets an error"
    MAY_FAIL = "the code that called is not known to call again"
    TIME_LIMIT_STARTS_AGAIN = "{python} calls again, and the socket's time limit starts anew"


@dataclass(frozen=True)
class ThreadAtRisk:
    """A thread blocked in ``syscall``; ``option`` is the socket option that makes it one."""

    tid: int
    syscall: str
    option: str | None
    harm: Harm


def warn_of_threads_at_risk(tgid: int, reader: InterpreterReader | None) -> str | None:
    """Say which threads of a process are at risk, and by which signals; ``None``: none are."""
    threads = sorted(Look(tgid, reader).threads(), key=lambda one: list(Harm).index(one.harm))
    if not threads:
        return None
    interpreter = None if reader is None else reader.interpreter
    python = "" if interpreter is None else f"{interpreter.implementation} {interpreter.version}"
    groups = "; ".join(
        f"{harm.value.format(python=python)}: {_named(tgid, members)}"
        for harm in Harm
        if (members := [one for one in threads if one.harm is harm])
    )
    count = "one thread" if len(threads) == 1 else f"{len(threads)} threads"
    return (
        f"only because a tracer is there, signals that process {tgid} ignores"
        f" ({_ignored_signals(tgid)}), and SIGCONT, interrupt the calls of {count}. {groups}"
    )


class Look:
    """One look at the threads of a process; each socket is asked once."""

    def __init__(self, tgid: int, reader: InterpreterReader | None) -> None:
        self._tgid = tgid
        self._reader = reader
        self._timeouts: dict[int, SocketTimeouts | None] = {}
        self._stacks_left = _STACKS_READ

    def threads(self) -> Iterator[ThreadAtRisk]:
        """The threads at risk."""
        try:
            tids = proc.thread_ids(self._tgid)
        except OSError:
            return  # it has ended, which attaching will tell
        for tid in tids:
            blocked = proc.blocked_call(tid)
            thread = None if blocked is None else self.at(tid, blocked)
            if thread is not None:
                yield thread

    def at(self, tid: int, blocked: BlockedCall) -> ThreadAtRisk | None:
        """The thread that is blocked in this call, if it is at risk."""
        syscall = binding.syscall_name(blocked.nr)
        if not can_return_raw_eintr(syscall):
            return None
        option = None
        if returns_raw_eintr(syscall) is None:
            # It does on a socket with a time limit; the descriptor is the first argument.
            option = _option(syscall, self._timeouts_of(blocked.args[0]))
            if option is None:
                return None
        harm = _harm(self._reader, syscall, self._called(tid), option)
        return None if harm is None else ThreadAtRisk(tid, syscall, option, harm)

    def _timeouts_of(self, fd: int) -> SocketTimeouts | None:
        if fd not in self._timeouts:
            self._timeouts[fd] = socket_timeouts(self._tgid, fd)
        return self._timeouts[fd]

    def _called(self, tid: int) -> str | None:
        """The function that Python is calling; a blocked thread's own frames stand still."""
        if self._reader is None or not self._stacks_left:
            return None
        self._stacks_left -= 1
        frames = self._reader.snapshot(tid, fs_base=None, signo=None).frames
        return frames[0].calls if frames else None


def _option(syscall: str, timeouts: SocketTimeouts | None) -> str | None:
    """The option that bounds this call, if it is set."""
    if timeouts is None:
        return None
    if is_sending(syscall):
        return "SO_SNDTIMEO" if timeouts.send_ns else None
    return "SO_RCVTIMEO" if timeouts.receive_ns else None


def _harm(
    reader: InterpreterReader | None, syscall: str, called: str | None, option: str | None
) -> Harm | None:
    if reader is None:
        return Harm.MAY_FAIL
    version = parse_version(reader.interpreter.version)
    match decide_pep475(version, syscall, called).calls_again:
        case True:
            return None if option is None else Harm.TIME_LIMIT_STARTS_AGAIN
        case False:
            return Harm.NOT_CALLED_AGAIN
        case None:
            return Harm.MAY_FAIL


def _named(tgid: int, threads: list[ThreadAtRisk]) -> str:
    named = [_name(tgid, one) for one in threads[:_THREADS_NAMED]]
    if len(threads) > _THREADS_NAMED:
        named.append(f"and {len(threads) - _THREADS_NAMED} more")
    return ", ".join(named)


def _name(tgid: int, thread: ThreadAtRisk) -> str:
    who = f"main thread {thread.tid}" if thread.tid == tgid else f"thread {thread.tid}"
    limit = "" if thread.option is None else f" with {thread.option}"
    return f"{who} in {thread.syscall}{limit}"


def _ignored_signals(tgid: int) -> str:
    """The standard signals that the process ignores, by its own choice or by default."""
    masks = proc.signal_masks(tgid)
    if masks is None:
        return "not known"
    signals = range(1, _LAST_STANDARD_SIGNAL + 1)
    by_choice = [n for n in signals if masks.disposition(n) is Disposition.IGNORED]
    by_default = [
        n
        for n in signals
        if masks.disposition(n) is Disposition.DEFAULT and default_action(n) is DefaultAction.IGNORE
    ]
    parts = [", ".join(map(signal_name, by_choice))] if by_choice else []
    if by_default:
        parts.append("by default " + ", ".join(map(signal_name, by_default)))
    return "; ".join(parts) or "none now"
