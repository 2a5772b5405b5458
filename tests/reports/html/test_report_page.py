from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.episodes import CPath, Outcome, TracerInduced
from eintr_trace.model.events import Reduction
from eintr_trace.model.python_state import CodeLocation
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceClock
from eintr_trace.reports import heading
from eintr_trace.reports.html.journey import Pass, journey
from eintr_trace.reports.html.report_page import no_source, write_html
from eintr_trace.reports.html.ways import Ways
from eintr_trace.reports.html.words import words_of
from eintr_trace.reports.source_lines import SourceExcerpt, SourceLines
from tests.reports import samples
from tests.reports.html.test_page import HOSTILE


def _written(report: Report, source_lines: SourceLines = no_source) -> str:
    stream = io.StringIO()
    write_html(report, stream, source_lines, UTC)
    return stream.getvalue()


def _data(written: str) -> Any:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', written)
    return json.loads(found)


def _texts(data: Any) -> str:
    return "\n".join("".join(pieces) for pieces in data["patterns"])


def test_every_sample_can_be_written() -> None:
    report = samples.report(*samples.EPISODES)
    data = _data(_written(report))
    assert [one["id"] for one in data["episodes"]] == [one.id for one in report.episodes]
    assert [one["outcome"] for one in data["episodes"]] == [
        one.outcome.value for one in report.episodes
    ]


def test_a_trace_without_episodes_says_so() -> None:
    assert "No interruption was seen" in _written(samples.report())


def test_what_limits_the_report_is_said_at_its_head() -> None:
    report = samples.report(samples.RAISED, warnings=("something odd",), passed=3)
    summary = replace(
        report.summary,
        by_reduction=((Reduction.MEMORY_UNREAD, 1),),
        by_tracer_induced=((TracerInduced.SIGCONT, 1),),
        lost=7,
    )
    written = _written(replace(report, summary=summary, ended=None))
    for text in (
        "something odd",
        "3 signals went by unread",
        "7 events are missing",
        "without the tracer, 1 of the 1",
        "the memory of the process was not read",
        "breaks off",
    ):
        assert text in written


@pytest.mark.parametrize(
    ("argv", "exe", "title"),
    [
        (("/usr/bin/python3", "/srv/job.py"), "/usr/bin/python3.11", "python3 job.py"),
        (
            ("/opt/versions/3.11.7/bin...", "job.py"),
            "/opt/versions/3.11.7/bin/python",
            "python job.py",
        ),
        (("/opt/cpython/bin...", "job.py"), None, "bin... job.py"),
        ((), "/usr/bin/python3", "/usr/bin/python3"),
    ],
)
def test_the_heading_names_the_program(argv: tuple[str, ...], exe: str | None, title: str) -> None:
    report = samples.report(samples.RAISED)
    report = replace(
        report, processes=(replace(report.processes[0], tgid=4700, argv=argv, exe=exe),)
    )
    assert heading.title(report) == title


def test_one_is_said_of_one() -> None:
    report = samples.report(samples.RAISED, passed=1)
    summary = replace(report.summary, lost=1, merged=1)
    written = _written(replace(report, summary=summary))
    for text in ("1 signal went by", "1 event is missing", "1 signal merged into another"):
        assert text in written


def test_outcomes_are_in_the_order_of_the_closed_set() -> None:
    written = _written(samples.report(*reversed(samples.EPISODES)))
    shown = re.findall(r'data-outcome="([a-z-]+)"', written)
    assert shown == [one.value for one in Outcome if one.value in shown]
    assert len(shown) > 3


def test_words_that_the_glossary_does_not_have_are_left_out() -> None:
    signal, syscall = samples.RAISED.signal, samples.RAISED.syscall
    assert signal is not None
    assert syscall is not None
    odd = replace(
        samples.RAISED,
        signal=replace(signal, name="x" * 1_000_000),
        syscall=replace(
            syscall, syscall=replace(syscall.syscall, name="<b>"), restart_code="kill -9"
        ),
    )
    assert [word for word, _ in words_of(samples.RAISED)] == [
        "raised",
        "SIGUSR1",
        "recvfrom",
        "ERESTARTSYS",
    ]
    assert [word for word, _ in words_of(odd)] == ["raised"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_the_tracee_calls_things_stays_text(text: str) -> None:
    place = CodeLocation(text, text, 1)
    episode = replace(
        samples.RAISED,
        headline=text,
        advice=(text,),
        caught_at=place,
        exceptions=tuple(
            replace(one, message=text, raised_at=place) for one in samples.RAISED.exceptions
        ),
    )
    report = replace(
        samples.report(episode),
        processes=tuple(
            replace(one, argv=(text,), exe=text) for one in samples.report(episode).processes
        ),
        warnings=(text,),
    )
    written = _written(report, lambda _: SourceExcerpt(1, (text,), False))
    written.encode()
    assert text not in re.sub(r'<script type="application/json".*?</script>', "", written)
    assert "\u202e" not in written
    assert written.count("<script") == 2
    assert written.count("</script") == 2


def test_source_lines_are_there_once_for_each_place() -> None:
    asked: list[CodeLocation] = []

    def lines(location: CodeLocation) -> SourceExcerpt:
        asked.append(location)
        return SourceExcerpt(10, ("\tdef f():", "x" * 1000), True)

    twice = (samples.RAISED, replace(samples.RAISED, id=2))
    data = _data(_written(samples.report(*twice), lines))
    assert len(asked) == len(set(asked)) == len(data["excerpts"])
    assert data["excerpts"][0]["lines"][0] == "        def f():"
    assert len(data["excerpts"][0]["lines"][1]) == 300
    assert data["excerpts"][0]["changed"] is True


def test_episodes_that_are_alike_cost_little() -> None:
    one = len(_written(samples.report(samples.RAISED)))
    many = len(
        _written(
            samples.report(
                *(replace(samples.RAISED, id=at, time_ns=at * 1_000_000) for at in range(1, 1001))
            )
        )
    )
    # The page's plain part has 200 of them.
    assert (many - one) / 1000 < 1500


def test_times_are_never_said_of_a_log_without_times() -> None:
    report = samples.report(*samples.EPISODES)
    report = replace(report, header=replace(report.header, clock=TraceClock.LINE_NUMBERS))
    data = _data(_written(report))
    assert data["timed"] is False
    assert all("took" not in one and "seen" not in one for one in data["episodes"])


def test_a_journey_ends_where_the_call_was_made_again() -> None:
    passes = {episode.outcome: journey(episode) for episode in samples.EPISODES}
    assert journey(samples.RAISED) == (Pass.ON, Pass.RAISED, Pass.RAISED, Pass.COST)
    assert passes[Outcome.RESUMED_BY_INTERPRETER][1] is Pass.AGAIN
    assert passes[Outcome.RESTARTED_BY_KERNEL][:2] == (Pass.AGAIN, None)
    assert passes[Outcome.DIED][0] is Pass.DIED


def test_beside_a_way_is_another_that_the_same_call_took() -> None:
    raised = replace(samples.RAISED, c_path=CPath(("recv", "set_error"), PathEnd.DECISION))
    again = replace(
        raised,
        id=2,
        outcome=Outcome.RESUMED_BY_INTERPRETER,
        c_path=CPath(("recv", "PyErr_CheckSignals"), PathEnd.HANDLER_DUE),
    )
    alone = Ways([raised, replace(raised, id=3)])
    assert alone.by_episode == {1: 0, 3: 0}
    assert "the fork in the road" not in alone.figures[0]
    both = Ways([raised, again])
    assert "The way of #2" in both.figures[both.by_episode[1]]
    assert "The way of #1" in both.figures[both.by_episode[2]]
