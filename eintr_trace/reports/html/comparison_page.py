"""Two compared runs as a page: one event, two ways, and why they part."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from eintr_trace.analysis.two_runs.groups import PairGroup, groups_of
from eintr_trace.model.comparison import Comparison
from eintr_trace.model.episodes import Confidence
from eintr_trace.reports import wording
from eintr_trace.reports.comparison_wording import (
    LETTERS,
    VERDICT_HEADERS,
    fork_sides,
    interpreters,
    like_it,
    pair_name,
    verdict_rows,
    way_titles,
)
from eintr_trace.reports.html.comparison_view import Road, road
from eintr_trace.reports.html.fork_figure import fork_figure
from eintr_trace.reports.html.page import page
from eintr_trace.reports.html.templating import render
from eintr_trace.reports.html.tones import TONE_CLASSES

_GROUPS_SHOWN = 200


@dataclass(frozen=True)
class _Head:
    """What stands above a run's column."""

    letter: str
    title: str
    detail: str


@dataclass(frozen=True)
class _Group:
    """A kind of pair; ``reason`` is ``None`` where they do not part.

    ``outcome`` is that of an episode that only one run has.
    """

    name: str
    reason: str | None
    inferred: bool
    more: str | None
    outcome: str | None
    road: Road


def comparison_page(comparison: Comparison) -> Markup:
    """Return the whole HTML file."""
    groups = groups_of(comparison)
    parting = [group for group in groups if group.example.parts]
    # Where they part nowhere, one pair shows what they have in common.
    drawn = parting or list(groups[:1])
    views = [_group(comparison, group) for group in drawn[:_GROUPS_SHOWN]]
    fork = fork_sides(comparison)
    body = render(
        "comparison.html",
        reason=comparison.reason,
        parts=comparison.first is not None,
        heads=_heads(comparison),
        first=views[0] if views else None,
        others=views[1:],
        left_out=wording.counted(len(drawn) - _GROUPS_SHOWN, "more way")
        if len(drawn) > _GROUPS_SHOWN
        else None,
        fork=None if fork is None else fork_figure(*fork),
        verdict_headers=VERDICT_HEADERS,
        verdicts=verdict_rows(groups),
        tones={outcome.value: tone for outcome, tone in TONE_CLASSES.items()},
    )
    names = f"{comparison.left.name} and {comparison.right.name}"
    return page(f"{names} compared", body, styles=["comparison"], scripts=["evidence"])


def _heads(comparison: Comparison) -> list[_Head]:
    heads = []
    runs = (comparison.left, comparison.right)
    for letter, title, run in zip(LETTERS, way_titles(comparison), runs, strict=True):
        other_name = interpreters(run) if title == run.name else run.name
        count = wording.counted(len(run.report.episodes), "interruption")
        heads.append(_Head(letter, title, f"{other_name}, {count}"))
    return heads


def _group(comparison: Comparison, group: PairGroup) -> _Group:
    pair = group.example
    alone = pair.left or pair.right if pair.left is None or pair.right is None else None
    return _Group(
        name=pair_name(pair),
        reason=pair.reason,
        inferred=pair.confidence is Confidence.INFERRED,
        more=like_it(group),
        outcome=None if alone is None else alone.outcome.value,
        road=road(comparison, pair),
    )
