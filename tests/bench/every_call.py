"""What --every-syscall costs, beside strace, which shows the same lines."""

from __future__ import annotations

from pathlib import Path

from tests.bench.ratios import eintr_trace, show_ratios, strace, strace_is_here


def bench_every_call(folder: Path) -> None:
    """Every call is stopped at (--every-syscall)."""
    watches = {"eintr-trace --every-syscall -p": eintr_trace(folder, "--every-syscall")}
    if strace_is_here():
        watches["strace -f -p"] = strace()
    show_ratios("100,000 send/recv pairs, each call shown, times untraced", watches, 3, "pairs.py")
