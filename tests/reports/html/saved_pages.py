"""Pages in files, and what a browser that opened one shows of its episodes."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

from eintr_trace.model.python_state import CodeLocation
from eintr_trace.model.report import Report
from eintr_trace.reports.html.report_page import no_source, write_html
from eintr_trace.reports.source_lines import SourceExcerpt, SourceLines
from tests.reports.html.browser import Browser

LINES = ("def read(self):", "    return self.handle.recv(4096)", "")


def some_source(location: CodeLocation) -> SourceExcerpt | None:
    if location.line is None:
        return None
    return SourceExcerpt(location.line - 1, LINES, changed_since=location.function == "main")


def saved(path: Path, report: Report, source_lines: SourceLines = no_source) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        write_html(report, stream, source_lines, UTC)
    return path


def rows(browser: Browser) -> list[str]:
    return [row.text.split()[0] for row in browser.all(".row")]


def chosen(browser: Browser) -> str:
    return browser.text("#detail .episode-id")
