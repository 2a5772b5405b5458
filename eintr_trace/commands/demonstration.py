"""What ``eintr-trace demo`` shows: both halves of the experiment, compared, and their pages."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eintr_trace.analysis.two_runs.comparison import compare
from eintr_trace.commands.presenting import follow
from eintr_trace.commands.renderers import write_html_report
from eintr_trace.commands.terminal import terminal_layout
from eintr_trace.commands.written_files import write_text
from eintr_trace.lab.demo import DemoRun, run_demo
from eintr_trace.model.comparison import ComparedRun, Comparison
from eintr_trace.model.report import Report
from eintr_trace.reports.columns import GUTTER, side_by_side
from eintr_trace.reports.comparison_text import ComparisonStyle, comparison_text
from eintr_trace.reports.detail import Detail
from eintr_trace.reports.escaping import escape
from eintr_trace.reports.html.comparison_page import comparison_page
from eintr_trace.reports.layout import Layout, Span, Tone
from eintr_trace.reports.text import TextReport, TextStyle
from eintr_trace.sources.recording.reader import read_recording

_NARROWEST_COLUMN = 66


@dataclass(frozen=True)
class Half:
    """One interpreter's half of the demonstration: what to print, and its report."""

    run: DemoRun
    text: str
    report: Report


def demonstrate(folder: Path, pythons: Sequence[Path]) -> None:
    """Run the experiment, print what came of it, and leave recordings and pages in ``folder``.

    Interpreters in ``pythons`` are preferred to those found. Raises EintrTraceError.
    """
    if sys.stderr.isatty():
        print("eintr-trace: running the experiment under two interpreters", file=sys.stderr)
    demo = run_demo(folder, pythons)
    layout = terminal_layout()
    columns = shutil.get_terminal_size((layout.width, 0)).columns
    column_width = (columns - len(GUTTER)) // 2
    if column_width < _NARROWEST_COLUMN:
        halves = [_half(run, layout) for run in (demo.raises, demo.resumes)]
        sys.stdout.write("\n".join(half.text for half in halves))
    else:
        column = replace(layout, width=min(column_width, layout.width))
        halves = [_half(run, column) for run in (demo.raises, demo.resumes)]
        sys.stdout.write(side_by_side(halves[0].text, halves[1].text, column.width))
    left, right = (ComparedRun(half.run.recording.name, half.report) for half in halves)
    comparison = compare(left, right)
    sys.stdout.write("\n" + _compared(comparison, replace(layout, width=columns)))
    sys.stdout.write("\n" + _pages(folder, comparison, halves, layout))


def _compared(comparison: Comparison, layout: Layout) -> str:
    title = layout.paragraph(Span(""), [Span("Both runs compared", Tone.STRONG)], 0)
    return f"{title}\n{comparison_text(comparison, ComparisonStyle(layout))}"


def _pages(folder: Path, comparison: Comparison, halves: Sequence[Half], layout: Layout) -> str:
    """Write the pages, and say where they are."""
    compared = folder / "comparison.html"
    write_text(str(compared), comparison_page(comparison))
    pages = [("both runs compared", compared)]
    for half in halves:
        page = folder / half.run.recording.with_suffix(".html").name
        text = io.StringIO(newline="")
        write_html_report(half.report, text)
        write_text(str(page), text.getvalue())
        pages.append((half.run.interpreter, page))
    lead = max(len(name) for name, _ in pages) + 2
    # Each address on one line, however long: a terminal can then open it.
    lines = [
        f"{escape(name).ljust(lead)}{layout.paint(escape(page.resolve().as_uri()), Tone.STRONG)}\n"
        for name, page in pages
    ]
    return "To look at in a browser:\n" + "".join(lines)


def _half(run: DemoRun, layout: Layout) -> Half:
    title = f"{run.interpreter}: {run.signals} × SIGUSR1 while the client waits for its reply"
    text = io.StringIO()
    text.write(layout.paragraph(Span(""), [Span(title, Tone.STRONG)], 0))
    if run.replayed:
        note = "There is no Python 2.7 here: this is the recording of a run on another machine."
        text.write(layout.paragraph(Span(""), [Span(note, Tone.WARN)], 0))
    text.write("\n")
    for line in run.output.splitlines():
        text.write("".join(f"{piece}\n" for piece in _pieces(escape(line), layout.width)))
    text.write("\n")
    with run.recording.open("rb") as stream:
        trace = read_recording(stream, str(run.recording))
        renderer = TextReport(text, trace.header, TextStyle(layout, Detail.BLOCKS))
        report = follow(trace, renderer)
        renderer.finish(report)
    return Half(run, text.getvalue().rstrip("\n") + "\n", report)


def _pieces(line: str, width: int) -> list[str]:
    """Cut a line where the column ends; its indentation means something, so it is not wrapped."""
    return [line[start : start + width] for start in range(0, len(line), width)] or [""]
