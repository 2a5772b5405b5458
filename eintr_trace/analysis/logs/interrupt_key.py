"""SIGINT in a log: whether the handler is CPython's own, which raises KeyboardInterrupt."""

from __future__ import annotations

import re
from signal import SIGINT

from eintr_trace.analysis.trail import Trail
from eintr_trace.model.events import Syscall

_KILL = re.compile(r"(?:kill\((\d+)|tgkill\((\d+), \d+|tkill\((\d+)), SIGINT\)")


def may_raise_keyboard_interrupt(trail: Trail) -> bool:
    """Tell whether it is SIGINT, and nothing shows that the program has its own handler."""
    return _is_interrupt_key(trail) and has_default_int_handler(trail) is not False


def has_default_int_handler(trail: Trail) -> bool | None:
    """Tell whether CPython's own handler runs for SIGINT; ``None``: that is not shown.

    CPython installs it as it starts, if SIGINT is not ignored (Modules/signalmodule.c, where the
    module is initialized); whatever else signal.signal() installs comes later, with a
    rt_sigaction(2) of its own, though of the same C handler.
    """
    interruption = trail.interruption
    if not _is_interrupt_key(trail) or interruption.interpreter is None:
        return None
    return None if interruption.installed is None else interruption.installed.is_first


def shows_keyboard_interrupt(trail: Trail) -> bool:
    """Tell whether SIGINT ended in KeyboardInterrupt: printed, or sent on to the process itself.

    CPython from 3.8 on ends by SIGINT if nobody catches it: Modules/main.c exit_sigint().
    """
    log = trail.log
    if log is None or not _is_interrupt_key(trail):
        return False
    return log.keyboard_interrupt or any(_kills_itself(trail, one) for one in log.between)


def _is_interrupt_key(trail: Trail) -> bool:
    signal = trail.interruption.signal
    return signal is not None and signal.signo == SIGINT


def _kills_itself(trail: Trail, call: Syscall) -> bool:
    match = _KILL.match(call.text)
    return match is not None and str(trail.interruption.tgid) in match.groups()
