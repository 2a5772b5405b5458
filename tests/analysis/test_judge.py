"""What the judge keeps, counts and costs."""

from __future__ import annotations

import sys
from typing import Any

from eintr_trace.analysis.judge import Judge
from eintr_trace.model.episodes import Outcome, TracerInduced
from eintr_trace.model.events import ProcessSeen, ThreadOrigin, Warned
from eintr_trace.model.python_state import Implementation, Interpreter
from eintr_trace.model.report import Report
from tests.analysis.scenario import Builder
from tests.analysis.test_scenarios import HEADER
from tests.reports.schema import assert_valid

DELIVERY = {"deliver": {"call": "recvfrom(3)"}}
RETURNING = {"returning": {"saved": -4}}
RESTART = {"returning": {"restart": "recvfrom"}}


def judge_of(events: list[dict[str, Any]]) -> Judge:
    judge = Judge(HEADER)
    for event in Builder({"python": None, "events": events}).events():
        list(judge.feed(event))
    return judge


def report_of(events: list[dict[str, Any]]) -> Report:
    return assert_valid(judge_of(events).finish())


def lines_run(events: list[dict[str, Any]]) -> int:
    """Count the lines of the analysis that run: a cost that does not depend on the machine."""
    judge, count = Judge(HEADER), 0
    built = list(Builder({"python": None, "events": events}).events())

    def trace(frame: Any, _event: str, _argument: Any) -> Any:
        nonlocal count
        if "eintr_trace" not in frame.f_code.co_filename:
            return None
        count += 1
        return trace

    sys.settrace(trace)
    try:
        for event in built:
            list(judge.feed(event))
    finally:
        sys.settrace(None)
    return count


def test_the_summary_counts_outcomes_and_what_was_passed_and_lost() -> None:
    ignored = {"signal": "SIGUSR2", "disposition": "ignored"}
    report = report_of(
        [DELIVERY, RESTART, {"deliver": ignored}, {"passed": {"count": 5}}, {"lost": {"count": 2}}]
    )
    assert dict(report.summary.by_outcome) == {
        Outcome.RESTARTED_BY_KERNEL: 1,
        Outcome.NOT_BLOCKING: 1,
    }
    assert dict(report.summary.by_tracer_induced) == {TracerInduced.IGNORED: 1}
    assert (report.summary.passed, report.summary.lost) == (5, 2)
    assert report.ended is None


def test_the_end_of_the_trace_knows_best_what_was_passed_and_lost() -> None:
    report = report_of([{"passed": {"count": 5}}, {"trace_ended": {"passed": 9, "lost": 4}}])
    assert (report.summary.passed, report.summary.lost) == (9, 4)
    assert report.ended is not None


def test_warnings_are_handed_on() -> None:
    judge = Judge(HEADER)
    list(judge.feed(Warned(1, 0, 0, "look out")))
    assert judge.finish().warnings == ("look out",)


def test_a_process_whose_interpreter_is_found_later_is_one_process() -> None:
    judge = Judge(HEADER)
    early = ProcessSeen(1, 7, 0, ("python",), "/bin/python", ThreadOrigin.LAUNCHED)
    later = ProcessSeen(
        2,
        7,
        0,
        ("python",),
        "/bin/python",
        ThreadOrigin.LAUNCHED,
        Interpreter(Implementation.CPYTHON, "3", "t"),
    )
    execed = ProcessSeen(3, 7, 0, ("ls",), "/bin/ls", ThreadOrigin.LAUNCHED)
    for event in (early, later, execed):
        list(judge.feed(event))
    assert judge.finish().processes == (later, execed)


def test_cost_is_proportional_to_the_events() -> None:
    round_trip: list[dict[str, Any]] = [DELIVERY, RETURNING, {"enter": {"call": "recvfrom(3)"}}]
    never_returning: list[dict[str, Any]] = [DELIVERY]
    for events in (round_trip, never_returning):
        once, twice = lines_run(events * 100), lines_run(events * 200)
        assert twice < 2.2 * once
