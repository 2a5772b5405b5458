"""The renderer of each format."""

from __future__ import annotations

from eintr_trace.commands.arguments import ReportFormat
from eintr_trace.commands.report_output import ReportOutput
from eintr_trace.model.trace import TraceHeader
from eintr_trace.reports.json_report import write_json
from eintr_trace.reports.renderer import AtTheEnd, Renderer
from eintr_trace.reports.text import Detail, TextReport, TextStyle


def renderer_for(
    format: ReportFormat, detail: Detail, header: TraceHeader, output: ReportOutput
) -> Renderer:
    """Return what writes a report in ``format`` to ``output``."""
    match format:
        case ReportFormat.TEXT:
            return TextReport(output.stream, header, TextStyle(output.layout, detail))
        case ReportFormat.JSON:
            return AtTheEnd(lambda report: write_json(report, output.stream))
