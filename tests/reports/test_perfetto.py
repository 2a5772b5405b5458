from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eintr_trace.model.episodes import DelayBound, Episode, FollowUp
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceClock
from eintr_trace.model.trace_lines import TraceLine
from eintr_trace.reports.perfetto import write_perfetto
from eintr_trace.reports.trace_events import Slice, Track, nested
from tests.reports import samples, trace_event_format


def _written(report: Report) -> Any:
    stream = io.StringIO()
    write_perfetto(report, stream)
    assert stream.getvalue().isascii()
    document = json.loads(stream.getvalue())
    trace_event_format.check(document)
    return document


def _events(report: Report, phase: str) -> list[dict[str, Any]]:
    return [event for event in _written(report)["traceEvents"] if event["ph"] == phase]


def test_the_samples_keep_the_format() -> None:
    _written(samples.report(*samples.EPISODES))
    _written(samples.report())


def test_an_episode_is_a_slice_of_its_thread_with_all_that_is_known() -> None:
    (whole,) = _events(samples.report(samples.RAISED), "X")
    assert whole["name"] == "#1 recvfrom → raised"
    assert (whole["pid"], whole["tid"]) == (4700, 4700)
    assert (whole["ts"], whole["dur"]) == (0, 1000)
    assert whole["args"]["outcome"] == "raised"
    assert whole["args"]["explanation"]["C"] == [
        "CPython 2.7's sock_recv turned EINTR into socket.error."
    ]
    assert len(whole["args"]["evidence"]) == 4


def test_an_arrow_leads_from_the_sender_to_the_episode() -> None:
    report = samples.report(samples.RAISED)
    (start,), (end,) = _events(report, "s"), _events(report, "f")
    assert start["id"] == end["id"]
    assert start["pid"] == 4711
    assert (end["pid"], end["tid"]) == (4700, 4700)
    names = {event["pid"]: event["args"]["name"] for event in _events(report, "M")[:2]}
    assert names == {4711: "bash", 4700: "CPython 2.7.18: python2.7 client.py"}


def test_the_handler_and_the_exceptions_are_instants() -> None:
    instants = {event["name"]: event for event in _events(samples.report(samples.RAISED), "i")}
    assert instants["handler on_usr1 (client.py:11)"]["ts"] == 310
    raised = instants["socket.error → TTransportException"]
    assert raised["args"]["caught"] == "in main (client.py:38)"


def test_a_handler_lasts_until_cpython_calls_again() -> None:
    report = samples.report(samples.RESUMED)
    whole, handler, again = _events(report, "X")
    assert handler["name"] == "handler on_usr1 (client.py:11)"
    assert (handler["ts"], handler["ts"] + handler["dur"]) == (210, 400)
    assert again["ts"] == 400
    sent, called = _events(report, "s")
    assert (called["ts"], called["tid"]) == (whole["ts"], whole["tid"])
    (end,) = [one for one in _events(report, "f") if one["id"] == called["id"]]
    assert (end["ts"], end["tid"]) == (handler["ts"], handler["tid"])
    assert sent["cat"] == "signal"


@pytest.mark.parametrize("bound", [DelayBound.AT_MOST, DelayBound.AT_LEAST])
def test_a_handler_whose_beginning_was_not_seen_is_no_slice(bound: DelayBound) -> None:
    python = samples.RESUMED.python
    assert python is not None
    assert python.handler is not None
    late = replace(python, handler=replace(python.handler, delay_bound=bound))
    report = samples.report(replace(samples.RESUMED, python=late))
    assert "handler" not in {one["cat"] for one in _events(report, "X")}


def test_the_call_that_was_made_again_is_a_slice_within_the_episode() -> None:
    whole, _, again = _events(samples.report(samples.RESUMED), "X")
    assert again["name"] == "recvfrom again = 4096"
    assert again["ts"] == 400
    assert again["ts"] + again["dur"] == whole["dur"] == 1_204_000


def test_an_episode_ends_where_the_next_of_its_thread_begins() -> None:
    later_ns = samples.RESUMED.time_ns + 1_000_000
    after = replace(samples.RESUMED, id=3, time_ns=later_ns, end_ns=later_ns + 1_000)
    report = samples.report(samples.RESUMED, after)
    first, second = (one for one in _events(report, "X") if one["name"].startswith("#"))
    assert first["dur"] == second["ts"] == 1000


def test_lines_are_slices_where_their_end_is_known() -> None:
    start_ns = samples.RAISED.time_ns
    lines = (
        TraceLine(start_ns - 5_000_000, 4700, 4700, "recvfrom(3, ...) = ? ERESTARTSYS", 7, "why"),
        TraceLine(start_ns + 20_000, 4700, 4700, "write(1, 2, 3) = 3 <0.000123>", 9),
        TraceLine(start_ns + 300_000, 4700, 4700, "close(3) = 0"),
    )
    report = samples.report(replace(samples.RAISED, lines=lines))
    spans = {one["name"]: (one["ts"], one["dur"]) for one in _events(report, "X")}
    assert spans["recvfrom"] == (0, 4999.999)
    assert spans["write"] == (5020, 123)
    (call,) = [one for one in _events(report, "X") if one["name"] == "recvfrom"]
    assert call["args"] == {"line": lines[0].text, "number": 7, "note": "why"}
    assert "close" in [one["name"] for one in _events(report, "i")]


def test_lines_of_a_log_are_named_by_their_calls() -> None:
    start_ns = samples.RAISED.time_ns
    texts = (
        "7 10:00:00 close(3) = 0",
        "7 10:00:01 recvfrom(3,  <unfinished ...>",
        "7 10:00:02 <... recvfrom resumed>0x1, 2) = ? ERESTARTSYS <1.000000>",
        "[pid     7] --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER} ---",
        "[pid     7] rt_sigreturn({mask=[]}) = -1 EINTR",
        "+++ exited with 0 +++",
    )
    lines = tuple(
        TraceLine(start_ns - 3_000 + 1_000 * number, 4700, 4700, text, number + 1)
        for number, text in enumerate(texts)
    )
    report = samples.report(replace(samples.RAISED, lines=lines))
    (call,) = [one for one in _events(report, "X") if one["cat"] == "line"]
    assert (call["name"], call["dur"]) == ("recvfrom", 1.999)
    instants = [one["name"] for one in _events(report, "i") if one["cat"] == "line"]
    assert instants == ["close", "recvfrom resumed", "rt_sigreturn", "+++ exited with 0 +++"]


def test_a_line_of_two_episodes_is_drawn_once() -> None:
    line = TraceLine(samples.RAISED.time_ns, 4700, 4700, "close(3) = 0", 1)
    episodes = [replace(samples.RAISED, id=number, lines=(line,)) for number in (1, 2)]
    instants = _events(samples.report(*episodes), "i")
    assert [one["name"] for one in instants].count("close") == 1


def test_lines_for_times_are_said_to_be_no_durations() -> None:
    header = replace(samples.HEADER, clock=TraceClock.LINE_NUMBERS)
    episode = replace(samples.RAISED, time_ns=40, end_ns=47, follow_up=FollowUp(1, None))
    document = _written(replace(samples.report(episode), header=header))
    assert document["otherData"]["times"].startswith("the log has none: a microsecond is a line")
    assert document["otherData"]["0 µs"] == "line 40"
    (whole,) = [one for one in document["traceEvents"] if one["ph"] == "X"]
    assert whole["dur"] == 7


@pytest.mark.parametrize("text", ["a\x1b[31mb", "\u202e", "\udcff", "</script>"])
def test_no_string_of_the_tracee_is_obeyed_by_a_page(text: str) -> None:
    episode = replace(samples.RAISED, headline=text, consequences=(text,))
    (whole,) = _events(samples.report(episode), "X")
    assert whole["args"]["cost"][0].isprintable()


_TIMES = st.integers(0, 50)
_SLICES = st.builds(
    lambda tid, start_ns, dur: Slice(Track(1, tid), "a", "b", start_ns, start_ns + dur),
    st.integers(1, 2),
    _TIMES,
    _TIMES,
)


@settings(deadline=None)
@given(st.lists(_SLICES, max_size=30))
def test_slices_are_nested_whatever_they_were(slices: list[Slice]) -> None:
    found = nested(slices)
    assert len(found) == len(slices)
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            if one.track == other.track and other.start_ns < one.end_ns:
                assert other.end_ns <= one.end_ns


def _episode(tid: int, start_ns: int, known: int, again: int | None) -> Episode:
    follow_up = None if again is None else FollowUp(1, again)
    return replace(
        samples.RESUMED, tid=tid, time_ns=start_ns, end_ns=start_ns + known, follow_up=follow_up
    )


@settings(deadline=None)
@given(st.lists(st.builds(_episode, st.integers(1, 3), _TIMES, _TIMES, st.none() | _TIMES)))
def test_any_times_keep_the_format(episodes: list[Episode]) -> None:
    ordered = sorted(episodes, key=lambda one: one.time_ns)
    numbered = [replace(one, id=number) for number, one in enumerate(ordered, start=1)]
    _written(samples.report(*numbered))
