"""What a delivery may come with besides the signal itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HandlerWatch:
    """A watch for the Python handler of a delivery to begin, from before the thread went on.

    ``main_tid`` is CPython's main thread, the only one to run it. ``main_blocked_in`` is the
    call that /proc/PID/task/TID/syscall showed of it where another thread took the signal;
    ``None``: it was in none.
    """

    main_tid: int
    main_blocked_in: str | None = None


@dataclass(frozen=True)
class MergedSignals:
    """Further signals of one kind that merged into the one delivered, which was pending.

    ``while_held`` of them were sent while the tracer held the thread that then took it, the
    first at ``first_ns``, in the stop from ``held_from_ns`` to ``held_until_ns``.
    """

    while_held: int
    otherwise: int
    first_ns: int | None = None
    held_from_ns: int | None = None
    held_until_ns: int | None = None


@dataclass(frozen=True)
class InstalledHandler:
    """The C handler of a signal, as an strace log shows it being installed (rt_sigaction(2)).

    ``line`` and ``text`` are the log's; ``sa_restart`` is ``None`` where no flags are printed.
    ``is_first``: no handler of the signal was installed since execve(2) before this one; ``None``
    where the log does not show that.
    """

    line: int
    text: str
    sa_restart: bool | None = None
    is_first: bool | None = None
