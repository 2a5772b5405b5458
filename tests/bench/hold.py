"""How long one interruption holds the thread, stop by stop."""

from __future__ import annotations

import signal
import statistics
import sys
import time
from pathlib import Path

from eintr_trace.model.events import HandlerReturning, SignalDelivered, SyscallEntered
from tests.bench.tables import show
from tests.live.harness import attached, program

_SIGNALS = 60
_PAUSE_S = 0.01  # faster than that, deliveries are passed on unread: promise 3


def bench_hold(folder: Path) -> None:
    """Time that a thread is held at each stop of an interruption."""
    held_us: dict[str, list[float]] = {}
    with (
        program(Path(sys.executable), "one_call.py", "read_stdin", "SIGUSR1") as running,
        attached(running.pid, folder / "hold.jsonl") as tracer,
    ):
        for number in range(_SIGNALS):
            running.wait_blocked_in("read")
            running.process.send_signal(signal.SIGUSR1)
            tracer.wait_event(SignalDelivered, number + 1)
            time.sleep(_PAUSE_S)
        running.tell("done")
        running.account()
        tracer.wait()
        for event in tracer.events():
            if isinstance(event, SignalDelivered | HandlerReturning | SyscallEntered):
                held_us.setdefault(type(event).__name__, []).append((event.held_ns or 0) / 1000)
    rows = [
        [kind, len(times), times[0], statistics.median(times), max(times)]
        for kind, times in held_us.items()
    ]
    show(
        f"Time a thread is held at one stop, µs ({_SIGNALS} signals into read(2))",
        rows,
        ["stop", "count", "first", "median", "greatest"],
        ".0f",
    )
