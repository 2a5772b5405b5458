"""How much longer a program's work takes while it is watched: ratios within one run.

A round is one untraced run and, after it, one run under each tool; a ratio is taken within its
round, so that what the machine does meanwhile meets both sides. The row "untraced" compares
untraced runs with each other: it is the noise that the others stand in.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.tables import show
from tests.live.harness import attached, program, tracer_of, wait_until

_HEADERS = ("", "rounds", "median", "least", "greatest")
Begin = Callable[[int], AbstractContextManager[object]]


@dataclass
class Watch:
    """A way to watch a process: a context for its PID, and in every how many-th round."""

    begin: Begin
    every: int = 1
    ratios: list[float] = field(default_factory=list)


def eintr_trace(folder: Path, *options: str) -> Watch:
    """Our tracer, attached and recording."""
    return Watch(lambda pid: attached(pid, folder / "bench.jsonl", *options))


def strace(*options: str, every: int = 1) -> Watch:
    """strace attached to a process, its output thrown away."""

    @contextmanager
    def begin(pid: int) -> Iterator[None]:
        tracer = subprocess.Popen(
            ["strace", "-f", "-o", "/dev/null", *options, "-p", str(pid)],
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

    return Watch(begin, every)


def show_ratios(title: str, watches: Mapping[str, Watch], rounds: int, *command: str) -> None:
    """The table of a program of tests/tracees under each tool, times untraced."""
    watches = {"untraced": Watch(_untraced), **watches}
    base_s = []
    for number in range(rounds):
        base_s.append(_seconds_of(_untraced, *command))
        for watch in watches.values():
            if number % watch.every == 0:
                watch.ratios.append(_seconds_of(watch.begin, *command) / base_s[-1])
    rows = [
        [name, len(seen), statistics.median(seen), min(seen), max(seen)]
        for name, watch in watches.items()
        if (seen := watch.ratios)
    ]
    show(f"{title}; untraced: {statistics.median(base_s):.3f} s", rows, _HEADERS)


def strace_is_here() -> bool:
    """Whether strace can be compared with; says so where it cannot."""
    here = shutil.which("strace") is not None
    if not here:
        print("strace is not installed")
    return here


def _untraced(_pid: int) -> AbstractContextManager[None]:
    return nullcontext()


def _seconds_of(begin: Begin, name: str, *args: str) -> float:
    """How long a program of tests/tracees worked while it was watched, by its own account."""
    with program(Path(sys.executable), name, *args) as running, begin(running.pid):
        running.tell("go")
        return float(running.account()["seconds"])
