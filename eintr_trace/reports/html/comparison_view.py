"""Two compared runs as the cards that their page draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from eintr_trace.model.comparison import (
    STEP_LAYERS,
    ComparedRun,
    Comparison,
    Pair,
    Step,
    StepKind,
    StepRow,
    is_told_of_a_way,
)
from eintr_trace.model.episodes import Confidence, Episode, Outcome
from eintr_trace.reports import wording
from eintr_trace.reports.html.tones import TONE_CLASSES


@dataclass(frozen=True)
class Exhibit:
    """One evidence: its kind, when it was seen (``None``: not known), and what it says."""

    kind: str
    when: str | None
    text: str


@dataclass(frozen=True)
class SideOfStep:
    """A step as one run had it."""

    letter: str
    text: str
    seen: bool
    inferred: bool
    exhibits: tuple[Exhibit, ...]


@dataclass(frozen=True)
class Card:
    """A step of one run, or one that both have."""

    sides: tuple[SideOfStep, ...]

    @property
    def is_one_text(self) -> bool:
        """Whether one sentence says it for all runs that the card is of."""
        return len({side.text for side in self.sides}) == 1

    @property
    def exhibits(self) -> tuple[SideOfStep, ...]:
        """The sides that have any."""
        return tuple(side for side in self.sides if side.exhibits)


@dataclass(frozen=True)
class Band:
    """Steps in a row in one layer, or (``tone``) the outcome alone.

    ``layer`` is a CSS class, ``label`` what it is called.
    """

    layer: str
    label: str
    cards: tuple[Card, ...]
    tone: str | None


@dataclass(frozen=True)
class Road:
    """A pair drawn: what both have, then the way of each.

    ``parted``: they part behind the trunk. A way's ``tone`` is that of where it ends, ``None``
    for the way of a run that has no such episode.
    """

    trunk: tuple[Band, ...]
    ways: tuple[tuple[Band, ...], tuple[Band, ...]]
    tones: tuple[str | None, str | None]
    parted: bool


_TONES: dict[str, str] = {outcome.value: TONE_CLASSES[outcome] for outcome in Outcome}


def road(comparison: Comparison, pair: Pair) -> Road:
    """Lay out a pair."""
    told = (_Told(comparison.left, pair.left, "A"), _Told(comparison.right, pair.right, "B"))
    alone = pair.left is None or pair.right is None
    parts_at = 0 if alone else len(pair.rows) if pair.parts_at is None else pair.parts_at
    trunk = [(row.kind, _both(told, row)) for row in pair.rows[:parts_at]]
    left, right = (
        [
            (row.kind, Card((one.side(step),)))
            for row in pair.rows[parts_at:]
            if (step := (row.left, row.right)[number]) is not None and is_told_of_a_way(step)
        ]
        for number, one in enumerate(told)
    )
    return Road(
        trunk=_bands(trunk),
        ways=(_bands(left), _bands(right)),
        tones=(_tone(pair.left), _tone(pair.right)),
        parted=pair.parts_at is not None,
    )


def _tone(episode: Episode | None) -> str | None:
    return None if episode is None else TONE_CLASSES[episode.outcome]


def _both(told: Sequence[_Told], row: StepRow) -> Card:
    steps = (row.left, row.right)
    return Card(
        tuple(one.side(step) for one, step in zip(told, steps, strict=True) if step is not None)
    )


def _bands(steps: Sequence[tuple[StepKind, Card]]) -> tuple[Band, ...]:
    bands = []
    for (layer, is_end), of_layer in groupby(
        steps, lambda entry: (STEP_LAYERS[entry[0]], entry[0] is StepKind.OUTCOME)
    ):
        cards = tuple(card for _, card in of_layer)
        tone = _TONES.get(cards[0].sides[0].text) if is_end else None
        bands.append(Band(layer.value.lower(), layer.value, cards, tone))
    return tuple(bands)


@dataclass(frozen=True)
class _Told:
    """A run's episode, from which steps are told."""

    run: ComparedRun
    episode: Episode | None
    letter: str

    def side(self, step: Step) -> SideOfStep:
        return SideOfStep(
            self.letter,
            step.text,
            step.was_seen,
            step.confidence is Confidence.INFERRED,
            tuple(self._exhibit(index) for index in step.evidence),
        )

    def _exhibit(self, index: int) -> Exhibit:
        assert self.episode is not None
        evidence = self.episode.evidence[index]
        when = None
        if evidence.time_ns is not None and self.run.report.header.clock.is_timed:
            after = wording.duration(max(0, evidence.time_ns - self.episode.time_ns))
            when = f"{after} after the signal"
        return Exhibit(evidence.kind.value, when, evidence.text)
