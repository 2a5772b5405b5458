from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.reports import samples
from tests.reports.html.browser import Browser
from tests.reports.html.many import many, recorded
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


_COLOURS = """
const probe = document.body.appendChild(document.createElement('i'));
return arguments[0].map((name) => {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
});
"""
_TEXTS = ("ink", "soft", "accent", "good", "warn", "bad", "kernel", "c", "python", "program")
_WASHES = ("accent", "good", "warn", "bad")


@pytest.mark.parametrize("media", ["", "print"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_bounds_have_contrast(
    browser: Browser, page: Path, scheme: str, media: str
) -> None:
    browser.open(page, scheme=scheme)
    browser.media(media, scheme)
    pairs = [(text, surface, 4.5) for text in _TEXTS for surface in ("paper", "raised")]
    pairs += [(name, f"{name}-wash", 4.5) for name in _WASHES]
    pairs += [(text, f"{name}-wash", 4.5) for text in ("ink", "soft") for name in _WASHES]
    pairs += [("on-mark", name, 3) for name in ("good", "warn", "bad")]
    pairs += [("line-strong", surface, 3) for surface in ("paper", "raised")]
    names = sorted({name for one, other, _ in pairs for name in (one, other)})
    luminances = dict(zip(names, map(_luminance, browser.run(_COLOURS, names)), strict=True))
    for one, other, least in pairs:
        dark, light = sorted((luminances[one], luminances[other]))
        assert (light + 0.05) / (dark + 0.05) >= least, (one, other)


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(number) / 255 for number in re.findall(r"\d+", colour)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_timeline_has_the_colours_of_the_page(browser: Browser, page: Path) -> None:
    corner = (
        "const pen = document.getElementById('timeline-canvas').getContext('2d');"
        "const data = [...pen.getImageData(2, 2, 1, 1).data].slice(0, 3);"
        "return [`rgb(${data.join(', ')})`, getComputedStyle(document.body).backgroundColor]"
    )
    browser.open(page, scheme="dark")
    dark = browser.run(corner)
    browser.click("#theme")
    light = browser.run(corner)
    assert dark[0] == dark[1]
    assert light == ["rgb(255, 255, 255)"] * 2


def test_forced_colours_leave_what_is_chosen_and_pressed_visible(
    browser: Browser, page: Path
) -> None:
    browser.open(page, "#episode-2&outcome=resumed-by-interpreter,raised")
    browser.media(forced=True)
    outlines = browser.run(
        "const style = (one) => getComputedStyle(document.querySelector(one)).outlineStyle;"
        "return arguments[0].map(style)",
        ["#row-2", "#row-1", "[data-outcome=raised]", "[data-outcome=died]", ".source-line.here"],
    )
    assert outlines == ["solid", "none", "solid", "none", "solid"]


@pytest.mark.parametrize("width", [320, 768, 1024])
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


def test_paper_says_which_episodes_are_on_it(browser: Browser, pages: Path) -> None:
    path = saved(pages / "printed.html", many(230))
    before = "window.dispatchEvent(new Event('beforeprint'))"
    browser.open(path)
    browser.run(before)
    browser.media("print")
    assert len(browser.all("#printed > article")) == 100
    assert browser.text("#printed > :first-child") == (
        "Printed are the first 100 of 230 episodes; filter the page to print others. "
        "The timeline has the first 8 of 40 threads."
    )
    browser.open(path, "#outcome=died&signal=SIGTERM&q=eof")
    browser.run(before)
    browser.media("print")
    said = browser.text("#printed > :first-child")
    assert re.fullmatch(
        r"\d+ of 230 episodes pass the filters: outcome died, signal SIGTERM, text “eof”\..*", said
    )


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
