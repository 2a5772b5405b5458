"""Every scenario of ``fixtures/`` comes out as it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from eintr_trace.analysis.judge import Judge
from eintr_trace.analysis.wording import place
from eintr_trace.model.episodes import Episode, Outcome
from eintr_trace.model.report import EpisodeUpdate, Report
from eintr_trace.model.trace import TraceHeader, TraceMode, TraceSource
from tests.analysis.scenario import Scenario, all_scenarios
from tests.reports.schema import assert_valid

HEADER = TraceHeader(TraceSource.LIVE, TraceMode.SIGNAL_ARMED, "x86_64", "6.18", 0, 0, "0")


def judged(scenario: Scenario) -> tuple[Report, list[EpisodeUpdate]]:
    judge = Judge(HEADER)
    updates = [update for event in scenario.events for update in judge.feed(event)]
    return assert_valid(judge.finish()), updates


def said(sentences: tuple[str, ...]) -> str:
    return "\n".join(sentences)


def received_by(episode: Episode) -> str | None:
    """Say ``library PQsocketPoll libpq.so psycopg2-binary 2.9.9 observed``."""
    got_it = episode.received_by
    if got_it is None:
        return None
    file = None if got_it.file is None else got_it.file.rpartition("/")[2]
    package = got_it.package and f"{got_it.package.name} {got_it.package.version}"
    return f"{got_it.role} {got_it.function} {file} {package} {got_it.confidence}"


def decided(episode: Episode) -> str | None:
    """Say ``raise PyErr_SetFromErrno set_error sock_recv``: kind, function and its callers."""
    one = episode.decision
    return None if one is None else " ".join([one.kind, one.function, *one.c_stack])


# What an `expect` can ask of an episode; the keys not here are compared with the attribute.
ASKED: dict[str, Callable[[Episode], Any]] = {
    "caught_at": lambda one: None if one.caught_at is None else place(one.caught_at),
    "exceptions": lambda one: [exception.type_name for exception in one.exceptions],
    "raised_at": lambda one: [
        None if exception.raised_at is None else place(exception.raised_at)
        for exception in one.exceptions
    ],
    "received_by": received_by,
    "decided": decided,
    "c_path": lambda one: None if one.c_path is None else " → ".join(one.c_path.functions),
    "c_path_seen_in": lambda one: one.c_path.seen_in,  # type: ignore[union-attr]  # asked for only where there is one
    "retries_since": lambda one: one.received_by.retries_since,  # type: ignore[union-attr]  # asked for only where it is known
    "follow_up": lambda one: None if one.follow_up is None else one.follow_up.retval,
    "inside_call": lambda one: one.python.handler.inside_call,  # type: ignore[union-attr]  # asked for only where a handler ran
    "advice": lambda one: list(one.advice),
    "consequences": lambda one: list(one.consequences),
    "delay_ns": lambda one: one.python.handler.delay_ns,  # type: ignore[union-attr]  # likewise
    "ended_within_ns": lambda one: one.python.handler.ended_within_ns,  # type: ignore[union-attr]  # likewise
    "held_ns": lambda one: one.python.handler.held_ns,  # type: ignore[union-attr]  # likewise
    "delay_bound": lambda one: one.python.handler.delay_bound,  # type: ignore[union-attr]  # likewise
    "delayed_by": lambda one: one.python.handler.delayed_by,  # type: ignore[union-attr]  # likewise
    "answered": lambda one: one.python.handler.deliveries,  # type: ignore[union-attr]  # likewise
    "restart_code": lambda one: None if one.syscall is None else one.syscall.restart_code,
    "signal": lambda one: None if one.signal is None else one.signal.name,
}
CONTAINED: dict[str, Callable[[Episode], str]] = {
    "explains": lambda one: said(tuple(sentence.text for sentence in one.explanation)),
    "costs": lambda one: said(one.consequences),
    "advises": lambda one: said(one.advice),
    "rests_on": lambda one: said(tuple(evidence.text for evidence in one.evidence)),
    "headline": lambda one: one.headline,
}


@pytest.mark.parametrize("scenario", all_scenarios(), ids=lambda one: one.name)
def test_scenario(scenario: Scenario) -> None:
    report, updates = judged(scenario)
    assert len(report.episodes) == len(scenario.expect)
    for episode, expected in zip(report.episodes, scenario.expect, strict=True):
        assert_as_expected(episode, expected)
        assert_backed(episode)
        own = [update for update in updates if update.episode.id == episode.id]
        assert_told_once(own, expected)


def assert_as_expected(episode: Episode, expected: dict[str, Any]) -> None:
    for key, value in expected.items():
        if key in CONTAINED:
            text = CONTAINED[key](episode)
            for part in [value] if isinstance(value, str) else value:
                assert part in text, f"{part!r} is not in {key}: {text}"
        elif key == "silent_on":
            text = CONTAINED["explains"](episode) + CONTAINED["costs"](episode)
            assert not [part for part in value if part in text], text
        elif key not in {"told", "amended", "amended_at_ms"}:
            actual = ASKED[key](episode) if key in ASKED else getattr(episode, key)
            assert actual == value, f"{key}; {episode.headline}"


def assert_backed(episode: Episode) -> None:
    assert episode.evidence
    assert episode.headline
    assert episode.explanation
    for sentence in episode.explanation:
        assert sentence.evidence, f"rests on nothing: {sentence.text}"
        assert all(0 <= index < len(episode.evidence) for index in sentence.evidence)
        assert sentence.text.endswith("."), sentence.text
    if episode.outcome is Outcome.UNKNOWN:
        assert "not known: " in episode.headline


def assert_told_once(updates: list[EpisodeUpdate], expected: dict[str, Any]) -> None:
    assert [update.amended for update in updates] == [False, *[True] * (len(updates) - 1)][
        : len(updates)
    ]
    assert all((update.amendment is not None) == update.amended for update in updates)
    if "amended" in expected:
        assert updates[-1].amendment == expected["amended"]
    if "amended_at_ms" in expected:
        assert updates[-1].time_ns == expected["amended_at_ms"] * 1_000_000
    if "told" in expected:
        assert [update.episode.outcome.value for update in updates] == expected["told"]
