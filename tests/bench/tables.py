"""How a part of the bench shows what it measured."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate


def show(
    title: str,
    rows: Sequence[Sequence[object]],
    headers: Sequence[str],
    floatfmt: str = ".3f",
) -> None:
    """One table on standard output, as soon as it is measured."""
    table = tabulate(rows, headers=headers, tablefmt="simple", floatfmt=floatfmt)
    print(f"\n{title}\n{table}", flush=True)
