"""The kernel's half: it ran the interrupted call again, or it handed out EINTR."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from eintr_trace.analysis.sightings import Restored
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.restart_codes import (
    RESTART_RULES,
    AfterSignal,
    RestartCode,
    restart_code,
)
from eintr_trace.model.episodes import KernelAction
from eintr_trace.model.events import InterruptedCall

# `syscall` (0f 05) and `int 0x80` (cd 80) are two bytes each; a restart goes back by them:
# linux 6.12 arch/x86/kernel/signal.c arch_do_signal_or_restart(), regs->ip -= 2.
_SYSCALL_INSTRUCTION_BYTES = 2
_RESTART_SYSCALL_NR = 219  # arch/x86/entry/syscalls/syscall_64.tbl


class ShownBy(Enum):
    """What the kernel's action is read from."""

    SIGNAL_FRAME = auto()
    REGISTER = auto()  # the call itself returned EINTR
    INSTALLATION = auto()  # a log has shown rt_sigaction, not the handler's return
    FOLLOWING_CALL = auto()
    RULE = auto()
    NOTHING = auto()


@dataclass(frozen=True)
class KernelSide:
    """``sa_restart`` is ``None`` unless the signal frame, or a log's rt_sigaction, shows it."""

    action: KernelAction
    shown_by: ShownBy
    code: RestartCode | None = None
    sa_restart: bool | None = None


def kernel_side(trail: Trail) -> KernelSide:
    """Say what the kernel did with the interrupted call, as far as the trail shows it."""
    call = trail.interruption.call
    code = None if call is None else restart_code(call.retval)
    if call is None or code is None:
        return KernelSide(KernelAction.NONE, ShownBy.NOTHING)
    if trail.restored is not None:
        framed = _from_frame(trail.restored, call, code)
        framed = framed or _by_the_next_call(trail, code)
        if framed is not None:
            return _with_flags_installed(trail, framed)
    return _with_flags_installed(trail, _without_frame(trail, code))


def _with_flags_installed(trail: Trail, kernel: KernelSide) -> KernelSide:
    """Add what a log shows of the handler's flags, where what followed does not prove them."""
    installed = trail.interruption.installed
    if installed is None or kernel.sa_restart is not None:
        return kernel
    return replace(kernel, sa_restart=installed.sa_restart)


def _from_frame(restored: Restored, call: InterruptedCall, code: RestartCode) -> KernelSide | None:
    proves = code is RestartCode.ERESTARTSYS
    if restored.saved_retval == -RestartCode.EINTR:
        shown_by = ShownBy.SIGNAL_FRAME
        return KernelSide(KernelAction.EINTR, shown_by, code, False if proves else None)
    if _goes_back(restored, call):
        sa_restart = True if proves else None
        return KernelSide(KernelAction.RESTART, ShownBy.SIGNAL_FRAME, code, sa_restart)
    return None


def _by_the_next_call(trail: Trail, code: RestartCode) -> KernelSide | None:
    """Of a log from another machine, where what is put back is not the call's number.

    The handler's return gave no EINTR, and the call is the next thing that the thread did: the
    kernel goes back to it where the handler has SA_RESTART.
    """
    if trail.log is None or trail.reentered is None or trail.log.between:
        return None
    if RESTART_RULES[code].handler_sa_restart is AfterSignal.EINTR:
        return None
    sa_restart = True if code is RestartCode.ERESTARTSYS else None
    return KernelSide(KernelAction.RESTART, ShownBy.FOLLOWING_CALL, code, sa_restart)


def _goes_back(restored: Restored, call: InterruptedCall) -> bool:
    if restored.saved_retval not in {call.syscall.nr, _RESTART_SYSCALL_NR}:
        return False
    if restored.saved_ip is None or call.ip is None:
        return True
    return restored.saved_ip == call.ip - _SYSCALL_INSTRUCTION_BYTES


def _without_frame(trail: Trail, code: RestartCode) -> KernelSide:
    if code is RestartCode.EINTR:
        return KernelSide(KernelAction.EINTR, ShownBy.REGISTER, code)
    rule = RESTART_RULES[code]
    has_handler = trail.runs_c_handler
    if has_handler is False and not trail.interruption.is_fatal:
        seen = trail.reentered is not None
        shown_by = ShownBy.FOLLOWING_CALL if seen else ShownBy.RULE
        return KernelSide(KernelAction.RESTART, shown_by, code)
    # A handler with and without SA_RESTART: known only where both end alike.
    if has_handler is None and rule.handler is rule.handler_sa_restart is rule.no_handler:
        return KernelSide(KernelAction.RESTART, ShownBy.RULE, code)
    if has_handler and rule.handler is rule.handler_sa_restart:
        restarts = rule.handler is not AfterSignal.EINTR
        action = KernelAction.RESTART if restarts else KernelAction.EINTR
        return KernelSide(action, ShownBy.RULE, code)
    installed = trail.interruption.installed
    if has_handler and installed is not None and installed.sa_restart is not None:
        action = KernelAction.RESTART if installed.sa_restart else KernelAction.EINTR
        return KernelSide(action, ShownBy.INSTALLATION, code, installed.sa_restart)
    return KernelSide(KernelAction.NONE, ShownBy.NOTHING, code)
