"""The values of the matrix: a cell, what was done in it and seen, what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from eintr_trace.lab.dispositions import Disposition
from eintr_trace.lab.matrix.account import Account


class Status(StrEnum):
    """What came of a cell."""

    AGREE = "agree"  # every verdict is what the program itself says
    DISAGREE = "disagree"
    UNKNOWN = "unknown"  # none disagrees, but one says that it does not know
    FAILED = "failed"  # the program crashed, hung or said nothing
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True)
class SentSignal:
    """A signal that was sent while the program slept in ``blocked_in``.

    ``at_s`` is just before, as of time.time(). ``blocked_again_in`` is the call in which it
    slept once the signal had been taken; ``None``: it did not sleep again.
    """

    signo: int
    at_s: float
    blocked_in: str
    blocked_again_in: str | None = None


@dataclass(frozen=True)
class CellRun:
    """What was done in a cell and what its program said.

    ``tid`` is the thread that makes the call. ``released_s``: when the call was let finish,
    as of time.time(); ``None``: it needed no release, or was over before. ``exit_status`` is
    negative when a signal ended it. ``ticks`` are the timer's signals that the recording had
    by then. ``problem`` says why the cell failed.
    """

    pid: int | None = None
    tid: int | None = None
    sent: tuple[SentSignal, ...] = ()
    ticks: int = 0
    released_s: float | None = None
    account: Account | None = None
    exit_status: int | None = None
    problem: str | None = None
    output: str = ""


@dataclass(frozen=True)
class Verdict:
    """One episode of a cell as the matrix reports it, and what the truth allows.

    ``allowed`` are outcomes, ``because`` says why these. ``differences``: where the episode
    and the program's account part; none if they agree. ``reason`` is that of an ``unknown``.
    ``kernels_half``: only what the kernel did was compared, for want of an interpreter that is
    read (PyPy).
    """

    signal: str
    syscall: str | None
    restart_code: str | None
    kernel_action: str
    outcome: str
    confidence: str
    tracer_induced: str | None
    allowed: tuple[str, ...]
    because: str
    differences: tuple[str, ...] = ()
    reason: str | None = None
    kernels_half: bool = False


@dataclass(frozen=True)
class CellResult:
    """One cell. ``interpreter`` is its name (``CPython 2.7.18``).

    ``notes``: what disagrees, is not known, has failed or does not apply, one sentence each.
    ``recording`` is where the recording of its batch was kept, if it was.
    """

    scenario: str
    interpreter: str
    disposition: Disposition
    status: Status
    notes: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    run: CellRun = field(default_factory=CellRun)
    recording: str | None = None
