"""Two runs compared, in Markdown, as GitHub would show it."""

from __future__ import annotations

import re

import pytest

from eintr_trace.reports.comparison_markdown import comparison_markdown
from tests.reports import comparisons
from tests.reports.github import REFERENCES, TAGS, shown


def test_the_reason_the_steps_and_where_they_part() -> None:
    comparison = comparisons.two_interpreters()
    text = comparison_markdown(comparison)
    page = shown(text)
    assert page.tags <= TAGS
    assert "**The kernel does the same in both (EINTR for recvfrom): CPython 2.7.18's " in text
    before, after = text.split("**here they part**", 1)
    assert "| kernel | the kernel hands out EINTR (no `SA_RESTART`) | the kernel hands" in before
    assert "| C | CPython makes an exception of it | CPython lets signal handlers run" in after
    assert "─ the fork in the road ─" in after
    assert re.search(r"\| SIGUSR1 in recvfrom \| raised \| resumed-by-interpreter \| 1 \|", after)
    assert "SIGUSR1 meets recvfrom in B; A has no counterpart of it." in after


def test_runs_that_do_not_part_have_no_line() -> None:
    assert "here they part" not in comparison_markdown(comparisons.the_same_twice())


def test_strings_of_the_program_stay_text() -> None:
    page = shown(comparison_markdown(comparisons.hostile()))
    assert page.tags <= TAGS
    assert not any(REFERENCES.search(text) for text in page.prose)
    assert all(count == page.cells[0] for count in page.cells[:2])


@pytest.mark.parametrize("count", [30, 2000])
def test_it_fits_into_an_issue(count: int) -> None:
    text = comparison_markdown(comparisons.many_kinds(count))
    assert len(text) < 60_000
    assert f"and in {count - 21} more ways" in text
