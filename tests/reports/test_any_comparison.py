"""Any two reports can be compared, and the comparison be drawn in every format."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from eintr_trace.analysis.two_runs.comparison import compare
from eintr_trace.model.comparison import ComparedRun
from eintr_trace.model.episodes import Episode
from eintr_trace.model.report import Report
from eintr_trace.reports.comparison_json import comparison_json
from eintr_trace.reports.comparison_markdown import comparison_markdown
from eintr_trace.reports.comparison_text import ComparisonStyle, comparison_text
from eintr_trace.reports.html.comparison_page import comparison_page
from eintr_trace.reports.layout import Layout
from tests.reports.hostile import any_of
from tests.reports.schema import STRICT_COMPARISON


def _with_evidence_there(episode: Episode) -> Episode:
    """Let sentences cite what the episode has: any numbers would be none of ours."""
    cited = tuple(range(len(episode.evidence)))
    return replace(
        episode, explanation=tuple(replace(one, evidence=cited) for one in episode.explanation)
    )


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_of(Report), any_of(Report))
def test_any_two_reports(left: Report, right: Report) -> None:
    reports = [
        replace(report, episodes=tuple(map(_with_evidence_there, report.episodes)))
        for report in (left, right)
    ]
    comparison = compare(ComparedRun("a", reports[0]), ComparedRun("b", reports[1]))
    assert comparison.reason
    for width in (80, 140):
        text = comparison_text(comparison, ComparisonStyle(Layout(width, colour=False), True))
        assert all(line.isprintable() for line in text.splitlines())
    assert comparison_markdown(comparison).startswith("# ")
    assert str(comparison_page(comparison)).encode()
    STRICT_COMPARISON.validate(json.loads("".join(comparison_json(comparison))))
