"""The fork in the road as a figure: two ways through C from one event, and where they part."""

from __future__ import annotations

from markupsafe import Markup

from eintr_trace.analysis.fork import fork
from eintr_trace.reports.fork_text import ForkSide
from eintr_trace.reports.html.templating import render
from eintr_trace.reports.html.tones import TONE_CLASSES


def fork_figure(left: ForkSide, right: ForkSide) -> Markup:
    """Draw two paths: one trunk as far as they go together, then a branch for each."""
    found = fork(left.path, right.path)
    split = len(found.rows) if found.parts_at is None else found.parts_at
    return render(
        "fork.html",
        left=left,
        right=right,
        trunk=found.rows[:split],
        branches=found.rows[split:],
        parted=found.parts_at is not None,
        tones=TONE_CLASSES,
    )


def path_figure(side: ForkSide) -> Markup:
    """Draw one path, where no other way is known."""
    return render("path.html", side=side, tones=TONE_CLASSES)
