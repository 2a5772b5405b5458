"""Traces of every call: lines whatever comes, and the verdicts of a trace that sleeps."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import given, settings

from eintr_trace.analysis.judge import Judge
from eintr_trace.analysis.lines.strace_results import result_text
from eintr_trace.model.events import Event, Syscall, SyscallEntered, SyscallExited
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceHeader, TraceMode
from eintr_trace.model.trace_lines import LinePart
from eintr_trace.reports.strace_lines import StraceOrder
from tests.analysis.scenario import Builder, all_scenarios
from tests.analysis.test_any_events import CODE, EVENTS
from tests.analysis.test_scenarios import HEADER, assert_backed

EVERY_CALL = replace(HEADER, mode=TraceMode.EVERY_SYSCALL)
_GETPID = Syscall("getpid", 39, (), "getpid()")


def judged(events: list[Event], header: TraceHeader) -> tuple[Report, list[LinePart]]:
    parts: list[LinePart] = []
    judge = Judge(header, parts.append)
    for event in events:
        for update in judge.feed(event):
            assert_backed(update.episode)
    return judge.finish(), parts


@settings(max_examples=200, deadline=None)
@given(EVENTS)
def test_whatever_comes_each_line_is_begun_and_ended_at_most_once(
    told: list[dict[str, Any]],
) -> None:
    events = list(Builder(CODE | {"events": told}).events())
    _, parts = judged(events, EVERY_CALL)
    order = StraceOrder()
    printed = [line for part in parts for line in order.take(part)] + list(order.break_open())
    assert all(line.text and "\n" not in line.text for line in printed)
    unfinished = Counter(line.tid for line in printed if line.text.endswith("<unfinished ...>"))
    resumed = Counter(line.tid for line in printed if line.text.startswith("<... "))
    ends_alone = Counter(part.tid for part in parts if part.line and part.opened is None)
    for tid, count in resumed.items():
        assert count <= unfinished[tid] + ends_alone[tid]


def test_calls_that_belong_to_no_interruption_change_no_verdict() -> None:
    for scenario in all_scenarios():
        more = [scenario.events[0]]
        for event in scenario.events[1:]:
            more += [event, *_calls_of_another_thread(event)]
        asleep, _ = judged(list(scenario.events), HEADER)
        awake, parts = judged(more, EVERY_CALL)
        assert [one.outcome for one in awake.episodes] == [
            one.outcome for one in asleep.episodes
        ], scenario.name
        assert parts


def _calls_of_another_thread(event: Event) -> tuple[Event, Event]:
    entered = SyscallEntered(event.time_ns, event.tgid, 999, _GETPID)
    return entered, SyscallExited(event.time_ns, event.tgid, 999, "getpid", 39, 999)


def test_results_are_written_as_strace_does() -> None:
    # Compared with strace itself by tests/live/test_every_syscall.py; these are rarer.
    assert result_text("read", -516) == "? ERESTART_RESTARTBLOCK (Interrupted by signal)"
    assert result_text("mmap", -12) == "-1 ENOMEM (Cannot allocate memory)"
    assert result_text("mmap", 0x7F0000000000) == "0x7f0000000000"
    assert result_text("brk", 0) == "NULL"
    assert result_text("poll", 0) == "0 (Timeout)"
    assert result_text("sendmsg", -95) == "-1 EOPNOTSUPP (Operation not supported)"
    assert result_text("fcntl", -35) == "-1 EDEADLK (Resource deadlock avoided)"
    assert result_text("ioctl", -999) == "-1 (errno 999)"
    assert result_text("lseek", -5000) == "-5000"
