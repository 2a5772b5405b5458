"""Two runs compared, in Markdown, for an issue or an incident note, as GitHub shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from eintr_trace.analysis.two_runs.groups import PairGroup, groups_of
from eintr_trace.model.comparison import STEP_LAYERS, Comparison, Pair, Step, StepRow
from eintr_trace.model.episodes import Confidence
from eintr_trace.reports import wording
from eintr_trace.reports.comparison_wording import (
    LETTERS,
    PARTING_PHRASE,
    VERDICT_HEADERS,
    fork_sides,
    interpreters,
    like_it,
    pair_name,
    verdict_rows,
)
from eintr_trace.reports.fork_text import draw_fork
from eintr_trace.reports.layout import Layout
from eintr_trace.reports.markdown_text import fenced, prose, table

_COUNT_COLUMN: Final = VERDICT_HEADERS.index("count")
_FORK_WIDTH: Final = 76
_OTHERS_SHOWN: Final = 20
_KINDS_SHOWN: Final = 50  # of verdicts: GitHub takes 65,536 characters


def comparison_markdown(comparison: Comparison) -> str:
    """Return the whole comparison."""
    return "".join(_parts(comparison))


def _parts(comparison: Comparison) -> Iterator[str]:
    groups = groups_of(comparison)
    yield f"# Two runs compared\n\n**{prose(comparison.reason)}**{_inferred(comparison)}\n\n"
    runs = (comparison.left, comparison.right)
    yield table(
        ["", "run", "interpreter", "interruptions"],
        [
            [letter, prose(run.name), prose(interpreters(run)), str(len(run.report.episodes))]
            for letter, run in zip(LETTERS, runs, strict=True)
        ],
        right=[3],
    )
    parting = tuple(group for group in groups if group.example.parts)
    # Where they part nowhere, one pair shows what they have in common.
    shown = parting or groups[:1]
    for group in shown[:1]:
        yield f"\n## Step by step\n\n{_named(group)}\n\n{_steps(group.example)}"
        yield from _fork(comparison)
    yield from _verdicts(groups)
    yield from _others(shown[1:])


def _inferred(comparison: Comparison) -> str:
    first = comparison.first_pair
    return " (inferred)" if first and first.confidence is Confidence.INFERRED else ""


def _named(group: PairGroup) -> str:
    more = like_it(group)
    name = pair_name(group.example) if more is None else f"{pair_name(group.example)} ({more})"
    return prose(f"{name}:")


def _steps(pair: Pair) -> str:
    rows: list[Sequence[str]] = []
    for number, row in enumerate(pair.rows):
        if number == pair.parts_at:
            rows.append(["", f"**{PARTING_PHRASE}**", f"**{PARTING_PHRASE}**"])
        rows.append(_row(row))
    return table(["layer", *LETTERS], rows)


def _row(row: StepRow) -> Sequence[str]:
    return [STEP_LAYERS[row.kind].value, _step(row.left), _step(row.right)]


def _step(step: Step | None) -> str:
    if step is None:
        return ""
    inferred = " (inferred)" if step.confidence is Confidence.INFERRED else ""
    return f"{prose(step.text)}{inferred}"


def _fork(comparison: Comparison) -> Iterator[str]:
    sides = fork_sides(comparison)
    if sides is not None:
        drawn = draw_fork(*sides, Layout(_FORK_WIDTH, colour=False))
        yield f"\n## The way through C, from EINTR to the decision\n\n{fenced(drawn.splitlines())}"


def _verdicts(groups: tuple[PairGroup, ...]) -> Iterator[str]:
    rows = [[prose(cell) for cell in row] for row in verdict_rows(groups)]
    if rows:
        yield f"\n## Verdicts\n\n{table(VERDICT_HEADERS, rows[:_KINDS_SHOWN], [_COUNT_COLUMN])}"
    if len(rows) > _KINDS_SHOWN:
        yield f"\nAnd {wording.counted(len(rows) - _KINDS_SHOWN, 'more kind')}.\n"


def _others(groups: Sequence[PairGroup]) -> Iterator[str]:
    if not groups:
        return
    yield "\n## Where else they part\n\n"
    for group in groups[:_OTHERS_SHOWN]:
        yield f"- {_named(group)} {prose(group.example.reason or '')}\n"
    if len(groups) > _OTHERS_SHOWN:
        yield f"- and in {wording.counted(len(groups) - _OTHERS_SHOWN, 'more way')}\n"
