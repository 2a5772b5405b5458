"""How text is to look on this process's standard output."""

from __future__ import annotations

import os
import shutil
import sys

from eintr_trace.reports.layout import Layout, colour_wanted

_WIDEST = 110  # columns; longer lines are hard to read
_WIDTH_OF_A_FILE = 100


def terminal_layout() -> Layout:
    """Return the width and colour of stdout, and let it write what it cannot encode.

    A stdout that knows no arrows (``PYTHONIOENCODING=ascii``) gets them as escapes.
    """
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # a TextIOWrapper
    columns = shutil.get_terminal_size((_WIDTH_OF_A_FILE, 0)).columns
    return Layout(
        width=min(columns, _WIDEST), colour=colour_wanted(os.environ, sys.stdout.isatty())
    )
