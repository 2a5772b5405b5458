"""The wait loop: asleep until a thread stops, fair among threads that stop all the time.

waitid() on P_ALL with WNOWAIT always names the first stopped thread of the kernel's list, so
one busy thread could keep all others waiting. SIGCHLD's si_pid is therefore only a hint; a
thread that shows up twice before the loop has slept causes one sweep over all of them.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable

from eintr_trace.sources.live.wait_status import Stop, look_at, look_at_any

END_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})
WAITED_SIGNALS = END_SIGNALS | {signal.SIGCHLD}  # blocked in the whole process, taken here


class WaitLoop:
    """Takes stops from the kernel and hands each to ``serve(tid, stop, round)``.

    ``known`` are the tids to sweep over. ``round`` counts the times the loop has slept.
    """

    def __init__(
        self, known: Callable[[], Iterable[int]], serve: Callable[[int, Stop, int], None]
    ) -> None:
        self._known = known
        self._serve = serve
        self._round = 0

    def sleep(self, until_ns: int | None) -> int | None:
        """Sleep until a stop, an end signal (returned) or ``until_ns`` of CLOCK_MONOTONIC."""
        timeout_s = 3600.0
        if until_ns is not None:
            timeout_s = max(0, until_ns - time.monotonic_ns()) / 1e9
        self._round += 1
        info = signal.sigtimedwait(WAITED_SIGNALS, timeout_s)
        if info is None:
            return None
        if info.si_signo in END_SIGNALS:
            return info.si_signo
        self._serve_one(info.si_pid)
        return None

    def drain(self) -> None:
        """Serve all threads that are stopped now."""
        served: set[int] = set()
        while (found := self._any()) is not None:
            tid, stop = found
            if tid in served:
                self._sweep()
                served.clear()
                continue
            served.add(tid)
            self._serve(tid, stop, self._round)

    def _sweep(self) -> None:
        for tid in list(self._known()):
            self._serve_one(tid)

    def _serve_one(self, tid: int) -> None:
        try:
            stop = look_at(tid)
        except ChildProcessError:
            return  # a hint that is out of date, or about a process that is not traced
        if stop is not None:
            self._serve(tid, stop, self._round)

    @staticmethod
    def _any() -> tuple[int, Stop] | None:
        try:
            return look_at_any()
        except ChildProcessError:
            return None
