"""How long a program is held to see who decided, beside py-spy and gdb.

A pause is what the program itself notes, by its own clock (tests/tracees/gaps.py), the same
way for every tool: the longest gap between two readings, or how much longer than its timer an
interrupted wait took. Beside it the tracer's own account of the same waits.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eintr_trace.lab.interpreters import FoundInterpreter, find_interpreters
from tests.bench.tables import show
from tests.live.harness import Tracer, attached, program

_PROGRAMS = 5  # runs for each row: so many first episodes
_ROUNDS = 12
_BUSY_S = "0.06"
_VERSIONS = ((2, 7), (3, 13))
_BARS = (
    "Bars: with the decision, later episodes at most 1 ms (median), the first at a call site at\n"
    "most 3 ms; never held for more than a quarter of the time; --step at most 5 ms on 2.7 and\n"
    "15 ms on 3.x, once."
)


@dataclass
class Pauses:
    """The pauses of one tool and interpreter, in ms: one for each run or wait.

    ``held`` is the tracer's own account of each wait; ``shares`` is its part of each run's time.
    """

    first: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    held_first: list[float] = field(default_factory=list)
    held_later: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)


def pauses_without(python: Path, _folder: Path) -> Pauses:
    """Nobody attached: what the machine itself does to such waits."""
    pauses = Pauses()
    for _ in range(_PROGRAMS):
        with program(python, "gaps.py", str(_ROUNDS), _BUSY_S) as running:
            running.tell("go")
            _add_waits(pauses, running.account())
    return pauses


def pauses_under_us(*options: str) -> Callable[[Path, Path], Pauses]:
    """Attached with these options."""

    def run(python: Path, folder: Path) -> Pauses:
        pauses = Pauses()
        for _ in range(_PROGRAMS):
            recording = folder / "pauses.jsonl"
            with (
                program(python, "gaps.py", str(_ROUNDS), _BUSY_S) as running,
                attached(running.pid, recording, *options) as tracer,
            ):
                running.tell("go")
                account = running.account()
                tracer.wait()
                _add_waits(pauses, account)
                _add_holds(pauses, tracer)
            recording.unlink()
        return pauses

    return run


def pauses_under_a_dump(command: Sequence[str]) -> Callable[[Path, Path], Pauses]:
    """One look by a tool that stops the program, while it runs: its longest gap is the pause."""

    def run(python: Path, _folder: Path) -> Pauses:
        pauses = Pauses()
        for _ in range(_PROGRAMS):
            with program(python, "gaps.py", "1", "1.5") as running:
                running.tell("go")
                looked = subprocess.run(
                    [*command, str(running.pid)],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    check=False,
                )
                account = running.account()
            if looked.returncode == 0:
                pauses.first.append(max(*account["busy"], *account["waits"]) * 1000)
        return pauses

    return run


def _add_waits(pauses: Pauses, account: dict[str, Any]) -> None:
    first, *later = (wait * 1000 for wait in account["waits"])
    pauses.first.append(first)
    pauses.later += later


def _add_holds(pauses: Pauses, tracer: Tracer) -> None:
    """Sum up the stops of each episode: those from its delivery to the next one's."""
    episodes = [one for one in tracer.episodes() if one.signal and one.signal.name == "SIGALRM"]
    begins = [one.time_ns for one in episodes]
    held = [0] * len(begins)
    for event in tracer.events():
        number = sum(event.time_ns >= begin for begin in begins) - 1
        held_ns: int | None = getattr(event, "held_ns", None)
        if number >= 0 and held_ns is not None:
            held[number] += held_ns
    pauses.held_first += [ns / 1e6 for ns in held[:1]]
    pauses.held_later += [ns / 1e6 for ns in held[1:]]
    if len(begins) > 1:
        pauses.shares.append(sum(held[:-1]) / (begins[-1] - begins[0]))


def _tools() -> dict[str, Callable[[Path, Path], Pauses]]:
    tools: dict[str, Callable[[Path, Path], Pauses]] = {
        "untraced": pauses_without,
        "eintr-trace -p": pauses_under_us(),
        "eintr-trace -p --step": pauses_under_us("--step"),
    }
    py_spy = Path(sys.executable).with_name("py-spy")
    if py_spy.exists():
        tools["py-spy dump"] = pauses_under_a_dump([str(py_spy), "dump", "--pid"])
    if shutil.which("gdb"):
        tools["gdb -batch -ex bt"] = pauses_under_a_dump(["gdb", "-batch", "-ex", "bt", "-p"])
    return tools


def bench_pauses(folder: Path) -> None:
    """What it costs to see who decided, and the whole path, beside other tools."""
    rows: list[list[object]] = []
    for python in _interpreters():
        for what, run in _tools().items():
            pauses = run(python.executable, folder)
            times = (pauses.first, pauses.later, pauses.held_first, pauses.held_later)
            shown = [function(one) if one else None for one in times for function in _FUNCTIONS]
            share = max(pauses.shares) if pauses.shares else None
            rows.append([python.name, what, *shown, share])
    show(
        "Pauses, ms: by the program's own clock, then by the tracer's own account\n"
        f"({_PROGRAMS} programs, each with one first and {_ROUNDS - 1} later waits)\n{_BARS}",
        rows,
        _HEADERS,
        ".2f",
    )


_FUNCTIONS: tuple[Callable[[list[float]], float], ...] = (statistics.median, max)
_HEADERS = ["", "", "first", "worst", "later", "worst", "held 1st", "worst", "later", "worst"]
_HEADERS += ["greatest share"]


def _interpreters() -> list[FoundInterpreter]:
    """Both sides of the fork in the road; says which is missing."""
    cpythons = [one for one in find_interpreters() if one.implementation == "CPython"]
    found = [one for one in cpythons if one.version and one.version[:2] in _VERSIONS]
    for major, minor in _VERSIONS:
        if not any(one.version and one.version[:2] == (major, minor) for one in found):
            print(f"no CPython {major}.{minor} on this machine")
    return found
