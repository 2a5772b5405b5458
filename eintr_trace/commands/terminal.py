"""How text is to look on this process's standard output."""

from __future__ import annotations

import os
import shutil
import sys

from eintr_trace.errors import UsageError
from eintr_trace.reports.layout import Layout, colour_wanted

WIDEST = 110  # columns; longer lines are hard to read
_WIDTH_OF_A_FILE = 100


def refuse_terminal(format: str) -> None:
    """Make sure that stdout is no terminal, which could show nothing of it. Raises UsageError."""
    if sys.stdout.isatty():
        raise UsageError(
            f"{format} is nothing to read in a terminal", "Send it to a file, as with > FILE"
        )


def terminal_layout(widest: int = WIDEST) -> Layout:
    """Return the width and colour of stdout, and let it write what it cannot encode.

    The width is at most ``widest`` columns. A stdout that knows no arrows
    (``PYTHONIOENCODING=ascii``) gets them as escapes.
    """
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # a TextIOWrapper
    columns = shutil.get_terminal_size((_WIDTH_OF_A_FILE, 0)).columns
    return Layout(width=min(columns, widest), colour=colour_wanted(os.environ, sys.stdout.isatty()))
