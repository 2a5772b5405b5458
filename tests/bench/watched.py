"""What it costs a program to be watched: while no signal comes, and while one comes each ms."""

from __future__ import annotations

from pathlib import Path

from tests.bench.ratios import eintr_trace, show_ratios, strace, strace_is_here

_TICK_S = "0.001"
_TICK_ROUNDS = "4000000"


def bench_asleep(folder: Path) -> None:
    """Attached, and no signal comes (promise 1)."""
    watches = {"eintr-trace -p": eintr_trace(folder)}
    if strace_is_here():
        watches["strace -f -p"] = strace(every=5)
    show_ratios(
        "100,000 send/recv pairs, times untraced (bar for eintr-trace: 1.02)",
        watches,
        15,
        "pairs.py",
    )


def bench_progress(folder: Path) -> None:
    """A timer ticks every millisecond (promise 3)."""
    show_ratios(
        "The same work under a 1 kHz timer, times untraced (bar: 2.0)",
        {"eintr-trace -p": eintr_trace(folder)},
        5,
        "ticking.py",
        _TICK_S,
        _TICK_ROUNDS,
    )
