from __future__ import annotations

import pytest

from eintr_trace.model.episodes import Episode, Outcome
from eintr_trace.reports.selection import ChosenSet, Selection
from tests.reports import samples


def _ids(selection: Selection) -> list[int]:
    return [episode.id for episode in samples.EPISODES if selection.takes(episode)]


def test_everything_by_default() -> None:
    assert _ids(Selection()) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (Selection(calls=ChosenSet(frozenset({"epoll_wait"}), inverted=False)), [5]),
        (Selection(calls=ChosenSet(frozenset({"recvfrom"}))), [4, 5]),
        (Selection(signals=ChosenSet(frozenset({10, 17}), inverted=False)), [1, 2, 3, 4]),
        (Selection(signals=ChosenSet(frozenset({10}))), [3, 5, 6, 7]),
        (Selection(calls=ChosenSet(inverted=False)), []),
    ],
)
def test_sets_choose_and_inverted_sets_leave_out(selection: Selection, ids: list[int]) -> None:
    assert _ids(selection) == ids


def test_the_counts_are_those_of_what_is_shown() -> None:
    def counted(*episodes: Episode) -> dict[Outcome, int]:
        selection = Selection(signals=ChosenSet(frozenset({28})))
        report = selection.of(samples.report(*episodes, passed=3))
        assert report.summary.by_tracer_induced == ()
        assert report.summary.passed == 3
        return dict(report.summary.by_outcome)

    assert counted(*samples.EPISODES)[Outcome.RAISED] == 1
    assert counted(samples.INDUCED) == {}
