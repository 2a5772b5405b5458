"""Lines in strace's style as text, each verbatim with its explanation beneath it.

A line is never wrapped here, as strace wraps none: a terminal does that, and what is copied from
it, or read from a file, is the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from eintr_trace.model.trace_lines import LinePart, TraceLine
from eintr_trace.reports.escaping import escape
from eintr_trace.reports.layout import Layout, Span, Tone
from eintr_trace.reports.strace_lines import StraceOrder

_NOTE_LEAD = "      └"
_BLOCK_MARGIN = "  "


def annotated(lines: Iterable[TraceLine], layout: Layout) -> Iterator[str]:
    """Yield the lines of an episode and their notes; a log's with their numbers."""
    for line in lines:
        number = "" if line.number is None else layout.paint(f"{line.number}: ", Tone.FAINT)
        yield f"{_BLOCK_MARGIN}{number}{escape(line.text)}\n{_note(line.note, layout)}"


class LineWriter:
    """Writes all lines of a trace as they come; ``[pid N]`` once there is another thread.

    A line of no thread (0: events are missing) has none.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._order = StraceOrder()
        self._tid: int | None = None
        self._several = False

    def written(self, part: LinePart) -> str:
        """Return the text of the lines that are complete with this part of one."""
        if part.tid:
            self._several = self._several or self._tid not in (None, part.tid)
            self._tid = part.tid
        return self._text(part)

    def before_a_block(self) -> str:
        """Return the line that is open, if one is, as far as it goes."""
        return "".join(
            self._line(line.tid, line.text, line.note) for line in self._order.break_open()
        )

    def _text(self, part: LinePart) -> str:
        return "".join(
            self._line(line.tid, line.text, line.note) for line in self._order.take(part)
        )

    def _line(self, tid: int, text: str, note: str | None) -> str:
        prefix = f"[pid {tid:>5}] " if self._several and tid else ""
        return f"{prefix}{escape(text)}\n{_note(note, self._layout)}"


def _note(note: str | None, layout: Layout) -> str:
    if note is None:
        return ""
    lead = Span(_NOTE_LEAD, Tone.LABEL)
    return layout.paragraph(lead, [Span(note, Tone.LABEL)], len(_NOTE_LEAD) + 1)
