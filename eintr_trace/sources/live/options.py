"""What a live trace is asked for, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LiveOptions:
    """What to trace and until when; ``signals`` limits which are looked at (None: all).

    ``merged_signals``: have the kernel tell of merges where it is permitted, at a cost to all
    signals of the machine. ``step_ns``: single-step from EINTR to the decision, for so long at
    most (None: do not). ``every_syscall``: stop every thread at each of its calls.
    """

    pids: tuple[int, ...]
    command: tuple[str, ...] = ()
    follow_forks: bool = False
    duration_s: float | None = None
    count: int | None = None
    signals: frozenset[int] | None = None
    merged_signals: bool = True
    step_ns: int | None = None
    every_syscall: bool = False


@dataclass(frozen=True)
class LiveResult:
    """The launched command's exit status as a shell has it, and the report's.

    ``command_status`` is ``None`` without a command, or when it goes on without us.
    """

    command_status: int | None
    report_status: int
