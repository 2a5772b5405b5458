"""Two runs compared: the pairs, the steps, where they part and why."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given

from eintr_trace.analysis.two_runs.comparison import compare
from eintr_trace.analysis.two_runs.steps import steps_of
from eintr_trace.model.comparison import Comparison, Pair, Relation, StepKind
from eintr_trace.model.episodes import Episode, Outcome
from tests.analysis.any_runs import RUNS
from tests.analysis.compared_runs import BASES, episode, run

FIXTURES = Path(__file__).parent / "comparisons.yaml"
CASES: list[dict[str, Any]] = yaml.safe_load(FIXTURES.read_text(encoding="utf-8"))


def _compared(case: dict[str, Any]) -> Comparison:
    left, right = (
        run(side, case[side]["python"], [episode(fields) for fields in case[side]["episodes"]])
        for side in ("left", "right")
    )
    return compare(left, right)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_where_they_part_and_why(case: dict[str, Any]) -> None:
    found = _compared(case)
    row = None if found.first_pair is None else found.first_pair.parting_row
    assert (None if row is None else row.kind.value) == case["parts_at"]
    assert found.reason == case["reason"]
    if "pairs" in case:
        numbers = [[one and one.id for one in (pair.left, pair.right)] for pair in found.pairs]
        assert numbers == case["pairs"]


def test_a_step_says_what_it_rests_on() -> None:
    found = compare(run("a", "2.7.18", [BASES["RAISED"]]), run("b", None, [BASES["BY_LOG"]]))
    (pair,) = found.pairs
    rests_on = {
        row.kind: [BASES["RAISED"].evidence[index].text for index in row.left.evidence]
        for row in pair.rows
        if row.left is not None
    }
    assert rests_on[StepKind.RESTART_CODE] == ["rax = -512 at the delivery of SIGUSR1"]
    assert rests_on[StepKind.KERNEL_ACTION] == ["saved rax = -4, rip unchanged"]


def test_what_was_inferred_says_so() -> None:
    guessed = replace(BASES["RESUMED"], decision=None)
    found = compare(run("a", "2.7.18", [BASES["RAISED"]]), run("b", "3.12.1", [guessed]))
    assert found.pairs[0].confidence == "inferred"


def _mirrored(pair: Pair) -> tuple[object, ...]:
    """What a pair says, with its sides exchanged."""
    rows = tuple((row.kind, row.right, row.left, row.relation) for row in pair.rows)
    return (pair.right, pair.left, rows, pair.parts_at, pair.confidence)


def _said(pair: Pair) -> tuple[object, ...]:
    rows = tuple((row.kind, row.left, row.right, row.relation) for row in pair.rows)
    return (pair.left, pair.right, rows, pair.parts_at, pair.confidence)


@given(RUNS, RUNS)
def test_the_two_ways_round_say_the_same(left: list[Episode], right: list[Episode]) -> None:
    there = compare(run("a", "2.7.18", left), run("b", "3.12.1", right))
    back = compare(run("b", "3.12.1", right), run("a", "2.7.18", left))
    assert Counter(map(_said, there.pairs)) == Counter(map(_mirrored, back.pairs))
    assert (there.first is None) == (back.first is None)


@given(RUNS)
def test_a_run_does_not_part_from_itself(episodes: list[Episode]) -> None:
    found = compare(run("a", "3.12.1", episodes), run("b", "3.12.1", episodes))
    assert found.first is None
    assert not any(pair.parts for pair in found.pairs)
    assert all(row.relation is not Relation.ONE_SIDED for pair in found.pairs for row in pair.rows)


@given(RUNS, RUNS)
def test_no_step_before_the_divergence_differs(left: list[Episode], right: list[Episode]) -> None:
    for pair in compare(run("a", None, left), run("b", None, right)).pairs:
        before = pair.rows if pair.parts_at is None else pair.rows[: pair.parts_at]
        if pair.left is not None and pair.right is not None:
            assert {row.relation for row in before} <= {Relation.SAME, Relation.NOT_KNOWN}


def test_a_long_run_takes_linear_time() -> None:
    def seconds(count: int) -> float:
        left = [BASES[name] for name in ("RAISED", "RESTARTED", "DIED")] * (count // 3)
        right = [BASES[name] for name in ("RESUMED", "RESTARTED")] * (count // 2)
        runs = run("a", "2.7.18", left), run("b", "3.12.1", right)
        start = time.process_time()
        found = compare(*runs)
        taken = time.process_time() - start
        assert len(found.pairs) >= count
        return taken

    assert seconds(6000) < 20 * max(seconds(600), 0.01)


def test_the_outcomes_are_all_told_as_steps() -> None:
    for outcome in Outcome:
        one = replace(BASES["RAISED"], outcome=outcome)
        (pair,) = compare(run("a", None, [one]), run("b", None, [one])).pairs
        seen = [row for row in pair.rows if row.kind is StepKind.OUTCOME]
        assert len(seen) == (0 if outcome is Outcome.UNKNOWN else 1)


def test_a_call_that_came_back_early_is_the_same_in_a_log_and_live() -> None:
    went_on = "The program went on at most 2 ms after the signal"
    live = replace(
        next(iter(BASES.values())),
        outcome=Outcome.RETURNED_EARLY,
        consequences=(
            f"{went_on}, with no exception to tell it that the call had not run its course.",
        ),
    )
    logged = replace(live, consequences=(f"{went_on}, although the call had not run its course.",))
    (step,), (other,) = (steps_of(one)[StepKind.CONSEQUENCE] for one in (live, logged))
    assert step.identity == other.identity
