"""The fork in the road, as text: two paths side by side, and a line where they part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eintr_trace.analysis.fork import Fork, fork
from eintr_trace.model.episodes import CPath, Outcome
from eintr_trace.reports.escaping import escape
from eintr_trace.reports.layout import Layout, Tone, columns
from eintr_trace.reports.outcome_tones import OUTCOME_TONES

_GUTTER = 2
_MARK = " the fork in the road "


@dataclass(frozen=True)
class ForkSide:
    """One of the two: whose path it is, and what came of it."""

    title: str
    path: CPath
    outcome: Outcome


def draw_fork(left: ForkSide, right: ForkSide, layout: Layout) -> str:
    """Return the drawing; names that do not fit into half of the width are cut."""
    lines = _lines(left, right, fork(left.path, right.path), layout)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _lines(left: ForkSide, right: ForkSide, found: Fork, layout: Layout) -> Iterator[str]:
    width = (layout.width - _GUTTER) // 2

    def line(one: str, other: str, tone: Tone, other_tone: Tone) -> str:
        first, second = _cut(one, width), _cut(other, width)
        blanks = " " * (width + _GUTTER - columns(first))
        return layout.paint(first, tone) + blanks + layout.paint(second, other_tone)

    yield line(left.title, right.title, Tone.STRONG, Tone.STRONG)
    for number, row in enumerate(found.rows):
        if number == found.parts_at:
            yield layout.paint(_MARK.center(2 * width + _GUTTER, "─"), Tone.WARN)
        tone = Tone.PLAIN if found.parts_at is None or number < found.parts_at else Tone.STRONG
        yield line(row.left or "", row.right or "", tone, tone)
    tones = (OUTCOME_TONES[left.outcome], OUTCOME_TONES[right.outcome])
    yield line(f"→ {left.outcome.value}", f"→ {right.outcome.value}", *tones)


def _cut(text: str, width: int) -> str:
    """Return a name, escaped, that takes at most ``width`` columns."""
    shown = escape(text)
    while columns(shown) > width:
        shown = shown[:-2] + "…"
    return shown
