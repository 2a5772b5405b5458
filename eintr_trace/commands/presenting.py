"""A recording's stream to a report: the one path for live traces and for files.

The text that a live trace prints is therefore the text of the report of its recording.
"""

from __future__ import annotations

from eintr_trace.analysis.judge import Judge
from eintr_trace.commands.arguments import ReportFormat
from eintr_trace.commands.exits import ExitStatus, complain
from eintr_trace.commands.presentation import Presentation
from eintr_trace.commands.renderers import renderer_for
from eintr_trace.commands.report_output import report_output
from eintr_trace.errors import EintrTraceError
from eintr_trace.model.episodes import Outcome
from eintr_trace.model.events import EndReason
from eintr_trace.model.report import Report
from eintr_trace.model.trace import Trace, TraceSource
from eintr_trace.model.trace_lines import LinePart
from eintr_trace.reports.renderer import Renderer
from eintr_trace.reports.selection import WHOLE, Selection


def present_trace(trace: Trace, path: str, wanted: Presentation) -> int:
    """Print the report of a trace from any source; return the exit status.

    Raises EintrTraceError if the trace is malformed or the report cannot be written.
    """
    is_page = wanted.format is ReportFormat.HTML
    with report_output(wanted.output, in_utf8=is_page) as output:
        renderer = renderer_for(
            wanted.format, wanted.detail, trace.header, output, every_line=wanted.every_line
        )
        report = follow(trace, renderer, wanted.selection)
        renderer.finish(report)
    return _status(report, path, wanted.fail_on)


def follow(trace: Trace, renderer: Renderer, selection: Selection = WHOLE) -> Report:
    """Give the renderer each line and judgement as the events come; return the whole report."""

    def show(part: LinePart) -> None:
        if selection.takes_line(part):
            renderer.line(part)

    judge = Judge(trace.header, show)
    for event in trace.events:
        for update in judge.feed(event):
            if selection.takes(update.episode):
                renderer.update(update)
    return selection.of(judge.finish())


def _status(report: Report, path: str, fail_on: frozenset[Outcome]) -> int:
    status = ExitStatus.DONE if is_whole_report(report, path) else ExitStatus.FAILED
    if any(episode.outcome in fail_on for episode in report.episodes):
        status = ExitStatus.OUTCOME_SEEN
    return status


def is_whole_report(report: Report, path: str) -> bool:
    """Tell whether the trace in ``path`` has its end, and complain if not."""
    is_log = report.header.source is TraceSource.STRACE_LOG  # which has no end of its own to miss
    if is_log or (report.ended is not None and report.ended.reason is not EndReason.CUT_SHORT):
        return True
    complain(
        EintrTraceError(
            f"{path} is cut short: the report ends where it does",
            "Let the tracer end by itself, or with Ctrl-C, to have the whole",
        )
    )
    return False
