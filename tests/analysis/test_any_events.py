"""Whatever comes, in whatever order: no exception, and every episode is complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eintr_trace.analysis.judge import Judge
from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.report import Report
from tests.analysis.scenario import FIXTURES, Builder, all_scenarios
from tests.analysis.test_scenarios import HEADER, assert_backed
from tests.reports.schema import assert_valid

assert FIXTURES.is_dir()

CALLS = st.sampled_from(
    ["recvfrom(3)", "recvfrom(4)", "poll(3)", "sendto(3)", "futex(8)", "write(1)", "pause"]
)
RETVALS = st.sampled_from([-512, -513, -514, -516, -4, -11, 0, 4096])
FRAMES = ["main", "main@44", "read", "read@60", "read*", "handler"]
STACKS = st.lists(st.sampled_from(FRAMES), max_size=4)
EXCEPTIONS = st.lists(st.sampled_from(["eintr", "wrapped", "alarm"]), max_size=3, unique=True)
C_FRAMES = ["recv libc", "sock_recv", "sock_recv*", "? libpq", "?", "PyErr_SetFromErrno"]
C_FRAMES += ["PyErr_CheckSignals", "_PyEval_EvalFrameDefault", "_PyEval_EvalFrameDefault*"]
C_STACKS = st.lists(st.sampled_from(C_FRAMES), max_size=5)
SNAPSHOTS = st.fixed_dictionaries(
    {},
    optional={
        "stack": STACKS,
        "handled": EXCEPTIONS,
        "pending": EXCEPTIONS,
        "last": EXCEPTIONS,
        "tripped": st.booleans(),
        "main_thread": st.sampled_from([True, False, None]),
        "problem": st.sampled_from([None, "unreadable"]),
        "c_stack": C_STACKS,
    },
)


def with_snapshot(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    merged: Callable[[tuple[dict[str, Any], dict[str, Any]]], dict[str, Any]]
    merged = lambda pair: pair[0] | pair[1]  # noqa: E731 - annotated for mypy, one use
    return st.tuples(SNAPSHOTS, st.fixed_dictionaries(keys)).map(merged)


INTERRUPTED = with_snapshot(call=CALLS, retval=RETVALS) | SNAPSHOTS
SIGNALS = st.sampled_from(["SIGUSR1", "SIGCONT", "SIGSTOP", "SIGWINCH", "SIGTERM", "SIGINT"])
DISPOSITIONS = st.sampled_from(["caught", "ignored", "default"])
MORE = st.fixed_dictionaries(
    {"signal": SIGNALS, "disposition": DISPOSITIONS},
    optional={
        "rerouted_from": st.just(100),
        "before_user_mode": st.booleans(),
        "watched": st.sampled_from([None, "futex"]),
    },
)
KINDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "deliver": st.tuples(INTERRUPTED, MORE).map(lambda pair: pair[0] | pair[1]),
    "stopped": INTERRUPTED,
    "trapped": st.tuples(INTERRUPTED, st.booleans()).map(
        lambda pair: pair[0] | {"was_stopped": pair[1]}
    ),
    "returning": with_snapshot(saved=RETVALS) | with_snapshot(restart=st.just("recvfrom")),
    "returned": st.fixed_dictionaries({"retval": RETVALS}),
    "enter": with_snapshot(call=CALLS),
    "exit": st.fixed_dictionaries({"call": st.just("recvfrom"), "retval": RETVALS}),
    "handler_began": st.just({}),
    "handler_due": st.fixed_dictionaries({"tripped": st.sampled_from([True, False, None])}),
    "quiet": SNAPSHOTS,
    "sample": st.fixed_dictionaries({"c_stack": C_STACKS}),
    "unwatched": st.just({"reason": "watchpoint-refused"}),
    "path": st.fixed_dictionaries(
        {"steps": C_STACKS, "end": st.sampled_from(list(PathEnd)).map(str)}
    ),
    "connection": st.fixed_dictionaries(
        {"fd": st.sampled_from([3, 4])},
        optional={"inode": st.just(9), "unread_bytes": st.sampled_from([None, 0, 5, 9])},
    ),
    "follow_ended": st.just({}),
    "lost": st.just({"count": 3}),
    "passed": st.just({"count": 2}),
    "execed": st.just({}),
    "thread_exited": st.just({}),
    "process_exited": st.sampled_from([{"status": 1}, {"signal": "SIGTERM"}]),
}
THREADS = st.sampled_from([{"tid": 100}, {"tid": 101}, {"tid": 200, "tgid": 200}])


def one_event(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(KINDS[kind], THREADS).map(lambda pair: {kind: pair[0]} | pair[1])


# Deliveries and what follows them come more often than ends.
OFTEN = ["deliver", "deliver", "returning", "enter", "enter", "exit", "quiet"]
EVENTS = st.lists(
    st.sampled_from([*OFTEN, *KINDS]).flatmap(one_event),
    max_size=30,
)
VERSIONS = st.sampled_from([None, "2.7.18", "3.4", "3.11.7", "3.14.0rc1", "4.2", ""])
CODE = {
    "frames": {
        "main": {"function": "main", "file": "a.py", "line": 9, "at": 30, "calls": "read"},
        "read": {"function": "read", "file": "thrift/transport/TSocket.py", "line": 1},
    },
    "handler": {"function": "on_signal", "file": "a.py", "line": 2},
    "files": {"libc": {"role": "c-library"}, "libpq": {"role": "library"}},
    "exceptions": {
        "eintr": {"type": "OSError", "errno": 4, "traceback": ["main:11", "read"]},
        "wrapped": {"type": "Wrapped", "origin": "args"},
        "alarm": {"type": "Alarm", "traceback": ["main", "handler"], "origin": "__context__"},
    },
}


def report_of(events: list[dict[str, Any]], version: str | None) -> Report:
    judge = Judge(HEADER)
    updated = {}
    for event in Builder(CODE | {"python": version, "events": events}).events():
        for update in judge.feed(event):
            assert update.amended == (update.episode.id in updated)
            updated[update.episode.id] = update.episode
            assert_backed(update.episode)
    return assert_valid(judge.finish())


def _signal(name: str, tid: int) -> dict[str, Any]:
    about = {"call": "recvfrom(3)", "retval": -512, "signal": name, "disposition": "caught"}
    return {"deliver": about, "tid": tid}


_TRAP_BEFORE_ANOTHER_THREAD = [
    {"trapped": {"call": "recvfrom(3)", "retval": -512, "was_stopped": False}, "tid": 100},
    _signal("SIGUSR1", 101),
    _signal("SIGCONT", 100),
]


@settings(max_examples=300, deadline=None)
@given(EVENTS, VERSIONS)
@example(_TRAP_BEFORE_ANOTHER_THREAD, None)
def test_every_episode_is_complete(events: list[dict[str, Any]], version: str | None) -> None:
    report = report_of(events, version)
    deliveries = [event for event in events if "deliver" in event]
    assert len(report.episodes) <= len(events)
    assert len(report.episodes) >= len(deliveries) - sum(
        event["deliver"]["signal"] == "SIGCONT" for event in deliveries
    )
    assert [episode.id for episode in report.episodes] == list(range(1, len(report.episodes) + 1))
    assert [episode.time_ns for episode in report.episodes] == sorted(
        episode.time_ns for episode in report.episodes
    )
    assert sum(count for _, count in report.summary.by_outcome) == len(report.episodes)
    for episode in report.episodes:
        assert_backed(episode)
        assert episode.end_ns >= episode.time_ns


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_cut_recording_is_reported_up_to_the_cut(cut: int) -> None:
    scenario = next(one for one in all_scenarios() if "Thrift" in one.name)
    judge = Judge(HEADER)
    for event in scenario.events[:cut]:
        list(judge.feed(event))
    report = assert_valid(judge.finish())
    assert report.ended is None
    assert len(report.episodes) == (1 if cut > 1 else 0)
    for episode in report.episodes:
        assert_backed(episode)
