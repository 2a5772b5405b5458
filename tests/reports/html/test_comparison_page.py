"""The page of two compared runs, as markup; test_comparison_browser.py opens it."""

from __future__ import annotations

import re
from html import unescape

import pytest

from eintr_trace.reports.html.comparison_page import comparison_page
from tests.reports import comparisons

NAMES = ["two_interpreters", "the_same_twice", "beside_a_log", "hostile"]


def _page(name: str) -> str:
    return str(comparison_page(getattr(comparisons, name)()))


def _text(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", markup)).split())


@pytest.mark.parametrize("name", NAMES)
def test_the_reason_is_the_headline(name: str) -> None:
    comparison = getattr(comparisons, name)()
    (headline,) = re.findall(r"<h1[^>]*>(.*?)</h1>", str(comparison_page(comparison)), re.DOTALL)
    if name != "hostile":
        assert _text(headline).startswith(comparison.reason)


@pytest.mark.parametrize("name", NAMES)
def test_strings_of_the_program_are_never_markup(name: str) -> None:
    page = _page(name)
    assert page.count("<script") == 1
    assert page.count("<style") == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", page)


def test_a_trunk_and_two_ways() -> None:
    page = _page("two_interpreters")
    trunk, ways = page.split('class="fork-point"', 1)[0], page.split('class="two-ways"', 1)[1]
    assert "the kernel hands out EINTR (no SA_RESTART)" in _text(trunk)
    first, second = ways.split('<div class="one-way ')[1:3]
    assert first.startswith("bad")
    assert "CPython makes an exception of it" in _text(first)
    assert second.startswith("good")
    assert "CPython calls recvfrom again" in _text(second.split("</section>")[0])


def test_runs_that_do_not_part_have_no_fork() -> None:
    page = _page("the_same_twice")
    assert 'class="fork-point"' not in page
    assert 'class="two-ways"' not in page


def test_what_a_log_does_not_show_is_said() -> None:
    assert _text(_page("beside_a_log")).count("not seen") >= 5


def test_many_ways_to_part_stay_one_page() -> None:
    page = str(comparison_page(comparisons.many_kinds(250)))
    assert page.count('<details class="pair">') == 199
    assert "50 more ways to part" in page
    assert len(page) < 2_000_000
