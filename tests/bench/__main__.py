"""`make bench`: what being traced costs, as ratios within this run.

Each row is the median over alternating runs, with the least and the greatest beside it. The
row "untraced" compares untraced runs with each other: it is the noise the others stand in.
"""

from __future__ import annotations

import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from tabulate import tabulate

from eintr_trace.model.events import HandlerReturning, SignalDelivered, SyscallEntered
from tests.bench_pauses import BARS, HEADERS, pause_rows
from tests.live.harness import attached, program, tracer_of, wait_until

ROUNDS = 15
_TICK_S = "0.001"
_TICK_ROUNDS = "4000000"
_SIGNALS = 60
_PAUSE_S = 0.01  # faster than that, deliveries are passed on unread: promise 3

Watch = Callable[[int], AbstractContextManager[object]]


@contextmanager
def strace(pid: int) -> Iterator[None]:
    """strace attached to a process, its output thrown away."""
    tracer = subprocess.Popen(
        ["strace", "-f", "-o", "/dev/null", "-p", str(pid)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: tracer_of(pid) != 0, "strace attaches")
        yield
    finally:
        tracer.terminate()
        tracer.wait()


def seconds_of(watch: Watch, name: str, *args: str) -> float:
    """How long a program of tests/tracees worked while it was watched."""
    with program(Path(sys.executable), name, *args) as running, watch(running.pid):
        running.tell("go")
        return float(running.account()["seconds"])


def untraced(_pid: int) -> AbstractContextManager[None]:
    """Nothing at all."""
    return nullcontext()


def ratios(watches: dict[str, Watch], name: str, *args: str, rounds: int) -> list[list[object]]:
    """One row a watch: its time over the untraced time of the same round."""
    seen: dict[str, list[float]] = {what: [] for what in watches}
    base_s: list[float] = []
    for _ in range(rounds):
        base = seconds_of(untraced, name, *args)
        base_s.append(base)
        for what, watch in watches.items():
            seen[what].append(seconds_of(watch, name, *args) / base)
    rows: list[list[object]] = [
        [what, statistics.median(times), min(times), max(times)] for what, times in seen.items()
    ]
    print(f"(untraced: {statistics.median(base_s):.3f} s, median of {rounds} alternating runs)")
    return rows


def show(title: str, rows: list[list[object]], headers: list[str], floatfmt: str = ".3f") -> None:
    """One table on standard output."""
    print(f"\n{title}")
    print(tabulate(rows, headers=headers, tablefmt="simple", floatfmt=floatfmt), flush=True)


def bench_asleep(ours: Watch) -> None:
    """Promise 1: attached, and no signal comes."""
    watches: dict[str, Watch] = {"untraced": untraced, "eintr-trace -p": ours}
    if shutil.which("strace"):
        watches["strace -f -p"] = strace
    rows = ratios(watches, "pairs.py", rounds=ROUNDS)
    show(
        "100,000 send/recv pairs, times untraced (bar for eintr-trace: 1.02)",
        rows,
        ["", "median", "least", "greatest"],
    )


def bench_progress(ours: Watch) -> None:
    """Promise 3: a timer that ticks every millisecond."""
    watches = {"untraced": untraced, "eintr-trace -p": ours}
    rows = ratios(watches, "ticking.py", _TICK_S, _TICK_ROUNDS, rounds=5)
    show(
        "The same work under a 1 kHz timer, times untraced (bar: 2.0)",
        rows,
        ["", "median", "least", "greatest"],
    )


def bench_hold(folder: Path) -> None:
    """How long one interruption holds the thread, stop by stop."""
    held: dict[str, list[float]] = {}
    recording = folder / "hold.jsonl"
    with (
        program(Path(sys.executable), "one_call.py", "read_stdin", "SIGUSR1") as running,
        attached(running.pid, recording) as tracer,
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
                kind = type(event).__name__
                held.setdefault(kind, []).append((event.held_ns or 0) / 1000)
    rows: list[list[object]] = [
        [kind, len(times), times[0], statistics.median(times), max(times)]
        for kind, times in held.items()
    ]
    show(
        f"Time a thread is held at one stop, µs ({_SIGNALS} signals into read(2))",
        rows,
        ["stop", "count", "first", "median", "greatest"],
        ".0f",
    )


def bench_pauses(folder: Path) -> None:
    """What it costs to see who decided, and the whole path, beside other tools."""
    show(
        f"Pauses, ms: by the program's own clock, then by the tracer's own account\n{BARS}",
        pause_rows(folder),
        HEADERS,
        ".2f",
    )


def main() -> None:
    """Run all of it; it takes a few minutes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def ours(pid: int) -> AbstractContextManager[object]:
            return attached(pid, folder / "bench.jsonl")

        bench_asleep(ours)
        bench_progress(ours)
        bench_hold(folder)
        bench_pauses(folder)


if __name__ == "__main__":
    main()
