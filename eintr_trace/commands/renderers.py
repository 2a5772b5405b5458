"""The renderer of each format, writing to standard output."""

from __future__ import annotations

import sys

from eintr_trace.commands.arguments import ReportFormat
from eintr_trace.commands.terminal import terminal_layout
from eintr_trace.model.trace import TraceHeader
from eintr_trace.reports.json_report import write_json
from eintr_trace.reports.renderer import AtTheEnd, Renderer
from eintr_trace.reports.text import Detail, TextReport, TextStyle


def renderer_for(format: ReportFormat, detail: Detail, header: TraceHeader) -> Renderer:
    """Return what writes a report in ``format``."""
    match format:
        case ReportFormat.TEXT:
            return TextReport(sys.stdout, header, TextStyle(terminal_layout(), detail))
        case ReportFormat.JSON:
            return AtTheEnd(lambda report: write_json(report, sys.stdout))
