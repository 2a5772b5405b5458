"""The kernel's restart codes: what a call that a signal interrupted leaves in the register.

The codes never reach a program; ptrace sees them before the kernel decides between running
the call again and handing out EINTR (include/linux/errno.h, arch/x86/kernel/signal.c).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class RestartCode(IntEnum):
    """An interrupted call's result, as a positive number; the register holds its negative.

    EINTR is among them because some calls return it outright: nothing restarts those.
    """

    EINTR = 4
    ERESTARTSYS = 512
    ERESTARTNOINTR = 513
    ERESTARTNOHAND = 514
    ERESTART_RESTARTBLOCK = 516


class AfterSignal(StrEnum):
    """What the kernel does with the interrupted call on the way back to the program."""

    SAME_CALL = "restarted: the same call again, with the same arguments"
    RESTART_SYSCALL = "restarted: as restart_syscall, with the time that is left"
    EINTR = "EINTR"


@dataclass(frozen=True)
class RestartRule:
    """What becomes of a call that was interrupted with ``code``, in the three situations.

    ``handler`` is a handler installed without SA_RESTART, ``handler_sa_restart`` one with it;
    ``no_handler``: the thread was woken, but no handler runs (a stop and SIGCONT, a tracer,
    a signal that another thread took).
    """

    code: RestartCode
    handler: AfterSignal
    handler_sa_restart: AfterSignal
    no_handler: AfterSignal
    meaning: str
    citation: str


_X86_SIGNAL = (
    "linux 6.12 arch/x86/kernel/signal.c handle_signal(), arch_do_signal_or_restart(); "
    "observed on Linux 6.18 x86_64"
)

_RULES = (
    RestartRule(
        RestartCode.EINTR,
        handler=AfterSignal.EINTR,
        handler_sa_restart=AfterSignal.EINTR,
        no_handler=AfterSignal.EINTR,
        meaning="the call itself returns EINTR; nothing restarts it, not even SA_RESTART",
        citation=_X86_SIGNAL,
    ),
    RestartRule(
        RestartCode.ERESTARTSYS,
        handler=AfterSignal.EINTR,
        handler_sa_restart=AfterSignal.SAME_CALL,
        no_handler=AfterSignal.SAME_CALL,
        meaning="restart unless a handler runs that was installed without SA_RESTART",
        citation=_X86_SIGNAL,
    ),
    RestartRule(
        RestartCode.ERESTARTNOINTR,
        handler=AfterSignal.SAME_CALL,
        handler_sa_restart=AfterSignal.SAME_CALL,
        no_handler=AfterSignal.SAME_CALL,
        meaning="always restart; the program never sees EINTR",
        citation=_X86_SIGNAL,
    ),
    RestartRule(
        RestartCode.ERESTARTNOHAND,
        handler=AfterSignal.EINTR,
        handler_sa_restart=AfterSignal.EINTR,
        no_handler=AfterSignal.SAME_CALL,
        meaning="restart only if no handler runs; SA_RESTART makes no difference",
        citation=_X86_SIGNAL,
    ),
    RestartRule(
        RestartCode.ERESTART_RESTARTBLOCK,
        handler=AfterSignal.EINTR,
        handler_sa_restart=AfterSignal.EINTR,
        no_handler=AfterSignal.RESTART_SYSCALL,
        meaning=(
            "restart only if no handler runs, and then through restart_syscall so that the time "
            "already waited counts; SA_RESTART makes no difference"
        ),
        citation=_X86_SIGNAL,
    ),
)

RESTART_RULES: dict[RestartCode, RestartRule] = {rule.code: rule for rule in _RULES}


_BY_RETVAL = {-code.value: code for code in RestartCode}


def restart_code(retval: int) -> RestartCode | None:
    """Give the restart code of a raw return value (-512), ``None`` for any other result."""
    return _BY_RETVAL.get(retval)


def restart_code_name(retval: int) -> str | None:
    """Name a raw return value as the kernel does: -512 is ``ERESTARTSYS``, -4 ``EINTR``."""
    code = restart_code(retval)
    return None if code is None else code.name


def honours_sa_restart(code: RestartCode) -> bool:
    """Tell whether installing the handler with SA_RESTART would have spared the program."""
    rule = RESTART_RULES[code]
    return rule.handler is AfterSignal.EINTR and rule.handler_sa_restart is not AfterSignal.EINTR
