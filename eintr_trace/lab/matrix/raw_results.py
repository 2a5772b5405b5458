"""The raw results: JSON Lines, one cell a line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from eintr_trace.lab.matrix.cells import CellResult


def raw_results(results: Iterable[CellResult]) -> str:
    """Give each cell with all that was done and seen in it; enums as their strings."""
    return "".join(
        json.dumps(asdict(result), ensure_ascii=False, separators=(",", ":")) + "\n"
        for result in results
    )
