from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest

from eintr_trace.model.events import EndReason, TraceEnded
from eintr_trace.model.trace import TraceSource
from eintr_trace.reports.wording import clock_time, end_of_trace, numbered
from tests.recording.samples import HEADER


def test_a_time_is_told_to_the_millisecond() -> None:
    header = replace(HEADER, monotonic_anchor_ns=0, realtime_anchor_ns=1_700_000_000_000_000_000)
    assert clock_time(header, 1_500_000, UTC) == "22:13:20.001"


@pytest.mark.parametrize("time_ns", [2**69, -(2**69), 2**80, -(2**80), 10**30])
def test_a_time_that_no_calendar_has_is_not_a_defect(time_ns: int) -> None:
    assert clock_time(HEADER, time_ns, UTC) == "time not known"


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([7], "#7"), ([1, 2, 3, 5, 8, 9], "#1 to #3, #5, #8 to #9")],
)
def test_numbers_in_a_row_are_told_by_their_ends(numbers: list[int], text: str) -> None:
    assert numbered(numbers) == text


@pytest.mark.parametrize(
    ("most", "text"),
    [(3, "#1 to #2, #4, #6 to #8"), (2, "#1 to #2, #4 and 3 more"), (1, "#1 to #2 and 4 more")],
)
def test_of_many_runs_the_later_ones_are_counted(most: int, text: str) -> None:
    assert numbered([1, 2, 4, 6, 7, 8], most) == text


def test_nobody_detached_from_a_log() -> None:
    ended = TraceEnded(0, 0, 0, EndReason.DETACHED, deliveries=1, passed=0, lost=0)
    log = replace(HEADER, source=TraceSource.STRACE_LOG)
    assert end_of_trace(HEADER, ended) == "ended by a signal to eintr-trace"
    shown = "ended with the log, which does not show the program end"
    assert end_of_trace(log, ended) == shown
