"""What a signal-delivery-stop's registers mean on x86_64: the one place with this architecture.

Other architectures are refused by name (``require_supported``). arm64 needs another reading:
arch/arm64/kernel/signal.c do_signal() prepares the restart before the stop, so the restart
code is not in a register there (kernel source read, never run by this project).
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Callable
from dataclasses import dataclass

from eintr_trace.errors import EintrTraceError
from eintr_trace.model.c_stack import Registers
from eintr_trace.sources.live import binding

SUPPORTED_MACHINE = "x86_64"
SYSCALL_INSTRUCTION_BYTES = 2  # 0f 05; a restart sets rip back onto it (arch/x86/kernel/signal.c)
RT_SIGRETURN_NR = 15  # arch/x86/entry/syscalls/syscall_64.tbl
RESTART_SYSCALL_NR = 219  # likewise
EXECVE_NR = 59  # likewise

# Offsets in struct rt_sigframe from its start (arch/x86/include/asm/sigframe.h, uapi
# asm/ucontext.h and asm/sigcontext.h). At rt_sigreturn's entry the handler's `ret` has popped
# pretcode, so the frame starts 8 bytes below rsp.
_FRAME_BELOW_SP_BYTES = 8
_SAVED_RAX = 152
_SAVED_RIP = 176
_SAVED_WORDS = struct.Struct("<q16xQ")  # rax at 152, rip at 176
_SAVED_MASK_AT = 304 - _SAVED_RAX  # uc_sigmask, which is after struct sigcontext
_MASK_WORD = struct.Struct("<Q")


@dataclass(frozen=True)
class StopRegisters:
    """The registers of one stop.

    ``nr`` is the call in progress or just finished, ``None`` when the thread came from user
    mode (orig_rax is negative then). ``retval`` is rax: a raw restart code or a result.
    ``fs_base`` is glibc's and musl's pthread_self().
    """

    nr: int | None
    args: tuple[int, ...]
    retval: int
    ip: int
    sp: int
    fs_base: int


@dataclass(frozen=True)
class SavedFrame:
    """What a signal frame will put back into rax, rip and the thread's signal mask."""

    retval: int
    ip: int
    mask: int


def require_supported() -> None:
    """Raise EintrTraceError on a machine whose registers this module cannot read."""
    machine = platform.machine()
    if machine != SUPPORTED_MACHINE or struct.calcsize("P") != 8:  # noqa: PLR2004 - bytes a pointer
        raise EintrTraceError(
            f"live tracing works on {SUPPORTED_MACHINE} only, this machine is {machine}",
            "Recordings from an x86_64 machine can be read here with `eintr-trace report`",
        )


def read_registers(tid: int) -> StopRegisters:
    """The registers of a stopped thread; OSError (ESRCH) when it is gone."""
    raw = binding.general_registers(tid)
    orig_rax = _signed(raw.orig_rax)
    return StopRegisters(
        nr=orig_rax if orig_rax >= 0 else None,
        args=(raw.rdi, raw.rsi, raw.rdx, raw.r10, raw.r8, raw.r9),
        retval=_signed(raw.rax),
        ip=raw.rip,
        sp=raw.rsp,
        fs_base=raw.fs_base,
    )


def read_frame_registers(tid: int) -> Registers:
    """The registers that unwinding a stopped thread's stack begins with; OSError as above."""
    raw = binding.general_registers(tid)
    return Registers(
        rbx=raw.rbx,
        rbp=raw.rbp,
        rsp=raw.rsp,
        r12=raw.r12,
        r13=raw.r13,
        r14=raw.r14,
        r15=raw.r15,
        rip=raw.rip,
    )


def saved_frame_at_sigreturn(sp: int, read: Callable[[int, int], bytes]) -> SavedFrame:
    """The frame that rt_sigreturn is about to restore; raises what ``read`` raises."""
    return saved_frame_at(sp - _FRAME_BELOW_SP_BYTES, read)


def saved_frame_at(frame: int, read: Callable[[int, int], bytes]) -> SavedFrame:
    """The saved registers of the signal frame at ``frame`` (rsp at a handler's entry)."""
    data = read(frame + _SAVED_RAX, _SAVED_MASK_AT + _MASK_WORD.size)
    retval, ip = _SAVED_WORDS.unpack_from(data)
    (mask,) = _MASK_WORD.unpack_from(data, _SAVED_MASK_AT)
    return SavedFrame(retval=retval, ip=ip, mask=mask)


def _signed(word: int) -> int:
    return word - (1 << 64) if word >= 1 << 63 else word
