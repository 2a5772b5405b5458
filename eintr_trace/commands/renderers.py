"""The renderer of each format."""

from __future__ import annotations

from typing import TextIO

from eintr_trace.commands.arguments import ReportFormat
from eintr_trace.commands.report_output import ReportOutput
from eintr_trace.errors import EintrTraceError
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceHeader, TraceMode, TraceSource
from eintr_trace.reports.detail import Detail
from eintr_trace.reports.json_report import write_json
from eintr_trace.reports.markdown import write_markdown
from eintr_trace.reports.perfetto import write_perfetto
from eintr_trace.reports.renderer import AtTheEnd, Renderer
from eintr_trace.reports.strace_lines import StraceLog
from eintr_trace.reports.text import TextReport, TextStyle


def renderer_for(
    format: ReportFormat,
    detail: Detail,
    header: TraceHeader,
    output: ReportOutput,
    *,
    every_line: bool,
) -> Renderer:
    """Return what writes a report in ``format`` to ``output``.

    ``every_line``: with all lines of the trace, where the format shows them. Raises
    EintrTraceError if the trace does not have them.
    """
    if every_line or format is ReportFormat.STRACE:
        _require_every_call(header)
    match format:
        case ReportFormat.TEXT:
            style = TextStyle(output.layout, detail, every_line=every_line)
            return TextReport(output.stream, header, style)
        case ReportFormat.STRACE:
            return StraceLog(output.stream, header)
        case ReportFormat.MARKDOWN:
            return AtTheEnd(lambda report: write_markdown(report, output.stream, detail))
        case ReportFormat.PERFETTO:
            return AtTheEnd(lambda report: write_perfetto(report, output.stream))
        case ReportFormat.JSON:
            return AtTheEnd(lambda report: write_json(report, output.stream))
        case ReportFormat.HTML:
            return AtTheEnd(lambda report: write_html_report(report, output.stream))


def write_html_report(report: Report, stream: TextIO) -> None:
    """Write the page of a report, with the source lines that this machine has."""
    # Imported here: no other format needs the templates.
    from eintr_trace.commands.source_files import SourceFiles
    from eintr_trace.reports.html.report_page import write_html

    write_html(report, stream, SourceFiles(report.header))


def _require_every_call(header: TraceHeader) -> None:
    if header.source is TraceSource.STRACE_LOG:
        raise EintrTraceError(
            "of an strace log only the lines that belong to an interruption are kept",
            "Leave --every-syscall out, or read the log itself for the others",
        )
    if header.mode is not TraceMode.EVERY_SYSCALL:
        raise EintrTraceError(
            "this trace does not have every call", "Record one with --every-syscall"
        )
