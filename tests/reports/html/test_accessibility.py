"""The pages held against axe-core's rules (WCAG 2.x A and AA, best practices)."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from eintr_trace.reports.html.comparison_page import comparison_page
from tests.reports import comparisons, samples
from tests.reports.html.browser import Browser
from tests.reports.html.saved_pages import saved

_AXE = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
_OPEN_ALL = "for (const one of document.querySelectorAll('details')) one.open = true;"
_RUN = """
const done = arguments[0];
axe.run({resultTypes: ["violations"]}).then(
  (found) => done(found.violations.map((one) => [one.id, one.nodes.map(({html}) => html)])),
  (error) => done(String(error)),
);
"""


def _violations(browser: Browser) -> Any:
    browser.run(_OPEN_ALL)
    browser.run(_AXE)
    return browser.driver.execute_async_script(_RUN)


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (1400, "dark"), (380, "light")])
def test_the_report_keeps_the_rules(browser: Browser, page: Path, width: int, scheme: str) -> None:
    browser.open(page, "#episode-1", width=width, scheme=scheme)
    assert _violations(browser) == []


def test_a_page_without_episodes_keeps_the_rules(browser: Browser, pages: Path) -> None:
    browser.open(saved(pages / "empty_rules.html", samples.report()))
    assert _violations(browser) == []


@pytest.mark.parametrize(("width", "scheme"), [(1400, "dark"), (380, "light")])
def test_the_comparison_keeps_the_rules(
    browser: Browser, pages: Path, width: int, scheme: str
) -> None:
    path = pages / "comparison_rules.html"
    path.write_text(comparison_page(comparisons.two_interpreters()), encoding="utf-8")
    browser.open(path, width=width, scheme=scheme)
    assert _violations(browser) == []


def test_the_rules_find_what_is_wrong(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.run(
        "document.getElementById('search').removeAttribute('aria-label');"
        "document.getElementById('search').placeholder = '';"
        "document.querySelector('.episode-head h2').style.color = '#ccc'"
    )
    assert {rule for rule, _ in _violations(browser)} >= {"label", "color-contrast"}


def test_what_the_keys_choose_is_told(browser: Browser, page: Path) -> None:
    browser.open(page)
    said = "return document.getElementById(arguments[0]).textContent"
    browser.keys("j")
    assert browser.run(said, "chosen-said").startswith("#2, resumed-by-interpreter: ")
    browser.keys("t", "+")
    browser.keys("+")
    assert " to " in browser.run(said, "marked-said")


def test_a_way_within_the_page_leaves_the_filters(browser: Browser, page: Path) -> None:
    browser.open(page, "#outcome=died")
    browser.run("location.hash = 'episodes'")
    browser.settle()
    assert browser.fragment() == "#episode-6&outcome=died"
