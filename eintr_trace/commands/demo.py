"""``eintr-trace demo``: the whole experiment, both interpreters, side by side."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eintr_trace.analysis.fork import is_whole
from eintr_trace.commands.arguments import Parser
from eintr_trace.commands.exits import ExitStatus
from eintr_trace.commands.presenting import follow
from eintr_trace.commands.terminal import terminal_layout
from eintr_trace.lab.demo import DemoRun, run_demo
from eintr_trace.model.report import Report
from eintr_trace.reports.columns import GUTTER, side_by_side
from eintr_trace.reports.escaping import escape
from eintr_trace.reports.fork_text import ForkSide, draw_fork
from eintr_trace.reports.layout import Layout, Span, Tone
from eintr_trace.reports.text import Detail, TextReport, TextStyle
from eintr_trace.reports.text_block import OUTCOME_TONES
from eintr_trace.sources.recording.reader import read_recording

_DESCRIPTION = """\
Run the Thrift experiment on this machine: a client waits for a large reply and
gets SIGUSR1, once under Python 2.7 and twice under the newest Python 3, traced.
Shows what the client said, what eintr-trace says, the verdicts, and where in C the
two ways part, as single steps showed them (the client is ours)."""

_NARROWEST_COLUMN = 66


@dataclass(frozen=True)
class Half:
    """One interpreter's half of the demonstration: what to print, and its report."""

    run: DemoRun
    text: str
    report: Report


def run(argv: Sequence[str]) -> int:
    """Run the demonstration. Raises EintrTraceError."""
    parser = Parser("demo", _DESCRIPTION, "eintr-trace demo [OPTION]…")
    parser.add_argument(
        "--python",
        metavar="PYTHON",
        dest="pythons",
        type=Path,
        action="append",
        default=[],
        help="prefer this interpreter to those found; may be given twice (a 2.7 and a 3.x)",
    )
    parser.add_argument(
        "-o", dest="folder", metavar="FOLDER", type=Path, help="keep the recordings there"
    )
    arguments = parser.parse_args(argv)
    if arguments.folder is not None:
        return _show(arguments.folder, arguments.pythons)
    with tempfile.TemporaryDirectory(prefix="eintr-trace-demo-") as folder:
        return _show(Path(folder), arguments.pythons)


def _show(folder: Path, pythons: Sequence[Path]) -> int:
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
    sys.stdout.write("\n" + "".join(_verdicts(half, layout) for half in halves))
    sys.stdout.write("\n" + _fork(halves, layout))
    return ExitStatus.DONE


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


def _fork(halves: Sequence[Half], layout: Layout) -> str:
    """Return where the ways through C part, if both were seen."""
    left, right = map(_fork_side, halves)
    if left is None or right is None:
        note = "The way through C was not seen in both runs, so that they cannot be compared."
        return layout.paragraph(Span(""), [Span(note, Tone.WARN)], 0)
    return draw_fork(left, right, layout)


def _fork_side(half: Half) -> ForkSide | None:
    """Return the first path that was seen to its end."""
    for episode in half.report.episodes:
        if episode.c_path is not None and is_whole(episode.c_path):
            return ForkSide(half.run.interpreter, episode.c_path, episode.outcome)
    return None


def _pieces(line: str, width: int) -> list[str]:
    """Cut a line where the column ends; its indentation means something, so it is not wrapped."""
    return [line[start : start + width] for start in range(0, len(line), width)] or [""]


def _verdicts(half: Half, layout: Layout) -> str:
    """Return a line for each verdict: the interpreter, the outcome and the episode in short."""
    verdicts = Counter((episode.outcome, episode.headline) for episode in half.report.episodes)
    return "".join(
        layout.paragraph(
            Span(half.run.interpreter, Tone.STRONG),
            [
                Span(outcome.value, OUTCOME_TONES[outcome]),
                Span(f": {headline}" if count == 1 else f" ×{count}: {headline}"),
            ],
            len(half.run.interpreter) + 2,
        )
        for (outcome, headline), count in verdicts.items()
    )
