from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.reports import samples
from tests.reports.html.browser import Browser
from tests.reports.html.many import recorded
from tests.reports.html.saved_pages import chosen, saved, some_source


def test_colours_follow_the_system_unless_told_otherwise(browser: Browser, page: Path) -> None:
    background = "return getComputedStyle(document.body).backgroundColor"
    browser.open(page, scheme="light")
    light = browser.run(background)
    browser.media(scheme="dark")
    dark = browser.run(background)
    assert dark != light
    browser.click("#theme")
    assert (browser.text("#theme"), browser.run(background)) == ("Colours: light", light)
    browser.click("#theme")
    browser.media(scheme="light")
    assert (browser.text("#theme"), browser.run(background)) == ("Colours: dark", dark)
    browser.click("#theme")
    assert browser.run(background) == light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(browser: Browser, page: Path, scheme: str) -> None:
    browser.open(page, scheme=scheme)
    names = ["ink", "soft", "accent", "good", "warn", "bad", "kernel", "c", "python", "program"]
    values = browser.run(
        "const style = getComputedStyle(document.documentElement);"
        "return arguments[0].map((name) => style.getPropertyValue('--' + name))",
        ["paper", "raised", *names],
    )
    luminances = [_luminance(value) for value in values]
    for surface in luminances[:2]:
        for name, text in zip(names, luminances[2:], strict=True):
            light, dark = max(surface, text), min(surface, text)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, name


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour.strip()[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("width", [360, 768, 1024])
def test_a_narrow_window_does_not_scroll_sideways(
    browser: Browser, pages: Path, width: int
) -> None:
    report = samples.report(replace(recorded(), id=1), *samples.EPISODES[1:])
    path = saved(pages / "recorded.html", report, some_source)
    browser.open(path, "#episode-1", width=width)
    assert browser.one("#detail").is_displayed()
    assert browser.run("return document.documentElement.scrollWidth") <= width


def test_a_narrow_window_shows_the_list_or_the_episode(browser: Browser, page: Path) -> None:
    browser.open(page, width=360)
    assert browser.one("#list").is_displayed()
    assert not browser.one("#detail").is_displayed()
    browser.click("#row-2")
    assert not browser.one("#list").is_displayed()
    assert chosen(browser) == "#2"
    assert browser.fragment() == "#episode-2"
    browser.click(".back")
    assert browser.one("#list").is_displayed()
    browser.click("#row-3")
    browser.driver.back()
    browser.settle()
    assert browser.one("#list").is_displayed()


def test_what_is_printed_is_opened(browser: Browser, page: Path) -> None:
    browser.open(page, "#outcome=raised", scheme="dark")
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    browser.media("print", scheme="dark")
    assert [one.text for one in browser.all("#printed .episode-id")] == ["#1", "#5"]
    assert browser.one("#printed .evidence-text").is_displayed()
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    for hidden in ("#list", "#filters", "#theme", "#split"):
        assert not browser.one(hidden).is_displayed()
    browser.media()
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert browser.all("#printed > *") == []
    pdf = browser.printed()
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 2


def test_without_scripts_there_is_a_plain_page(browser: Browser, page: Path) -> None:
    disabled = "Emulation.setScriptExecutionDisabled"
    browser.driver.execute_cdp_cmd(disabled, {"value": True})
    try:
        browser.driver.get(page.as_uri())
        text = browser.text("main")
    finally:
        browser.driver.execute_cdp_cmd(disabled, {"value": False})
    assert "Without scripts there is no timeline" in text
    assert "#7" in text
    assert "CPython 2.7's sock_recv turned EINTR into socket.error." in text
