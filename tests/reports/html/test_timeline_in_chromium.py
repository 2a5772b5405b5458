from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from selenium.webdriver import ActionChains

from tests.reports import samples
from tests.reports.html.browser import DOWN, ENTER, Browser
from tests.reports.html.saved_pages import chosen, saved


def test_a_mark_of_the_timeline_chooses_its_episode(browser: Browser, page: Path) -> None:
    browser.open(page)
    box = browser.run(
        "const box = document.getElementById('timeline-canvas').getBoundingClientRect();"
        "return [box.left, box.top, box.width]"
    )
    # Episode 6 came 4.877 s after the first; the last ended 5.977 s after it (lanes.js).
    share = (6 - 1.123 + 0.03 * 5.977) / (1.06 * 5.977)
    across = box[0] + 168 + share * (box[2] - 168 - 14)
    rows = {"4700": 0, "4800": 1, "4802": 2, "4900": 3, "4803": 4}
    down = box[1] + 26 + 112 * rows["4900"] + 34
    assert len(rows) == 5
    for kind in ("mousePressed", "mouseReleased"):
        browser.driver.execute_cdp_cmd(
            "Input.dispatchMouseEvent",
            {"type": kind, "x": across, "y": down, "button": "left", "clickCount": 1},
        )
    browser.settle()
    assert chosen(browser) == "#6"


def test_a_drag_moves_the_timeline_and_chooses_nothing(browser: Browser, page: Path) -> None:
    browser.open(page, "#episode-2")
    browser.click("#zoom-in")
    picture = "return document.getElementById('timeline-canvas').toDataURL()"
    before = browser.run(picture)
    canvas = browser.one("#timeline-canvas")
    drag = ActionChains(browser.driver).move_to_element(canvas).click_and_hold()
    drag.move_by_offset(-150, 0).release().perform()
    browser.settle()
    assert browser.run(picture) != before
    assert chosen(browser) == "#2"


def test_a_mark_under_the_pointer_is_named(browser: Browser, page: Path) -> None:
    browser.open(page, "#outcome=died")
    canvas = browser.one("#timeline-canvas")
    across = 168 + (canvas.rect["width"] - 168 - 14) / 2 - canvas.rect["width"] / 2
    ActionChains(browser.driver).move_to_element_with_offset(
        canvas, round(across), round(26 + 34 - canvas.rect["height"] / 2)
    ).perform()
    browser.settle()
    assert browser.text("#timeline-tip").split()[:2] == ["#6", "died"]


def test_the_timeline_zooms_and_its_threads_close(browser: Browser, page: Path) -> None:
    browser.open(page)
    picture = "return document.getElementById('timeline-canvas').toDataURL()"
    height = "return document.getElementById('timeline-space').offsetHeight"
    whole = browser.run(picture)
    browser.click("#zoom-in")
    assert browser.run(picture) != whole
    browser.click("#zoom-fit")
    assert browser.run(picture) == whole
    tall = browser.run(height)
    browser.click("#threads-open")
    assert browser.text("#threads-open") == "Open all threads"
    assert browser.run(height) < tall
    browser.click("#threads-open")
    assert browser.run(height) == tall


def _touch(browser: Browser, kind: str, *points: tuple[float, float]) -> None:
    """Put fingers somewhere; their order tells which is which."""
    touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    browser.driver.execute_cdp_cmd(
        "Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches}
    )


def test_two_fingers_zoom_about_what_is_between_them(browser: Browser, page: Path) -> None:
    browser.open(page)
    picture = "return document.getElementById('timeline-canvas').toDataURL()"
    whole = browser.run(picture)
    left, top, width = browser.run(
        "const box = document.getElementById('timeline-canvas').getBoundingClientRect();"
        "return [box.left, box.top, box.width]"
    )
    middle, down = left + 168 + (width - 168 - 14) / 2, top + 60
    _touch(browser, "touchStart", (middle - 50, down), (middle + 50, down))
    for away in (60, 80, 100):
        _touch(browser, "touchMove", (middle - away, down), (middle + away, down))
    _touch(browser, "touchEnd")
    browser.settle()
    # Twice as near: the middle half of -0.179 to 6.156 s (lanes.js: 3 % about 5.977 s).
    browser.click("#zoom-in")
    browser.click("#zoom-out")
    said = browser.run("return document.getElementById('marked-said').textContent")
    assert said == "1.4 s to 4.57 s"
    assert chosen(browser) == "#1"
    browser.click("#zoom-fit")
    assert browser.run(picture) == whole


def test_an_address_shows_its_episode_in_the_timeline(browser: Browser, pages: Path) -> None:
    episodes = [
        replace(samples.NOT_BLOCKING, id=number, tid=4800 + number) for number in range(1, 41)
    ]
    browser.open(saved(pages / "threads.html", samples.report(*episodes)), "#episode-40")
    last = (
        "const box = document.getElementById('timeline'); return [box.scrollTop, box.clientHeight]"
    )
    top, height = browser.run(last)
    # Three open threads of 112 pixels, closed ones of 28 (lanes.js); the last is in view.
    assert top + height - 26 >= 3 * 112 + 37 * 28


def test_times_that_no_clock_has_are_survived(browser: Browser, pages: Path) -> None:
    times = (0, -(10**12), 10**18, 10**30, 10**400)
    episodes = [
        replace(samples.NOT_BLOCKING, id=number, time_ns=time_ns, end_ns=time_ns)
        for number, time_ns in enumerate(times, start=1)
    ]
    for kept in (5, 4, 3):
        path = saved(pages / "absurd.html", samples.report(*episodes[:kept]))
        browser.open(path)
        browser.run(
            "for (let zoom = 0; zoom < 40; zoom++) document.getElementById('zoom-in').click()"
        )
        browser.settle()
        browser.keys("G")
        assert chosen(browser) == f"#{kept}"
        assert browser.complaints() == []


def test_the_keys_mark_a_thread_and_open_or_close_it(browser: Browser, page: Path) -> None:
    browser.open(page)
    picture = "return document.getElementById('timeline-canvas').toDataURL()"
    height = "return document.getElementById('timeline-space').offsetHeight"
    tall = browser.run(height)
    browser.keys("t")
    browser.keys(ENTER)  # none is marked yet
    unmarked = browser.run(picture)
    browser.keys(DOWN)
    browser.keys(DOWN)
    assert browser.run(picture) != unmarked
    said = browser.run("return document.getElementById('marked-said').textContent")
    assert said == "main thread 4800, open, 3 episodes"
    browser.keys(ENTER)
    said = browser.run("return document.getElementById('marked-said').textContent")
    assert said == "main thread 4800, closed, 3 episodes"
    assert browser.run(height) < tall
    browser.keys(ENTER)
    assert browser.run(height) == tall
    browser.click("#search")
    assert browser.run(picture) == unmarked


def test_the_legend_has_the_colours_of_the_tones(browser: Browser, page: Path) -> None:
    browser.open(page)
    fills = browser.run(
        "return [...document.querySelectorAll('#legend .mark')].map((one) =>"
        "getComputedStyle(one).fill)"
    )
    assert len(set(fills)) == 3
