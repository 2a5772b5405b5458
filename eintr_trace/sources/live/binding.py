"""The only module that imports python-ptrace: requests, stops, call names and prototypes.

What python-ptrace 0.9 lacks (PTRACE_SEIZE, PTRACE_LISTEN, PTRACE_GET_SYSCALL_INFO) goes
through its raw ``ptrace()`` call. Every failing request raises ``OSError`` with the errno of
ptrace(2), whose usual meaning here is ESRCH: the thread is gone or was killed while stopped.
"""

from __future__ import annotations

import errno
import os
import signal
import struct
from ctypes import addressof, create_string_buffer
from dataclasses import dataclass
from enum import Enum, IntEnum

from ptrace import PtraceError
from ptrace.binding.func import (
    PTRACE_CONT,
    PTRACE_DETACH,
    PTRACE_GETEVENTMSG,
    PTRACE_GETREGS,
    PTRACE_GETSIGINFO,
    PTRACE_O_TRACECLONE,
    PTRACE_O_TRACEEXEC,
    PTRACE_O_TRACEFORK,
    PTRACE_O_TRACESYSGOOD,
    PTRACE_O_TRACEVFORK,
    PTRACE_SINGLESTEP,
    PTRACE_SYSCALL,
    ptrace,
    ptrace_registers_t,
)
from ptrace.syscall.names import SYSCALL_NAMES
from ptrace.syscall.prototypes import SYSCALL_PROTOTYPES

from eintr_trace.facts.syscalls import NEWER_SYSCALL_NAMES

# linux/ptrace.h; python-ptrace 0.9.9 has no names for them.
_PTRACE_SEIZE = 0x4206
_PTRACE_INTERRUPT = 0x4207
_PTRACE_LISTEN = 0x4208
_PTRACE_GET_SYSCALL_INFO = 0x420E

_SIGINFO_FAULT = struct.Struct("<i4xi4xQ")  # si_signo, si_code, si_addr
_TRAP_TRACE = 2  # asm-generic/siginfo.h
_SIGINFO_BYTES = 128  # sizeof(siginfo_t), asm-generic/siginfo.h; python-ptrace's is shorter
_SYSCALL_INFO_BYTES = 88  # struct ptrace_syscall_info, linux/ptrace.h
_SYSCALL_INFO_HEAD = struct.Struct("<B3xIQQ")  # op, arch, instruction_pointer, stack_pointer
_SYSCALL_INFO_ENTRY = struct.Struct("<7Q")  # nr, args[6]
_SYSCALL_INFO_EXIT = struct.Struct("<q")  # rval


class Resume(IntEnum):
    """How a stopped thread goes on: asleep until a signal, or to its next syscall-stop."""

    CONT = PTRACE_CONT
    SYSCALL = PTRACE_SYSCALL


class SyscallOp(Enum):
    """Which of the two syscall-stops a thread is in."""

    ENTRY = 1
    EXIT = 2


@dataclass(frozen=True)
class SyscallInfo:
    """PTRACE_GET_SYSCALL_INFO (Linux 5.3): ``nr``, ``args`` on entry, ``retval`` on exit."""

    op: SyscallOp
    ip: int
    sp: int
    nr: int | None
    args: tuple[int, ...] | None
    retval: int | None


def _request(command: int, tid: int, arg1: int = 0, arg2: int = 0) -> None:
    try:
        ptrace(command, tid, arg1, arg2)
    except PtraceError as error:
        # python-ptrace carries the errno; OSError makes the matching subclass of it.
        number = error.errno or errno.EIO
        raise OSError(number, os.strerror(number)) from error


def seize(tid: int, *, follow_forks: bool) -> None:
    """Attach without stopping or interrupting (ptrace(2), PTRACE_SEIZE).

    TRACESYSGOOD keeps the thread alive if the tracer dies in a syscall-stop. Raises OSError:
    EPERM (not allowed, or already traced), ESRCH (no such thread).
    """
    options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC
    if follow_forks:
        options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
    _request(_PTRACE_SEIZE, tid, 0, options)


def resume(tid: int, how: Resume, signo: int = 0) -> None:
    """Let a stopped thread go on, delivering ``signo`` (0: none)."""
    _request(how.value, tid, 0, signo)


def single_step(tid: int, signo: int = 0) -> None:
    """Let a stopped thread execute one instruction, delivering ``signo`` first (0: none).

    Until its next ``resume`` the tracer's death kills it: PTRACE_SINGLESTEP leaves TF set.
    """
    _request(PTRACE_SINGLESTEP, tid, 0, signo)


class StepTraps:
    """The stops that single steps end in; one buffer for all of them, since they are many."""

    def __init__(self) -> None:
        self._siginfo = create_string_buffer(_SIGINFO_BYTES)
        self._address = addressof(self._siginfo)

    def instruction_after(self, tid: int) -> int | None:
        """Where a thread is whose step is done; ``None``: it stopped for another reason.

        send_sigtrap() (arch/x86/kernel/traps.c) puts rip into si_addr. Raises
        ProcessLookupError while the thread is not stopped, or is gone.
        """
        try:
            _request(PTRACE_GETSIGINFO, tid, 0, self._address)
        except OSError as error:
            if error.errno == errno.EINVAL:
                return None  # a group-stop (ptrace(2), PTRACE_GETSIGINFO)
            raise
        signo, code, address = _SIGINFO_FAULT.unpack_from(self._siginfo)
        return address if (signo, code) == (signal.SIGTRAP, _TRAP_TRACE) else None


def stop_anew(tid: int) -> None:
    """Have a thread in a group-stop enter it again, without a single step to be taken.

    PTRACE_LISTEN would leave it one. PTRACE_CONT takes TF back, and the thread, interrupted
    already, executes nothing before it stops (kernel/signal.c, get_signal(), do_jobctl_trap()).
    """
    _request(_PTRACE_INTERRUPT, tid)
    _request(PTRACE_CONT, tid)


def interrupt(tid: int) -> None:
    """Stop a running or blocked thread, which gives up its call (ptrace(2), PTRACE_INTERRUPT)."""
    _request(_PTRACE_INTERRUPT, tid)


def detach(tid: int) -> None:
    """Let go of a stopped thread for good (PTRACE_DETACH)."""
    _request(PTRACE_DETACH, tid)


def listen(tid: int) -> None:
    """Leave a thread in its group-stop until SIGCONT (ptrace(2), PTRACE_LISTEN)."""
    _request(_PTRACE_LISTEN, tid)


def general_registers(tid: int) -> ptrace_registers_t:
    """The general registers of a stopped thread (struct user_regs_struct, sys/user.h)."""
    registers = ptrace_registers_t()
    _request(PTRACE_GETREGS, tid, 0, addressof(registers))
    return registers


def signal_information(tid: int) -> bytes:
    """The 128 bytes of siginfo_t of a signal-delivery-stop."""
    buffer = create_string_buffer(_SIGINFO_BYTES)
    _request(PTRACE_GETSIGINFO, tid, 0, addressof(buffer))
    return buffer.raw


def event_message(tid: int) -> int:
    """The new thread's or the former tid of a ptrace-event-stop (PTRACE_GETEVENTMSG)."""
    buffer = create_string_buffer(8)
    _request(PTRACE_GETEVENTMSG, tid, 0, addressof(buffer))
    return int.from_bytes(buffer.raw, "little")


def syscall_information(tid: int) -> SyscallInfo | None:
    """What a syscall-stop is about; ``None`` when the thread is not in one."""
    buffer = create_string_buffer(_SYSCALL_INFO_BYTES)
    _request(_PTRACE_GET_SYSCALL_INFO, tid, _SYSCALL_INFO_BYTES, addressof(buffer))
    op, _arch, ip, sp = _SYSCALL_INFO_HEAD.unpack_from(buffer)
    offset = _SYSCALL_INFO_HEAD.size
    if op == SyscallOp.ENTRY.value:
        nr, *args = _SYSCALL_INFO_ENTRY.unpack_from(buffer, offset)
        return SyscallInfo(SyscallOp.ENTRY, ip, sp, nr, tuple(args), None)
    if op == SyscallOp.EXIT.value:
        (retval,) = _SYSCALL_INFO_EXIT.unpack_from(buffer, offset)
        return SyscallInfo(SyscallOp.EXIT, ip, sp, None, None, retval)
    return None


def is_syscall_name(name: str) -> bool:
    """Tell whether a system call of this machine has that name."""
    return name in SYSCALL_NAMES.values() or name in NEWER_SYSCALL_NAMES.values()


def syscall_name(nr: int) -> str:
    """The name of a system call of this machine, ``syscall_N`` for one without a name."""
    name = NEWER_SYSCALL_NAMES.get(nr) or SYSCALL_NAMES.get(nr)
    return f"syscall_{nr}" if name is None else str(name)


def syscall_prototype(name: str) -> tuple[tuple[str, str], ...] | None:
    """(type, name) of each argument, ``None`` where python-ptrace has no prototype."""
    prototype = SYSCALL_PROTOTYPES.get(name)
    return None if prototype is None else tuple(prototype[1])
