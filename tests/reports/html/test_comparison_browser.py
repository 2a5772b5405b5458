"""The page of two compared runs in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from eintr_trace.reports.html.comparison_page import comparison_page
from tests.reports import comparisons
from tests.reports.html.browser import Browser

Open = Callable[..., Browser]
TWO = str(comparison_page(comparisons.two_interpreters()))


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Open a page from its markup; nothing of it may complain, or ask for anything else."""

    def opened(markup: str, width: int = 1280, scheme: str = "light") -> Browser:
        file = tmp_path / "page.html"
        file.write_text(markup, encoding="utf-8")
        browser.open(file, width=width, scheme=scheme)
        return browser

    yield opened
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [360, 768, 1280, 2200])
@pytest.mark.parametrize("name", ["two_interpreters", "hostile", "beside_a_log"])
def test_the_page_fits_its_window(open_page: Open, name: str, width: int) -> None:
    page = open_page(str(comparison_page(getattr(comparisons, name)())), width=width)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


def test_strings_of_the_program_do_nothing(open_page: Open) -> None:
    page = open_page(str(comparison_page(comparisons.hostile())))
    assert page.run("return document.scripts.length") == 1
    assert page.run("return document.querySelectorAll('main script, main style').length") == 0
    assert '<script>alert("x")</script>\\x1b[2J\\u202e\\n' in page.one("h1").text


def test_one_trunk_and_two_ways_side_by_side(open_page: Open) -> None:
    page = open_page(TWO)
    trunk = page.one(".common").rect
    left, right = (way.rect for way in page.all(".one-way")[:2])
    assert left["y"] == right["y"] > trunk["y"] + trunk["height"]
    assert left["x"] + left["width"] <= right["x"] + 1
    ends = [end.rect for end in page.all(".end")[:2]]
    assert ends[0]["y"] + ends[0]["height"] == ends[1]["y"] + ends[1]["height"]


def test_in_a_narrow_window_one_way_is_below_the_other(open_page: Open) -> None:
    page = open_page(TWO, width=400)
    left, right = (way.rect for way in page.all(".one-way")[:2])
    assert left["x"] == right["x"]
    assert right["y"] >= left["y"] + left["height"]
    assert page.one(".way-head").is_displayed()


def test_a_step_opens_what_it_rests_on(open_page: Open) -> None:
    page = open_page(TWO)
    step = page.one("details.evidence")
    exhibit = step.find_element("css selector", ".exhibits")
    assert not exhibit.is_displayed()
    step.find_element("css selector", "summary").send_keys(Keys.ENTER)
    assert exhibit.is_displayed()
    assert "rax = -512 at the delivery of SIGUSR1" in exhibit.text


def test_all_evidence_opens_and_closes_at_once(open_page: Open) -> None:
    page = open_page(TWO)
    steps = page.all("details.evidence")
    button = page.one("#all-evidence")
    button.click()
    assert all(step.get_attribute("open") for step in steps)
    button.click()
    assert not any(step.get_attribute("open") for step in steps)


def test_another_pair_opens(open_page: Open) -> None:
    page = open_page(TWO)
    other = page.one("details.pair")
    assert not other.find_element("css selector", ".road").is_displayed()
    other.find_element("css selector", "summary").click()
    assert "no counterpart in this run" in other.text


def test_dark_is_dark(open_page: Open) -> None:
    colours = [
        open_page(TWO, scheme=scheme).run("return getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert colours == ["rgb(255, 255, 255)", "rgb(17, 21, 27)"]


def test_on_paper_there_are_no_buttons(open_page: Open) -> None:
    page = open_page(TWO)
    page.media("print")
    assert not any(button.is_displayed() for button in page.all("button"))
    assert page.one(".common").is_displayed()
