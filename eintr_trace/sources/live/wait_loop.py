"""The wait loop: asleep until a thread stops, fair among threads that stop all the time.

waitid() on P_ALL with WNOWAIT always names the first stopped thread of the kernel's list, so
one busy thread could keep all others waiting. SIGCHLD's si_pid is therefore only a hint; a
thread that shows up twice before the loop has slept causes one sweep over all of them.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable

from eintr_trace.sources.live.own_signals import WAITED_SIGNALS
from eintr_trace.sources.live.wait_status import Stop, look_at, look_at_any

# So long the loop serves stops before whoever runs it gets a turn: a process whose threads
# stop all the time would never let it end.
_TURN_NS = 5_000_000
_SWEEP_SHARE = 20  # sweeping takes at most a twentieth of the time


class WaitLoop:
    """Takes stops from the kernel and hands each to ``serve(tid, stop, round)``.

    ``known`` are the tids to sweep over. ``nothing_left``: the kernel knows of no thread that
    this one traces.
    """

    def __init__(
        self, known: Callable[[], Iterable[int]], serve: Callable[[int, Stop, int], None]
    ) -> None:
        self._known = known
        self._serve = serve
        self._round = 0
        self._sweep_again_ns = 0
        self._unfinished = False
        self.nothing_left = False

    def sleep(self, until_ns: int | None) -> int | None:
        """Sleep until a stop, another signal of ours (returned) or ``until_ns``.

        ``until_ns`` is of CLOCK_MONOTONIC. Does not sleep while stops wait to be served.
        """
        timeout_s = 3600.0
        if self._unfinished:
            timeout_s = 0
        elif until_ns is not None:
            timeout_s = max(0, until_ns - time.monotonic_ns()) / 1e9
        self._round += 1
        info = signal.sigtimedwait(WAITED_SIGNALS, timeout_s)
        if info is None:
            return None
        if info.si_signo != signal.SIGCHLD:
            return info.si_signo
        self._serve_one(info.si_pid)
        return None

    def drain(self) -> None:
        """Serve the threads that are stopped now, for one turn at most."""
        served: set[int] = set()
        turn_ends_ns = time.monotonic_ns() + _TURN_NS
        while (found := self._any()) is not None:
            tid, stop = found
            now_ns = time.monotonic_ns()
            if now_ns >= turn_ends_ns:
                self._unfinished = True
                return
            if tid in served and now_ns >= self._sweep_again_ns:
                self._sweep(now_ns)
                served.clear()
                continue
            served.add(tid)
            self._serve(tid, stop, self._round)
        self._unfinished = False

    def _sweep(self, began_ns: int) -> None:
        for tid in list(self._known()):
            self._serve_one(tid)
        now_ns = time.monotonic_ns()
        self._sweep_again_ns = now_ns + _SWEEP_SHARE * (now_ns - began_ns)

    def _serve_one(self, tid: int) -> None:
        try:
            stop = look_at(tid)
        except ChildProcessError:
            return  # a hint that is out of date, or about a process that is not traced
        if stop is not None:
            self._serve(tid, stop, self._round)

    def _any(self) -> tuple[int, Stop] | None:
        try:
            return look_at_any()
        except ChildProcessError:
            self.nothing_left = True
            return None
