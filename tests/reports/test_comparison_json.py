"""The comparison's JSON against its published schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from eintr_trace.model.comparison import STEP_LAYERS, Relation, StepKind
from eintr_trace.model.episodes import Confidence, Layer
from eintr_trace.reports.comparison_json import comparison_json, comparison_object
from tests.reports import comparisons
from tests.reports.schema import COMPARISON, STRICT_COMPARISON


def _written(name: str) -> Any:
    text = "".join(comparison_json(getattr(comparisons, name)()))
    assert text.isascii()
    return json.loads(text)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(COMPARISON)


@pytest.mark.parametrize("name", ["two_interpreters", "the_same_twice", "beside_a_log", "hostile"])
def test_comparisons_are_valid(name: str) -> None:
    STRICT_COMPARISON.validate(_written(name))


def test_the_object_is_the_documented_one() -> None:
    value = comparison_object(comparisons.two_interpreters())
    pair = value["pairs"][value["first"]]
    row = pair["steps"][pair["parts_at"]]
    assert (pair["left"], pair["right"]) == (1, 1)
    assert (row["kind"], row["layer"], row["relation"]) == ("decision", "C", "different")
    assert row["left"]["text"] == "CPython makes an exception of it"
    assert value["reason"] == pair["reason"]
    assert value["left"]["report"]["summary"]["by_outcome"]["raised"] == 1
    assert value["summary"] == {"parting": 1, "left_only": 0, "right_only": 1, "alike": 3}


def test_a_report_in_it_that_is_none_is_refused() -> None:
    value = comparison_object(comparisons.the_same_twice())
    del value["right"]["report"]["summary"]
    with pytest.raises(ValidationError):
        STRICT_COMPARISON.validate(value)


def test_the_closed_sets_of_the_schema_are_the_enums() -> None:
    row = COMPARISON["$defs"]["row"]["properties"]
    assert row["kind"]["enum"] == list(StepKind) == list(STEP_LAYERS)
    assert row["layer"]["enum"] == list(Layer)
    assert row["relation"]["enum"] == list(Relation)
    assert COMPARISON["$defs"]["confidence"]["enum"] == list(Confidence)
