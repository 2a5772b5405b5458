"""Two reports compared: interruptions paired, their steps aligned, the first divergence found."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from eintr_trace.analysis.two_runs.pairs import pair_episodes
from eintr_trace.analysis.two_runs.programs import Programs
from eintr_trace.analysis.two_runs.reasons import parting_reason, reason_of_all
from eintr_trace.analysis.two_runs.steps import steps_of
from eintr_trace.model.comparison import (
    PARTING,
    ComparedRun,
    Comparison,
    Pair,
    Relation,
    Step,
    StepKind,
    StepRow,
)
from eintr_trace.model.episodes import Confidence, Episode

_Beside = tuple[Step | None, Step | None]


def compare(left: ComparedRun, right: ComparedRun) -> Comparison:
    """Compare two runs, in time and memory linear in their episodes."""
    programs = Programs(left), Programs(right)
    pairs = tuple(
        _pair(*programs, one, other) for one, other in pair_episodes(left.report, right.report)
    )
    first = _first(pairs)
    return Comparison(left, right, pairs, first, reason_of_all(pairs, first))


def _first(pairs: tuple[Pair, ...]) -> int | None:
    stepwise = (index for index, pair in enumerate(pairs) if pair.parts_at is not None)
    whole = (index for index, pair in enumerate(pairs) if pair.parts)
    return next(stepwise, next(whole, None))


def _pair(left: Programs, right: Programs, one: Episode | None, other: Episode | None) -> Pair:
    rows = tuple(_rows(one, other))
    parts_at = None
    if one is not None and other is not None:
        parts_at = next((n for n, row in enumerate(rows) if row.relation in PARTING), None)
    pair = Pair(one, other, rows, parts_at, confidence=_confidence(rows, parts_at))
    if not pair.parts:
        return pair
    reason = parting_reason(left, right, pair)
    return Pair(one, other, rows, parts_at, reason, pair.confidence)


def _confidence(rows: tuple[StepRow, ...], parts_at: int | None) -> Confidence:
    if parts_at is None:
        return Confidence.OBSERVED
    row = rows[parts_at]
    sides = [step for step in (row.left, row.right) if step is not None]
    inferred = any(step.confidence is Confidence.INFERRED for step in sides)
    return Confidence.INFERRED if inferred else Confidence.OBSERVED


def _rows(one: Episode | None, other: Episode | None) -> Iterator[StepRow]:
    left = {} if one is None else steps_of(one)
    right = {} if other is None else steps_of(other)
    alone = one is None or other is None
    for kind in StepKind:
        for step, counterpart in _beside(kind, left.get(kind, ()), right.get(kind, ())):
            if _any_seen(step, counterpart):
                relation = Relation.ONE_SIDED if alone else relation_of(step, counterpart)
                yield StepRow(kind, step, counterpart, relation)


def _beside(kind: StepKind, left: tuple[Step, ...], right: tuple[Step, ...]) -> Iterator[_Beside]:
    """Put steps of one kind beside each other; one that was not seen stands beside all."""
    if kind is StepKind.CONSEQUENCE:
        yield from _in_any_order(left, right)
        return
    if _unseen(left) is not None:
        left *= max(1, len(right))
    if _unseen(right) is not None:
        right *= max(1, len(left))
    yield from zip_longest(left, right)


def _in_any_order(left: tuple[Step, ...], right: tuple[Step, ...]) -> Iterator[_Beside]:
    """Put what is said of both first; what else one has may be what the other cannot show."""
    ones, others = _by_what_is_said(left), _by_what_is_said(right)
    places = {
        said: list(ones).index(said) + list(others).index(said) for said in ones.keys() & others
    }
    for said in sorted(places, key=lambda said: (places[said], said)):
        yield ones.pop(said), others.pop(said)
    unseen = _unseen(left), _unseen(right)
    if unseen == (None, None):
        yield from zip_longest(ones.values(), others.values())
        return
    alone: list[tuple[int, str, _Beside]] = [
        *((place, said, (one, unseen[1])) for place, (said, one) in enumerate(ones.items())),
        *((place, said, (unseen[0], one)) for place, (said, one) in enumerate(others.items())),
    ]
    yield from (beside for _, _, beside in sorted(alone, key=lambda row: row[:2]))


def _by_what_is_said(steps: tuple[Step, ...]) -> dict[str, Step]:
    return {str(step.identity[0]): step for step in steps if step.was_seen}


def _unseen(steps: tuple[Step, ...]) -> Step | None:
    return next((step for step in steps if not step.was_seen), None)


def _any_seen(*steps: Step | None) -> bool:
    return any(step is not None and step.was_seen for step in steps)


def relation_of(one: Step | None, other: Step | None) -> Relation:
    """Tell whether two steps are the same, as far as both are known.

    Elements of their identities that one of them does not know are left out.
    """
    if one is None or other is None:
        return Relation.ONE_SIDED
    if not (one.was_seen and other.was_seen):
        return Relation.NOT_KNOWN
    known = [
        (mine, theirs)
        for mine, theirs in zip(one.identity, other.identity, strict=False)
        if mine is not None and theirs is not None
    ]
    return Relation.SAME if all(mine == theirs for mine, theirs in known) else Relation.DIFFERENT
