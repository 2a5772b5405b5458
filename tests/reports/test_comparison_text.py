"""Two runs compared, as text; EINTR_TRACE_REGENERATE=1 writes the golden files anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from eintr_trace.model.comparison import Comparison
from eintr_trace.reports.comparison_text import ComparisonStyle, comparison_text
from eintr_trace.reports.layout import Layout, columns
from tests.reports import comparisons

GOLDEN = Path(__file__).parent / "golden"
ACROSS = " here they part "


def _text(
    comparison: Comparison, width: int = 80, colour: bool = False, verbose: bool = False
) -> str:
    return comparison_text(comparison, ComparisonStyle(Layout(width, colour), verbose))


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("name", ["two_interpreters", "the_same_twice", "beside_a_log"])
def test_golden(name: str, width: int) -> None:
    text = _text(getattr(comparisons, name)(), width)
    path = GOLDEN / f"comparison_{name}_{width}.txt"
    if os.environ.get("EINTR_TRACE_REGENERATE"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("width", [80, 103, 140, 400])
@pytest.mark.parametrize("name", ["two_interpreters", "hostile"])
def test_it_fits_and_colour_changes_no_word(name: str, width: int) -> None:
    comparison = getattr(comparisons, name)()
    plain = _text(comparison, width, verbose=True)
    coloured = _text(comparison, width, colour=True, verbose=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert all(columns(line) <= width for line in plain.splitlines())


def test_what_is_alike_before_the_line_and_nothing_behind_it_is() -> None:
    text = _text(comparisons.two_interpreters(), 140)
    before, after = text.split(ACROSS)
    assert before.count(" = ") == 5
    assert " = " not in after.partition("The way through C")[0]


def test_only_a_divergence_has_a_line() -> None:
    assert ACROSS not in _text(comparisons.the_same_twice(), 140)
    assert ACROSS not in _text(comparisons.beside_a_log(), 80)


def test_of_many_ways_to_part_twenty_are_told_and_the_others_counted() -> None:
    text = _text(comparisons.many_kinds(30))
    assert text.count(ACROSS) == 1
    assert text.count(" makes an exception of it, ") == 21
    assert (
        "9 more pairs part as well, in 9 ways.\neintr-trace compare -v shows the steps of each.\n"
        in text
    )
    verbose = _text(comparisons.many_kinds(30), verbose=True)
    assert verbose.count(ACROSS) == 30
    assert " -v shows" not in verbose
