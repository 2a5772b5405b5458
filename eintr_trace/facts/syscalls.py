"""System calls: what a signal does to each that can block, and which say nothing.

``INTERRUPTIBLE_CALLS`` was measured call by call and compared with what signal(7), section
"Interruption of system calls and library functions by signal handlers", says of it.
``BOOKKEEPING_CALLS`` are those an interpreter makes on its own account.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from eintr_trace.facts.restart_codes import RestartCode, honours_sa_restart


class TimeLimit(StrEnum):
    """Where the time limit of a blocking call comes from."""

    NONE = "none"
    CALL = "call"  # an argument of the call
    SOCKET = "socket"  # SO_RCVTIMEO or SO_SNDTIMEO of the socket


class Signal7(StrEnum):
    """What signal(7) of man-pages 6.20 says of the call when SA_RESTART is set."""

    RESTARTED = "restarted"
    NEVER_RESTARTED = "never-restarted"
    NOT_LISTED = "not-listed"


@dataclass(frozen=True)
class InterruptibleCall:
    """One measured case of a blocking call that met a signal.

    ``case`` names what was blocked (``recv_tcp_rcvtimeo``). ``code`` is ``None`` where the
    signal interrupted nothing; ``time_limit`` is ``None`` where it was not recorded. ``source``
    is file and function in the kernel (``poll()`` for ``SYSCALL_DEFINE3(poll, …)``); ``run_on``
    says how it was measured, ``None`` that it was only read.
    """

    case: str
    syscall: str
    nr: int
    code: RestartCode | None
    time_limit: TimeLimit | None
    signal7: Signal7
    note: str | None
    source: str
    run_on: str | None

    @property
    def signal7_agrees(self) -> bool | None:
        """Whether signal(7) is right about this case; ``None``: it says nothing about it."""
        if self.code is None or self.signal7 is Signal7.NOT_LISTED:
            return None
        return honours_sa_restart(self.code) == (self.signal7 is Signal7.RESTARTED)


@cache
def all_interruptible_calls() -> tuple[InterruptibleCall, ...]:
    """Give the whole table, in the order of the measurement."""
    text = resources.files(__package__).joinpath("interruptible_calls.json").read_text("utf-8")
    return tuple(_call_from_json(row) for row in json.loads(text))


def _call_from_json(row: dict[str, Any]) -> InterruptibleCall:
    code, limit = row["code"], row["time_limit"]
    return InterruptibleCall(
        case=row["case"],
        syscall=row["syscall"],
        nr=row["nr"],
        code=None if code is None else RestartCode[code],
        time_limit=None if limit is None else TimeLimit(limit),
        signal7=Signal7(row["signal7"]),
        note=row["note"],
        source=row["source"],
        run_on=row["run_on"],
    )


def interruptible_calls(
    syscall: str, has_socket_timeout: bool | None = None
) -> tuple[InterruptibleCall, ...]:
    """Give the measured cases of a call; none if a signal is not known to interrupt it.

    ``has_socket_timeout``: whether SO_RCVTIMEO (a call that receives) or SO_SNDTIMEO (one that
    sends) of the socket is set; ``None`` (not known, not a socket) gives the cases of both.
    """
    return tuple(
        call
        for call in all_interruptible_calls()
        if call.syscall == syscall
        and (
            has_socket_timeout is None
            or has_socket_timeout == (call.time_limit is TimeLimit.SOCKET)
        )
    )


def expected_codes(syscall: str, has_socket_timeout: bool | None = None) -> frozenset[RestartCode]:
    """Give the restart codes with which a signal was seen to interrupt the call."""
    calls = interruptible_calls(syscall, has_socket_timeout)
    return frozenset(call.code for call in calls if call.code is not None)


@cache
def returns_raw_eintr(syscall: str, has_socket_timeout: bool | None = None) -> bool | None:
    """Tell whether the call returns EINTR outright, which SA_RESTART cannot change.

    Such a call also fails where no handler runs: on SIGCONT after a stop, when a tracer
    attaches, on an ignored signal while traced. ``None``: it depends, or it was not measured.
    """
    codes = expected_codes(syscall, has_socket_timeout)
    if RestartCode.EINTR not in codes:
        return False if codes else None
    return True if len(codes) == 1 else None


# Calls whose time limit is SO_SNDTIMEO, socket(7); all other calls on sockets: SO_RCVTIMEO.
_SENDING_CALLS: Final = frozenset({"connect", "sendmmsg", "sendmsg", "sendto", "write", "writev"})


def is_sending(syscall: str) -> bool:
    """Tell whether SO_SNDTIMEO is the time limit of this call on a socket, not SO_RCVTIMEO."""
    return syscall in _SENDING_CALLS


@cache
def can_return_raw_eintr(syscall: str) -> bool:
    """Tell whether a signal was ever seen to end the call with EINTR outright."""
    return RestartCode.EINTR in expected_codes(syscall)


_X86_64_RT_SIGRETURN: Final = "sigreturn(2)"
_GLIBC_MALLOC: Final = "malloc(3), NOTES"
_VDSO: Final = "vdso(7), a system call only where the vDSO cannot answer"

# name -> why an interpreter calls it on its own account, and where that is said or was seen.
BOOKKEEPING_CALLS: Final = MappingProxyType(
    {
        "rt_sigreturn": ("the C signal handler returns", _X86_64_RT_SIGRETURN),
        "restart_syscall": (
            "the kernel carries on with the interrupted call itself",
            "restart_syscall(2)",
        ),
        "rt_sigprocmask": (
            "signals are blocked and unblocked around another step",
            "sigprocmask(2); glibc 2.36 nptl/pthread_create.c __pthread_create_2_1()",
        ),
        "getpid": (
            "CPython's C signal handler makes sure it is in the process that installed it",
            "CPython 3.7 Modules/signalmodule.c signal_handler(); "
            "seen with strace on 2.7.18, 3.6.15 and 3.7.16, not on 3.8 to 3.13",
        ),
        "gettid": (
            "the thread asks for its own number",
            "gettid(2); glibc 2.36 nptl/pthread_kill.c __pthread_kill_implementation()",
        ),
        "futex": (
            "the GIL, and other locks of the interpreter, are taken and given up",
            "CPython 3.12 Python/ceval_gil.c take_gil(), drop_gil(); CPython 2.7 "
            "Python/thread_pthread.h PyThread_acquire_lock(); "
            "seen with strace on 2.7.18 and 3.6 to 3.13",
        ),
        "sched_yield": ("a thread waits for a lock", "sched_yield(2)"),
        "mmap": (
            "memory is obtained",
            _GLIBC_MALLOC + "; CPython 3.12 Objects/obmalloc.c _PyMem_ArenaAlloc()",
        ),
        "munmap": (
            "memory is given back",
            _GLIBC_MALLOC + "; CPython 3.12 Objects/obmalloc.c _PyMem_ArenaFree()",
        ),
        "mremap": ("memory is resized", "glibc 2.36 malloc/malloc.c mremap_chunk()"),
        "madvise": (
            "memory is given back",
            "malloc_trim(3), NOTES; glibc 2.36 nptl/allocatestack.c advise_stack_range()",
        ),
        "mprotect": ("the heap of a thread grows", "glibc 2.36 malloc/arena.c grow_heap()"),
        "brk": ("the heap grows or shrinks", _GLIBC_MALLOC),
        "clock_gettime": ("the time is read for a deadline", _VDSO),
        "clock_getres": ("the time is read for a deadline", _VDSO),
        "gettimeofday": ("the time is read for a deadline", _VDSO),
        "time": ("the time is read", _VDSO),
        "getcpu": ("the processor is asked for", _VDSO),
    }
)

# x86_64 numbers that python-ptrace 0.9.9 has no names for, or (283) another name:
# arch/x86/entry/syscalls/syscall_64.tbl, linux 6.12.
NEWER_SYSCALL_NAMES: Final = MappingProxyType(
    {
        283: "timerfd_create",
        441: "epoll_pwait2",
        442: "mount_setattr",
        443: "quotactl_fd",
        444: "landlock_create_ruleset",
        445: "landlock_add_rule",
        446: "landlock_restrict_self",
        447: "memfd_secret",
        448: "process_mrelease",
        449: "futex_waitv",
        450: "set_mempolicy_home_node",
        451: "cachestat",
        452: "fchmodat2",
        453: "map_shadow_stack",
        454: "futex_wake",
        455: "futex_wait",
        456: "futex_requeue",
        457: "statmount",
        458: "listmount",
        459: "lsm_get_self_attr",
        460: "lsm_set_self_attr",
        461: "lsm_list_modules",
        462: "mseal",
    }
)


def is_bookkeeping(syscall: str) -> bool:
    """Tell whether an interpreter makes this call on its own account.

    Between an interruption and the program's next act such a call says nothing about the
    program. A ``futex`` can be the program's own wait for a lock as well: when the interrupted
    call was a ``futex`` on the same address, it is that call made again.
    """
    return syscall in BOOKKEEPING_CALLS
