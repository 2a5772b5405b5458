"""Where a report goes: standard output, or the file that ``-o OUT`` names."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from eintr_trace.commands.terminal import WIDEST, terminal_layout
from eintr_trace.commands.written_files import write_text
from eintr_trace.reports.layout import Layout

_FILE_LAYOUT = Layout(width=100, colour=False)


@dataclass(frozen=True)
class ReportOutput:
    """A stream for a report, and how wide and colourful text may be there."""

    stream: TextIO
    layout: Layout


@contextmanager
def report_output(
    name: str | None, widest: int = WIDEST, *, in_utf8: bool = False
) -> Iterator[ReportOutput]:
    """Give what the report is written to: the file ``name``, or stdout (``None``).

    Text is at most ``widest`` columns wide. ``in_utf8``: whatever stdout's encoding is, since a
    page names its own. A file always is.

    The file is written when the report is complete; until then, and if that fails, it is left
    as it was. Raises EintrTraceError if it cannot be written.
    """
    if name is None:
        layout = terminal_layout(widest)
        if in_utf8:
            sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr] # a TextIOWrapper
        yield ReportOutput(sys.stdout, layout)
        return
    text = io.StringIO(newline="")
    yield ReportOutput(text, _FILE_LAYOUT)
    write_text(name, text.getvalue())
