"""The signals of the tracer itself while it traces, and what was inherited.

Stops come as SIGCHLD, hits of a watchpoint as SIGIO, and ends as SIGINT and its kin: all
blocked in every thread and taken by sigtimedwait(2), so that no handler of ours ever runs. All
others are blocked and not taken: what is sent to a whole process group, of which we are one
where the shell started us with the programs, is meant for those. A SIGCHLD that is ignored is
never sent at all (kernel/signal.c, do_notify_parent_cldstop()): its disposition must be the
default. The terminal's stop signals must not stop us, which would freeze the tracee at its
next signal.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

TERMINAL_END_SIGNALS = frozenset({signal.SIGINT, signal.SIGQUIT})  # Ctrl-C and Ctrl-\
END_SIGNALS = TERMINAL_END_SIGNALS | {signal.SIGTERM, signal.SIGHUP}
WAITED_SIGNALS = END_SIGNALS | {signal.SIGCHLD, signal.SIGIO, signal.SIGTSTP}
# Blocking these would hide a defect of ours; the kernel sends them for an instruction.
_FAULTS = frozenset(
    {
        signal.SIGSEGV,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGTRAP,
        signal.SIGSYS,
        signal.SIGABRT,
    }
)
_TAKEN_SIGNALS = signal.valid_signals() - _FAULTS
_BACKGROUND_STOPS = (signal.SIGTTIN, signal.SIGTTOU)

# What signal.getsignal() gives: a handler, SIG_DFL, SIG_IGN, or None for one set by C code.
Handler = Any


@dataclass(frozen=True)
class Inherited:
    """Mask and dispositions as they were, for the children that are not to know of us."""

    mask: set[int | signal.Signals]
    handlers: dict[signal.Signals, Handler]

    def restore(self) -> None:
        """Put all of it back in the calling process."""
        for signo, handler in self.handlers.items():
            if handler is not None:
                signal.signal(signo, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.mask)


@contextmanager
def taken() -> Iterator[Inherited]:
    """Take the signals; give them back at the end, without those that came meanwhile.

    Only from the main thread (signal.signal).
    """
    changed = (signal.SIGCHLD, *_BACKGROUND_STOPS)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _TAKEN_SIGNALS)
    inherited = Inherited(mask, {signo: signal.getsignal(signo) for signo in changed})
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for signo in _BACKGROUND_STOPS:
        signal.signal(signo, signal.SIG_IGN)
    try:
        yield inherited
    finally:
        while signal.sigtimedwait(_TAKEN_SIGNALS, 0) is not None:
            pass  # meant for the trace, which is over, or for the programs
        inherited.restore()


def wait_for_end_signal(timeout_s: float) -> int | None:
    """The next end signal, or ``None`` when a child changed or the time is over."""
    info = signal.sigtimedwait(END_SIGNALS | {signal.SIGCHLD}, timeout_s)
    return info.si_signo if info is not None and info.si_signo in END_SIGNALS else None
