"""Two runs compared, as text: two columns where the width allows, else one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest

from eintr_trace.analysis.two_runs.groups import PairGroup, groups_of
from eintr_trace.model.comparison import (
    STEP_LAYERS,
    Comparison,
    Pair,
    Relation,
    Step,
    StepKind,
    StepRow,
    is_told_of_a_way,
)
from eintr_trace.model.episodes import Confidence, Layer
from eintr_trace.reports import wording
from eintr_trace.reports.columns import plain_columns
from eintr_trace.reports.comparison_wording import (
    LETTERS,
    PARTING_PHRASE,
    VERDICT_HEADERS,
    fork_sides,
    like_it,
    pair_name,
    run_line,
    verdict_rows,
    way_titles,
)
from eintr_trace.reports.escaping import escape
from eintr_trace.reports.fork_text import draw_fork
from eintr_trace.reports.layout import Layout, Span, Tone
from eintr_trace.reports.outcome_tones import OUTCOME_TONES

WIDEST = 150  # columns of both together; longer lines are hard to read
_LABEL = 9
_NARROWEST_COLUMN = 46
_NARROWEST_CELL = 8
_ROOMY_CELL = 20
_OUTCOME_CELL = 13
_HEADER_PADDING = "  "  # tabulate's: MIN_PADDING
_OTHERS_NAMED = 20

_PARTED = " │ "
_MARKS: dict[Relation, str] = {
    Relation.SAME: " = ",
    Relation.NOT_KNOWN: " ? ",
    Relation.DIFFERENT: _PARTED,
    Relation.ONE_SIDED: _PARTED,
}


@dataclass(frozen=True)
class ComparisonStyle:
    """How a comparison looks; ``all_pairs``: every kind of pair is shown step by step."""

    layout: Layout
    all_pairs: bool = False


def comparison_text(comparison: Comparison, style: ComparisonStyle) -> str:
    """Return the whole comparison."""
    return "".join(_ComparisonText(comparison, style).parts())


class _ComparisonText:
    def __init__(self, comparison: Comparison, style: ComparisonStyle) -> None:
        self._comparison = comparison
        self._style = style
        self._layout = replace(style.layout, width=min(style.layout.width, WIDEST))
        self._column = (self._layout.width - _LABEL - len(_MARKS[Relation.SAME])) // 2
        self._is_wide = self._column >= _NARROWEST_COLUMN
        self._groups = groups_of(comparison)
        self._titles = way_titles(comparison)

    def parts(self) -> Iterator[str]:
        yield from self._names()
        yield "\n" + self._reason() + "\n"
        parting = tuple(group for group in self._groups if group.example.parts)
        # Where they part nowhere, one pair shows what they have in common.
        shown = parting or self._groups[:1]
        for first in shown[:1]:
            yield self._steps_of(first) + "\n" + self._fork()
        yield from self._others(shown[1:])
        yield self._verdicts()

    def _names(self) -> Iterator[str]:
        runs = (self._comparison.left, self._comparison.right)
        for letter, run in zip(LETTERS, runs, strict=True):
            spans = [Span(f"{run.name}  ", Tone.STRONG), Span(run_line(run), Tone.FAINT)]
            yield self._layout.paragraph(Span(letter, Tone.STRONG), spans, 3)

    def _reason(self) -> str:
        tone = Tone.GOOD if self._comparison.first is None else Tone.STRONG
        spans = [Span(self._comparison.reason, tone)]
        first = self._comparison.first_pair
        if first is not None and first.confidence is Confidence.INFERRED:
            spans.append(Span(" (inferred)", Tone.FAINT))
        return self._layout.paragraph(Span(""), spans, 0)

    def _others(self, groups: Sequence[PairGroup]) -> Iterator[str]:
        """Return what else parts: in a sentence, or with all steps."""
        if self._style.all_pairs:
            for group in groups:
                yield self._sentence(group) + self._steps_of(group, named=False) + "\n"
            return
        for group in groups[:_OTHERS_NAMED]:
            yield self._sentence(group)
        left = groups[_OTHERS_NAMED:]
        if left:
            count = wording.counted(sum(len(group.pairs) for group in left), "more pair")
            yield f"{count} part as well, in {wording.counted(len(left), 'way')}.\n"
        if groups:
            yield "eintr-trace compare -v shows the steps of each.\n\n"

    def _sentence(self, group: PairGroup) -> str:
        pair = group.example
        spans = [Span(pair_name(pair), Tone.STRONG), Span(f": {pair.reason}")]
        alone = pair.left or pair.right
        if alone is not None and (pair.left is None or pair.right is None):
            tone = OUTCOME_TONES[alone.outcome]
            spans += [Span(" "), Span("→ ", whole=True), Span(alone.outcome.value, tone)]
        return self._layout.paragraph(Span(""), [*spans, *_more(group)], 0)

    def _steps_of(self, group: PairGroup, named: bool = True) -> str:
        pair = group.example
        title = [Span(pair_name(pair), Tone.STRONG), *_more(group)]
        head = self._layout.paragraph(Span(""), title, 0) if named else ""
        if self._is_wide and pair.left is not None and pair.right is not None:
            return head + self._beside_each_other(pair)
        return head + self._one_after_the_other(pair)

    def _beside_each_other(self, pair: Pair) -> str:
        parts_at = len(pair.rows) if pair.parts_at is None else pair.parts_at
        lines: list[str] = []
        for layer, rows in groupby(pair.rows[:parts_at], _layer):
            for number, row in enumerate(rows):
                lines += self._band("" if number else layer.value, [row], _MARKS[row.relation])
        if pair.parts_at is not None:
            lines.append(self._line_across())
        # Behind the fork each branch goes its own way: only the layers stay side by side.
        ways = list(_ways(pair.rows[parts_at:]))
        steps = [row for row in ways if row.kind is not StepKind.OUTCOME]
        for layer, branches in groupby(steps, _layer):
            lines += self._band(layer.value, list(branches), _PARTED)
        if pair.parts_at is not None:
            ends = [row for row in ways if row.kind is StepKind.OUTCOME]
            lines += self._band("outcome", ends, _PARTED)
        return "".join(f"{line.rstrip()}\n" for line in lines)

    def _band(self, label: str, rows: Sequence[StepRow], mark: str) -> list[str]:
        """Return steps of one layer; the mark stands beside the first line, or beside all."""
        cell = replace(self._layout, width=self._column)
        left = [line for row in rows for line in self._cell(cell, row.left)]
        right = [line for row in rows for line in self._cell(cell, row.right)]
        lines = []
        for one, other in zip_longest(left, right, fillvalue=""):
            padding = " " * (self._column - plain_columns(one))
            head = self._layout.paint(label, Tone.LABEL) + " " * (_LABEL - len(label))
            between = self._layout.paint(mark if other else mark.rstrip(), Tone.FAINT)
            lines.append(f"{head}{one}{padding}{between}{other}")
            label, mark = "", mark if mark == _PARTED else " " * len(mark)
        return lines

    def _cell(self, cell: Layout, step: Step | None) -> list[str]:
        return [] if step is None else cell.paragraph(Span(""), self._spans(step), 0).splitlines()

    def _spans(self, step: Step) -> list[Span]:
        tone = Tone.PLAIN if step.was_seen else Tone.FAINT
        text = step.text
        if step.kind is StepKind.OUTCOME:
            text = f"→ {text}"
            tone = _OUTCOME_TONES.get(step.text, tone)
        spans = [Span(text, tone)]
        if step.confidence is Confidence.INFERRED:
            spans.append(Span(" (inferred)", Tone.FAINT))
        return spans

    def _line_across(self) -> str:
        width = self._layout.width if not self._is_wide else _LABEL + 2 * self._column + 3
        return self._layout.paint(f" {PARTING_PHRASE} ".center(width, "─"), Tone.WARN)

    def _one_after_the_other(self, pair: Pair) -> str:
        """Return what both have once, then each branch."""
        rows = pair.rows
        parts_at = len(rows) if pair.parts_at is None else pair.parts_at
        if pair.left is None or pair.right is None:
            parts_at = 0
        text = self._steps(list(self._trunk(rows[:parts_at])))
        if pair.parts_at is not None:
            text += self._line_across() + "\n"
        branches = []
        for side, letter in enumerate(LETTERS):
            steps = [_sides(row)[side] for row in _ways(rows[parts_at:])]
            if any(steps):
                title = self._layout.paragraph(
                    Span(letter, Tone.STRONG), [Span(self._titles[side], Tone.STRONG)], 3
                )
                told = [(step, self._spans(step)) for step in steps if step is not None]
                branches.append(title + self._steps(told))
        return text + "\n".join(branches)

    def _trunk(self, rows: Sequence[StepRow]) -> Iterator[tuple[Step, list[Span]]]:
        for row in rows:
            left, right = row.left, row.right
            if left is None or right is None:
                continue
            seen = left if left.was_seen else right
            spans = self._spans(seen)
            if row.relation is Relation.NOT_KNOWN:
                letter = LETTERS[0] if not left.was_seen else LETTERS[1]
                spans.append(Span(f" ({letter}: not seen)", Tone.FAINT))
            elif left.text != right.text:
                spans.append(Span(f" ({LETTERS[1]}: {right.text})", Tone.FAINT))
            yield seen, spans

    def _steps(self, steps: Sequence[tuple[Step, list[Span]]]) -> str:
        text = ""
        for layer, of_layer in groupby(steps, lambda entry: STEP_LAYERS[entry[0].kind]):
            for number, (_, spans) in enumerate(of_layer):
                label = "" if number else layer.value
                text += self._layout.paragraph(Span(label, Tone.LABEL), spans, _LABEL)
        return text

    def _fork(self) -> str:
        sides = fork_sides(self._comparison)
        if sides is None:
            return ""
        title = Span("The way through C, from EINTR on:", Tone.STRONG)
        return self._layout.paragraph(Span(""), [title], 0) + draw_fork(*sides, self._layout) + "\n"

    def _verdicts(self) -> str:
        if not self._groups:
            return ""
        # Imported here: only the end needs it.
        from tabulate import tabulate

        rows = [[escape(cell) for cell in row] for row in verdict_rows(self._groups)]
        headers = [f"{name}{_HEADER_PADDING}" for name in VERDICT_HEADERS]
        widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)][1:]
        room = self._layout.width - sum(widths) - 2 * len(widths)
        if room < min(_ROOMY_CELL, max(len(row[0]) for row in rows)):
            # The names of outcomes break at their hyphens.
            widths[:2] = [min(width, _OUTCOME_CELL) for width in widths[:2]]
            room = max(_NARROWEST_CELL, self._layout.width - sum(widths) - 2 * len(widths))
        table = tabulate(
            rows,
            VERDICT_HEADERS,
            disable_numparse=True,
            colalign=["left", "left", "left", "right", "left"],
            maxcolwidths=[room, *widths[:2], None, None],
        )
        return f"{table}\n"


_OUTCOME_TONES: dict[str, Tone] = {outcome.value: tone for outcome, tone in OUTCOME_TONES.items()}


def _layer(row: StepRow) -> Layer:
    return STEP_LAYERS[row.kind]


def _ways(rows: Sequence[StepRow]) -> Iterator[StepRow]:
    """Yield the rows behind the fork, without what a run cannot show."""
    for row in rows:
        left, right = (step if step and is_told_of_a_way(step) else None for step in _sides(row))
        yield replace(row, left=left, right=right)


def _more(group: PairGroup) -> list[Span]:
    more = like_it(group)
    return [] if more is None else [Span(f" ({more})", Tone.FAINT)]


def _sides(row: StepRow) -> tuple[Step | None, Step | None]:
    return row.left, row.right
