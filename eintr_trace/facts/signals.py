"""Signals: their names, what they do by default, and how they were sent.

Names are strace's: real-time signals count from the kernel's SIGRTMIN, which is 32
(``SIGRT_2`` is 34, the first that glibc leaves to programs and calls SIGRTMIN).
"""

from __future__ import annotations

import re
import signal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

KERNEL_SIGRTMIN: Final = 32
GLIBC_SIGRTMIN: Final = (
    34  # nptl keeps 32 and 33 for itself: glibc 2.36 sysdeps/unix/sysv/linux/internal-signals.h
)
SIGRTMAX: Final = 64  # x86_64; include/uapi/asm-generic/signal.h: SIGRTMAX is _NSIG

CITATION: Final = "signal(7), Standard signals; linux 6.12 include/uapi/asm-generic/siginfo.h"


class DefaultAction(StrEnum):
    """What a signal does to a process that neither catches nor ignores it; signal(7)."""

    TERMINATE = "terminate"
    CORE = "terminate with a core dump"
    IGNORE = "ignore"
    STOP = "stop"
    CONTINUE = "continue"


FATAL_ACTIONS: Final = frozenset({DefaultAction.TERMINATE, DefaultAction.CORE})
"""Those that end a process."""

_CORE = "SIGABRT SIGBUS SIGFPE SIGILL SIGQUIT SIGSEGV SIGSYS SIGTRAP SIGXCPU SIGXFSZ"
_IGNORE = "SIGCHLD SIGURG SIGWINCH"
_STOP = "SIGSTOP SIGTSTP SIGTTIN SIGTTOU"
_NOT_TERMINATING: Final = MappingProxyType(
    dict.fromkeys(_CORE.split(), DefaultAction.CORE)
    | dict.fromkeys(_IGNORE.split(), DefaultAction.IGNORE)
    | dict.fromkeys(_STOP.split(), DefaultAction.STOP)
    | {"SIGCONT": DefaultAction.CONTINUE}
)

# si_code values that mean the same for every signal.
_ANY_SIGNAL_CODES: Final = MappingProxyType(
    {
        0: "SI_USER",  # kill(2)
        0x80: "SI_KERNEL",
        -1: "SI_QUEUE",  # sigqueue(3)
        -2: "SI_TIMER",  # timer_create(2); setitimer(2) and alarm(2) give SI_KERNEL
        -3: "SI_MESGQ",
        -4: "SI_ASYNCIO",
        -5: "SI_SIGIO",
        -6: "SI_TKILL",  # tgkill(2): pthread_kill, raise
        -7: "SI_DETHREAD",
        -60: "SI_ASYNCNL",
    }
)

# Positive si_code values count from 1 in the order of the header, a list for each signal.
_COUNTED_CODES: Final = MappingProxyType(
    {
        "SIGILL": [
            "ILL_ILLOPC",
            "ILL_ILLOPN",
            "ILL_ILLADR",
            "ILL_ILLTRP",
            "ILL_PRVOPC",
            "ILL_PRVREG",
            "ILL_COPROC",
            "ILL_BADSTK",
            "ILL_BADIADDR",
        ],
        "SIGFPE": [
            "FPE_INTDIV",
            "FPE_INTOVF",
            "FPE_FLTDIV",
            "FPE_FLTOVF",
            "FPE_FLTUND",
            "FPE_FLTRES",
            "FPE_FLTINV",
            "FPE_FLTSUB",
        ],
        "SIGSEGV": [
            "SEGV_MAPERR",
            "SEGV_ACCERR",
            "SEGV_BNDERR",
            "SEGV_PKUERR",
            "SEGV_ACCADI",
            "SEGV_ADIDERR",
            "SEGV_ADIPERR",
            "SEGV_MTEAERR",
            "SEGV_MTESERR",
            "SEGV_CPERR",
        ],
        "SIGBUS": ["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"],
        "SIGTRAP": [
            "TRAP_BRKPT",
            "TRAP_TRACE",
            "TRAP_BRANCH",
            "TRAP_HWBKPT",
            "TRAP_UNK",
            "TRAP_PERF",
        ],
        "SIGCHLD": [
            "CLD_EXITED",
            "CLD_KILLED",
            "CLD_DUMPED",
            "CLD_TRAPPED",
            "CLD_STOPPED",
            "CLD_CONTINUED",
        ],
        "SIGIO": ["POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP"],
        "SIGSYS": ["SYS_SECCOMP", "SYS_USER_DISPATCH"],
    }
)


def signal_name(signo: int) -> str:
    """Name a signal as strace does: ``SIGUSR1``, ``SIGRT_2``; else the number as text."""
    if signo == KERNEL_SIGRTMIN:
        return "SIGRTMIN"
    if KERNEL_SIGRTMIN < signo <= SIGRTMAX:
        return f"SIGRT_{signo - KERNEL_SIGRTMIN}"
    try:
        return signal.Signals(signo).name
    except ValueError:
        return str(signo)


def signal_set_text(mask: int) -> str:
    """Write a set of signals (bit signo - 1) as strace does; one with most by those it lacks."""
    members = {signo for signo in range(1, SIGRTMAX + 1) if mask >> signo - 1 & 1}
    inverted = len(members) >= SIGRTMAX * 2 // 3
    shown = set(range(1, SIGRTMAX + 1)) - members if inverted else members
    names = " ".join(signal_name(signo).removeprefix("SIG") for signo in sorted(shown))
    return f"~[{names}]" if inverted else f"[{names}]"


def signal_number(text: str) -> int | None:
    """Read a signal as people and strace write it; ``None`` if there is no such signal.

    ``USR1``, ``SIGUSR1``, ``10``, ``SIGRT_2`` (strace), ``SIGRTMIN+3`` and ``SIGRTMAX-1``
    (kill -l: counted from glibc's SIGRTMIN). A bare ``SIGRTMIN`` is strace's: 32.
    """
    word = text.strip().upper()
    if word.isdecimal():
        return _in_range(int(word))
    if not word.startswith("SIG"):
        word = f"SIG{word}"
    realtime = _realtime_number(word)
    if realtime is not None:
        return _in_range(realtime)
    member = signal.Signals.__members__.get(word)
    return None if member is None else int(member)


def _in_range(signo: int) -> int | None:
    return signo if 1 <= signo <= SIGRTMAX else None


def _realtime_number(word: str) -> int | None:
    match = re.fullmatch(r"SIG(RTMIN\+|RTMAX-|RT_)(\d{1,2})", word)
    if match is not None:
        offset = int(match[2])
        base = {"RTMIN+": GLIBC_SIGRTMIN, "RTMAX-": SIGRTMAX, "RT_": KERNEL_SIGRTMIN}[match[1]]
        return base - offset if match[1] == "RTMAX-" else base + offset
    return {"SIGRTMIN": KERNEL_SIGRTMIN, "SIGRTMAX": SIGRTMAX}.get(word)


def default_action(signo: int) -> DefaultAction:
    """Give what ``signo`` does by default; real-time signals terminate (signal(7))."""
    return _NOT_TERMINATING.get(signal_name(signo), DefaultAction.TERMINATE)


def signal_code_name(signo: int, si_code: int) -> str | None:
    """Name the ``si_code`` of a siginfo_t (sigaction(2)): ``SI_USER``, ``CLD_EXITED``.

    ``None`` for a code the table does not have.
    """
    if si_code in _ANY_SIGNAL_CODES:
        return _ANY_SIGNAL_CODES[si_code]
    counted = _COUNTED_CODES.get(signal_name(signo), [])
    return counted[si_code - 1] if 1 <= si_code <= len(counted) else None
