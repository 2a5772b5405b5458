"""What the signals of a cell of the matrix meet: how the program is set up, what is sent."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from eintr_trace.facts.signals import DefaultAction, default_action


class Disposition(StrEnum):
    """One column of the matrix."""

    PLAIN = "plain"
    SIGINTERRUPT_FALSE = "siginterrupt-false"
    RAISING_HANDLER = "raising-handler"
    SIG_IGN = "sig-ign"
    DEFAULT_IGNORED = "default-ignored"
    DEFAULT_FATAL = "default-fatal"
    STOP_CONTINUE = "stop-continue"
    SIGCONT = "sigcont"
    C_HANDLER = "c-handler"
    C_HANDLER_SA_RESTART = "c-handler-sa-restart"
    WORKER_THREAD = "worker-thread"
    TWO_AT_ONCE = "two-at-once"
    DURING_RETRY = "during-retry"
    PERIODIC_TIMER = "periodic-timer"


class Handler(StrEnum):
    """What the program installs for the signals."""

    PYTHON = "python"  # signal.signal: without SA_RESTART (signal.siginterrupt, Library Reference)
    PYTHON_SA_RESTART = "python-sa-restart"  # and signal.siginterrupt(signo, False)
    RAISING = "raising"  # a Python handler that raises
    C = "c"  # sigaction(2) through ctypes, CPython does not know of it
    C_SA_RESTART = "c-sa-restart"
    IGNORE = "ignore"  # signal.SIG_IGN
    DEFAULT = "default"  # nothing


class Act(StrEnum):
    """What is done once the program is seen blocked."""

    SIGNAL = "signal"  # kill(2): each signal, one right after the other
    SIGNAL_THREAD = "signal-thread"  # tgkill(2), to the thread that makes the call
    SIGNAL_TWICE = "signal-twice"  # once more, when it is blocked again
    STOP_CONTINUE = "stop-continue"  # SIGSTOP, seen stopped, SIGCONT
    AWAIT_TICKS = "await-ticks"  # its own timer does it


TICKS = 5
"""How many signals of its timer a program gets before its call is let finish."""


@dataclass(frozen=True)
class Plan:
    """What one disposition means in practice.

    ``signals`` are those to be followed, in the order they are sent. ``timer_s`` is the period
    of setitimer(2), armed just before the call.
    """

    meaning: str
    handler: Handler
    signals: tuple[signal.Signals, ...] = (signal.SIGUSR1,)
    act: Act = Act.SIGNAL
    in_worker: bool = False
    timer_s: float | None = None

    @property
    def is_handled(self) -> bool:
        """Whether a handler runs, Python's or a C library's."""
        return self.handler not in {Handler.IGNORE, Handler.DEFAULT}

    @property
    def is_python(self) -> bool:
        """Whether a Python handler runs."""
        return self.is_handled and self.handler not in {Handler.C, Handler.C_SA_RESTART}

    @property
    def has_sa_restart(self) -> bool:
        """Whether the handler is installed with SA_RESTART."""
        return self.handler in {Handler.PYTHON_SA_RESTART, Handler.C_SA_RESTART}

    @property
    def is_fatal(self) -> bool:
        """Whether the program is to end by the signal."""
        ending = {DefaultAction.TERMINATE, DefaultAction.CORE}
        return self.handler is Handler.DEFAULT and default_action(self.signals[0]) in ending

    def for_program(self) -> dict[str, object]:
        """Say it to the scenario program, as JSON values."""
        return {
            "handler": self.handler.value,
            "signals": [int(signo) for signo in self.signals],
            "thread": "worker" if self.in_worker else "main",
            "timer_s": self.timer_s,
        }


PLANS: Mapping[Disposition, Plan] = MappingProxyType(
    {
        Disposition.PLAIN: Plan("a Python handler that returns", Handler.PYTHON),
        Disposition.SIGINTERRUPT_FALSE: Plan(
            "the same, installed with signal.siginterrupt(signo, False)",
            Handler.PYTHON_SA_RESTART,
        ),
        Disposition.RAISING_HANDLER: Plan("a Python handler that raises", Handler.RAISING),
        Disposition.SIG_IGN: Plan("SIGUSR1 ignored (signal.SIG_IGN)", Handler.IGNORE),
        Disposition.DEFAULT_IGNORED: Plan(
            "SIGWINCH, which is ignored by default", Handler.DEFAULT, (signal.SIGWINCH,)
        ),
        Disposition.DEFAULT_FATAL: Plan("SIGUSR1 with no handler at all", Handler.DEFAULT),
        Disposition.STOP_CONTINUE: Plan(
            "SIGSTOP, and SIGCONT once the program has stopped",
            Handler.DEFAULT,
            (signal.SIGSTOP,),
            Act.STOP_CONTINUE,
        ),
        Disposition.SIGCONT: Plan(
            "SIGCONT to the running program", Handler.DEFAULT, (signal.SIGCONT,)
        ),
        Disposition.C_HANDLER: Plan("a handler of a C library, without SA_RESTART", Handler.C),
        Disposition.C_HANDLER_SA_RESTART: Plan(
            "a handler of a C library, with SA_RESTART", Handler.C_SA_RESTART
        ),
        Disposition.WORKER_THREAD: Plan(
            "a Python handler; the call runs in a worker thread, which gets the signal",
            Handler.PYTHON,
            act=Act.SIGNAL_THREAD,
            in_worker=True,
        ),
        Disposition.TWO_AT_ONCE: Plan(
            "two Python handlers, SIGUSR1 and SIGUSR2 right after it",
            Handler.PYTHON,
            (signal.SIGUSR1, signal.SIGUSR2),
        ),
        Disposition.DURING_RETRY: Plan(
            "a Python handler; a second SIGUSR1 once the program is blocked again",
            Handler.PYTHON,
            act=Act.SIGNAL_TWICE,
        ),
        Disposition.PERIODIC_TIMER: Plan(
            f"a Python handler; setitimer(2) every 30 ms, {TICKS} ticks",
            Handler.PYTHON,
            (signal.SIGALRM,),
            Act.AWAIT_TICKS,
            timer_s=0.03,
        ),
    }
)
