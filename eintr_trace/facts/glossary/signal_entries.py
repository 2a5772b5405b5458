"""Entries of signals, made of the table of signals and of ``signals.toml``."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from eintr_trace.facts.glossary.entry import Entry, Topic, toml_rows
from eintr_trace.facts.signals import (
    CITATION,
    GLIBC_SIGRTMIN,
    KERNEL_SIGRTMIN,
    SIGRTMAX,
    DefaultAction,
    default_action,
    signal_name,
)

_DEFAULT: Final = {
    DefaultAction.TERMINATE: "ends the process",
    DefaultAction.CORE: "ends the process, with a core dump where those are on",
    DefaultAction.IGNORE: "does nothing",
    DefaultAction.STOP: "stops the process until SIGCONT comes",
    DefaultAction.CONTINUE: "lets a stopped process go on",
}
_NOT_TO_BE_CAUGHT: Final = frozenset({"SIGKILL", "SIGSTOP"})
_NOTHING_AT_ALL: Final = (
    "Ignored or left to its default, it is dropped by the kernel and interrupts no call; under a"
    " tracer it is delivered all the same, so that it may end epoll_wait with EINTR"
    " (tracer-induced: ignored)."
)
_STOPPING: Final = (
    "A stop needs no handler to interrupt: after SIGCONT the kernel makes the call again, but"
    " those that return EINTR outright (epoll_wait, semop, sigtimedwait, sockets with a timeout)"
    " fail."
)
_ENDING: Final = (
    "Without a handler a call that it finds waiting is over with the process. With one, the call"
    " ends with EINTR or is made again, by its restart code and SA_RESTART."
)
_UNCAUGHT: Final = "No program can catch, ignore or block it, so no call ends with EINTR by it."
_SYNCHRONOUS: Final = (
    "The kernel sends it to the very thread whose instruction failed, outside any system call; a"
    " Python handler cannot help, as it runs only once the C code has returned. faulthandler"
    " prints the Python frames."
)
_STOPS: Final = """\
eintr-trace -- python3 -c '
import os, subprocess, time
me = os.getpid()
subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -{stop} {{me}}; sleep 0.1; kill -CONT {{me}}"])
time.sleep(0.8)'"""
_FAULTS: Final = frozenset({"SIGILL", "SIGBUS", "SIGFPE", "SIGSEGV"})


@dataclass(frozen=True)
class _Known:
    sent: str
    python: str | None
    words: tuple[str, ...] = ()


@cache
def signal_entries() -> tuple[Entry, ...]:
    """Give an entry for each signal, from 1 to the last real-time one."""
    known = {
        row["name"]: _Known(row["sent"], row.get("python"), tuple(row.get("words", ())))
        for row in toml_rows("signals.toml", "signal")
    }
    return tuple(_entry(signo, known) for signo in range(1, SIGRTMAX + 1))


def _entry(signo: int, known: dict[str, _Known]) -> Entry:
    name, action = signal_name(signo), default_action(signo)
    one = known.get(name) or _Known(_realtime_sender(signo), None)
    python = "" if one.python is None else f" Python's own setting: {one.python}."
    return Entry(
        words=(*_words(signo, name), *one.words),
        topic=Topic.SIGNALS,
        short=f"Signal {signo}, sent by {one.sent}. By default it {_DEFAULT[action]}.{python}",
        why=tuple(_why(signo, name, action)),
        see_also=("SA_RESTART", "SIG_IGN", "process-directed", "EINTR"),
        see_it=_command(signo, name, action),
        shows=_shows(name, action),
        citation=(CITATION, "eintr_trace/facts/signals.py"),
    )


def _realtime_sender(signo: int) -> str:
    if signo < GLIBC_SIGRTMIN:
        return "glibc to its own threads (thread cancellation, setuid in all threads)"
    return "programs, with sigqueue(3), timer_create(2) or kill(2)"


def _words(signo: int, name: str) -> Iterator[str]:
    yield name
    yield f"signal {signo}"
    yield f"SIG{signo}"
    yield name.removeprefix("SIG")
    for other, number in signal.Signals.__members__.items():
        if number == signo and other != name and signo < KERNEL_SIGRTMIN:
            yield other


def _why(signo: int, name: str, action: DefaultAction) -> Iterator[str]:
    if name in _NOT_TO_BE_CAUGHT:
        yield _UNCAUGHT
    if action in {DefaultAction.STOP, DefaultAction.CONTINUE}:
        yield _STOPPING
    elif action is DefaultAction.IGNORE:
        yield _NOTHING_AT_ALL
    elif name not in _NOT_TO_BE_CAUGHT:
        yield _ENDING
    if name in _FAULTS:
        yield _SYNCHRONOUS
    if signo >= KERNEL_SIGRTMIN:
        yield (
            "A real-time signal: several of one kind queue, in order, where of a standard signal"
            " one is pending at a time. strace counts from the kernel's SIGRTMIN, 32"
            f" ({name}); glibc and kill -l count from 34, as it keeps the first two."
        )
        return
    if name not in _NOT_TO_BE_CAUGHT:
        yield (
            "While one is pending for a process or thread, more of the same kind that come are"
            " dropped: a handler may run once for many."
        )


def _command(signo: int, name: str, action: DefaultAction) -> str:
    if name == "SIGKILL":
        return "sh -c 'kill -KILL $$'; echo $?"
    if signo >= KERNEL_SIGRTMIN or action is DefaultAction.IGNORE:
        return f"eintr-trace -- python3 -c 'import os; os.kill(os.getpid(), {signo})'"
    if action in {DefaultAction.STOP, DefaultAction.CONTINUE}:
        return _STOPS.format(stop="STOP" if name == "SIGCONT" else name.removeprefix("SIG"))
    return f"eintr-trace -- sh -c 'ulimit -c 0; kill -{signo} $$'"


def _shows(name: str, action: DefaultAction) -> str:
    if name == "SIGKILL":
        return "137, the shell's status for a process that signal 9 ended: 128 + 9"
    match action:
        case DefaultAction.TERMINATE | DefaultAction.CORE:
            return "died: the default action ended the process"
        case DefaultAction.IGNORE:
            return "tracer-induced: ignored. Without a tracer nothing would have come of it"
        case DefaultAction.STOP | DefaultAction.CONTINUE:
            return "restarted-by-kernel: after SIGCONT the kernel goes on with the sleep"
