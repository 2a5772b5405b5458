"""Two texts beside each other, for a terminal that is wide enough."""

from __future__ import annotations

import re
from itertools import zip_longest

from eintr_trace.reports.layout import columns

GUTTER = " │ "
_SGR = re.compile(r"\x1b\[[0-9;]*m")


def side_by_side(left: str, right: str, column_width: int) -> str:
    """Return the lines of both texts, each at most ``column_width`` wide, in two columns."""
    lines = []
    for one, other in zip_longest(left.splitlines(), right.splitlines(), fillvalue=""):
        padding = " " * (column_width - plain_columns(one))
        lines.append(f"{one}{padding}{GUTTER}{other}".rstrip() + "\n")
    return "".join(lines)


def plain_columns(painted: str) -> int:
    """Return how many columns an escaped text takes, whose colours take none."""
    return columns(_SGR.sub("", painted))
