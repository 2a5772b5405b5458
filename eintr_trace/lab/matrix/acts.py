"""One cell: start the call, see it blocked, send the signals, let it finish, hear the account."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from signal import Signals
from typing import TypeVar, assert_never

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.dispositions import TICKS, Act, Plan
from eintr_trace.lab.matrix.account import Ready, read_account
from eintr_trace.lab.matrix.cells import CellRun, SentSignal
from eintr_trace.lab.matrix.program import ScenarioProgram
from eintr_trace.lab.matrix.sleeping import has_stopped
from eintr_trace.lab.processes import Deadline
from eintr_trace.lab.scenarios import Scenario

# glibc 2.30 and later, tgkill(2).
_libc = ctypes.CDLL(None)

T = TypeVar("T")

CELL_LIMIT_S = 20.0
"""The longest that a program may take to be ready, to begin its cell, and to end it."""

MOST_OUTPUT = 2000
"""How much of what a failed program printed is kept, in characters."""


@dataclass
class Cell:
    """One program on its way through a cell. ``count_ticks``: the timer's signals so far.

    First ``begin``, then ``end``: many calls can be ending at the same time.
    """

    program: ScenarioProgram
    scenario: Scenario
    plan: Plan
    count_ticks: Callable[[], int]
    limit_s: float
    _sent: list[SentSignal] = field(default_factory=list)
    _deadline: Deadline = field(init=False)
    _released_s: float | None = None
    _problem: str | None = None

    def begin(self) -> None:
        """Start the call, send the signals to the blocked program, let the call finish."""
        self._deadline = Deadline(self.limit_s)
        try:
            self.program.start()
            self._sent.extend(self._act())
            self._release()
        except EintrTraceError as error:
            self._problem = error.message

    def end(self) -> CellRun:
        """Wait until the program has ended; one that did not do its part is a problem."""
        status, account = None, None
        try:
            if self._problem is None:
                status = self.program.child.wait_alone(Deadline(self.limit_s))
                if not self._should_die(status):
                    account = read_account(self.program.child.output)
        except EintrTraceError as error:
            self._problem = _with_status(error.message, status)
        output = self.program.child.output
        return CellRun(
            pid=self._ready.pid,
            tid=self._ready.tid,
            sent=tuple(self._sent),
            ticks=self.count_ticks() if self.plan.act is Act.AWAIT_TICKS else 0,
            released_s=self._released_s,
            account=account,
            exit_status=status,
            problem=self._problem,
            output=output[-MOST_OUTPUT:] if self._problem is not None else "",
        )

    def _should_die(self, status: int | None) -> bool:
        """Whether it ended by the signal as it has to, and so without a word."""
        return self.plan.is_fatal and status in {-signo for signo in self.plan.signals}

    def _act(self) -> Iterator[SentSignal]:
        if self.plan.act is Act.AWAIT_TICKS:
            self._wait(self._ticked, f"its timer had ticked {TICKS} times")
            self._settle()
            return
        blocked_in = self._wait(self._blocked, f"it was blocked in {self._calls}")
        if blocked_in is None:
            raise EintrTraceError("its call came back before any signal was sent")
        match self.plan.act:
            case Act.SIGNAL | Act.SIGNAL_THREAD:
                yield from self._send(blocked_in, self.plan.signals)
            case Act.SIGNAL_TWICE:
                (first,) = self._send(blocked_in, self.plan.signals)
                yield first
                if first.blocked_again_in is not None:
                    yield from self._send(first.blocked_again_in, self.plan.signals)
            case Act.STOP_CONTINUE:
                yield self._stop_and_continue(blocked_in)
            case _ as other:
                assert_never(other)

    def _send(self, blocked_in: str, signals: Sequence[Signals]) -> list[SentSignal]:
        """Send all, with nothing between them, and see what becomes of the program."""
        at_s = time.time()
        for signo in signals:
            self._kill(signo)
        again = self._settle()
        return [SentSignal(signo, at_s, blocked_in, again) for signo in signals]

    def _kill(self, signo: Signals) -> None:
        if self.plan.act is Act.SIGNAL_THREAD:
            _libc.tgkill(self._ready.pid, self._ready.tid, signo)
        else:
            os.kill(self._ready.pid, signo)

    def _stop_and_continue(self, blocked_in: str) -> SentSignal:
        at_s = time.time()
        self._kill(signal.SIGSTOP)
        self._wait(lambda: has_stopped(self._ready.pid) or None, "it was stopped by SIGSTOP")
        self._kill(signal.SIGCONT)
        return SentSignal(signal.SIGSTOP, at_s, blocked_in, self._settle())

    def _settle(self) -> str | None:
        """Wait until it sleeps again, or is done: ``None``."""
        return self._wait(self.program.sleeps_in, "it slept again or was done")

    def _release(self) -> None:
        """Let the call finish, if somebody has to."""
        if self.scenario.release and not self.program.is_done:
            self._released_s = time.time()
            self.program.release()

    def _blocked(self) -> str | None:
        call = self.program.sleeps_in()
        return call if call in self.scenario.blocked_in else None

    def _ticked(self) -> bool | None:
        return self.count_ticks() >= TICKS or None

    def _wait(self, condition: Callable[[], T | None], awaited: str) -> T | None:
        """Wait for a value; ``None``: the program is done. Raises EintrTraceError."""

        def done_or_value() -> tuple[T | None] | None:
            if self.program.is_done:
                return (None,)
            value = condition()
            return None if value is None else (value,)

        found = self.program.child.wait_for(done_or_value, self._deadline, awaited)
        return None if found is None else found[0]

    @property
    def _ready(self) -> Ready:
        assert self.program.ready is not None, "a cell begins when its program is ready"
        return self.program.ready

    @property
    def _calls(self) -> str:
        return " or ".join(self.scenario.blocked_in)


def _with_status(problem: str, status: int | None) -> str:
    return problem if status is None else f"{problem}; exit status {status}"
