"""Pairs that say the same of two runs, of which one is enough to be shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eintr_trace.model.comparison import Comparison, Pair, Step


@dataclass(frozen=True)
class PairGroup:
    """Pairs whose steps are the same ones, in order of time; there is at least one."""

    pairs: tuple[Pair, ...]

    @property
    def example(self) -> Pair:
        """The first of them."""
        return self.pairs[0]


def groups_of(comparison: Comparison) -> tuple[PairGroup, ...]:
    """Group the pairs: first where the runs first part, then what parts too, then what does not.

    Within these, in order of time.
    """
    kinds: dict[tuple[object, ...], list[Pair]] = {}
    for pair in _first_one_first(comparison):
        kinds.setdefault(_kind(pair), []).append(pair)
    groups = [PairGroup(tuple(pairs)) for pairs in kinds.values()]
    return tuple(sorted(groups, key=_rank))


def _first_one_first(comparison: Comparison) -> Iterable[Pair]:
    first = comparison.first_pair
    if first is not None:
        yield first
    yield from (pair for pair in comparison.pairs if pair is not first)


def _rank(group: PairGroup) -> int:
    if not group.example.parts:
        return 2
    return 0 if group.example.parts_at is not None else 1


def _kind(pair: Pair) -> tuple[object, ...]:
    sides = tuple((row.kind, _identity(row.left), _identity(row.right)) for row in pair.rows)
    return (pair.left is None, pair.right is None, *sides)


def _identity(step: Step | None) -> tuple[object, ...] | None:
    return None if step is None else step.identity
