from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains

from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.episodes import CPath
from eintr_trace.model.python_state import CodeLocation
from eintr_trace.model.report import Report
from eintr_trace.model.trace_lines import TraceLine
from eintr_trace.reports.html.report_page import no_source, write_html
from eintr_trace.reports.source_lines import SourceExcerpt, SourceLines
from tests.reports import samples
from tests.reports.html.browser import DOWN, ENTER, ESCAPE, Browser
from tests.reports.html.many import many, recorded
from tests.reports.html.test_page import HOSTILE

LINES = ("def read(self):", "    return self.handle.recv(4096)", "")


def _some_source(location: CodeLocation) -> SourceExcerpt | None:
    if location.line is None:
        return None
    return SourceExcerpt(location.line - 1, LINES, changed_since=location.function == "main")


def _saved(path: Path, report: Report, source_lines: SourceLines = no_source) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        write_html(report, stream, source_lines, UTC)
    return path


@pytest.fixture(scope="module")
def page(pages: Path) -> Path:
    """All samples, two of which went different ways through C, one with lines of strace."""
    raised = replace(
        samples.RAISED, c_path=CPath(("recv", "sock_recv_guts", "set_error"), PathEnd.DECISION)
    )
    line = TraceLine(raised.time_ns, 4700, 4700, "recvfrom(3, <unfinished ...>", 12, "It waits.")
    episodes = (replace(raised, lines=(line,)), *samples.EPISODES[1:])
    return _saved(pages / "samples.html", samples.report(*episodes), _some_source)


def _rows(browser: Browser) -> list[str]:
    return [row.text.split()[0] for row in browser.all(".row")]


def _chosen(browser: Browser) -> str:
    return browser.text("#detail .episode-id")


def test_a_page_runs_without_complaint_and_asks_for_nothing(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert _rows(browser) == [f"#{number}" for number in range(1, 8)]
    assert _chosen(browser) == "#1"
    assert browser.complaints() == []
    assert {url.partition(":")[0] for url in browser.requested()} <= {"file", "data"}


def test_an_episode_is_opened_to_its_layers_and_what_they_rest_on(
    browser: Browser, page: Path
) -> None:
    browser.open(page)
    browser.click("#row-1")
    assert [one.text for one in browser.all(".layer-name")] == ["kernel", "C", "Python", "program"]
    detail = browser.text("#detail")
    for text in (
        "SIGUSR1 from 4711 (bash) while main thread 4700 waited in recvfrom",
        "= ? ERESTARTSYS, handed out as EINTR",
        "rax = -512 at the delivery of SIGUSR1",
        "raised socket.error: [Errno 4] Interrupted system call",
        "became TTransportException: unexpected exception",
        "The reply is lost",
        "Run it under Python 3.5 or later",
        "recvfrom(3, <unfinished ...>",
        "It waits.",
        "return self.handle.recv(4096)",
    ):
        assert text in detail
    assert browser.text(".stack .source-line.here").split() == ["150", *LINES[1].split()]


def test_a_file_that_has_changed_since_says_so(browser: Browser, page: Path) -> None:
    browser.open(page, "#episode-1")
    browser.click(".stack > li:last-child summary")
    assert "has changed since the trace" in browser.text(".stack > li:last-child")


def test_a_number_lights_what_it_names_and_back(browser: Browser, page: Path) -> None:
    browser.open(page, "#episode-1")
    browser.click('.layer-c [data-evidence="4"]')
    assert [one.get_dom_attribute("data-number") for one in browser.all(".evidence.lit")] == ["4"]
    lit = browser.all(".sentence.lit")
    assert [one.text.startswith("CPython 2.7's sock_recv") for one in lit] == [True]
    assert browser.run("return document.activeElement.dataset.number") == "4"


def test_the_fork_in_the_road_is_drawn_where_two_ways_part(browser: Browser, page: Path) -> None:
    browser.open(page, "#episode-1")
    heads = [one.text for one in browser.all("#detail .fork-heads span")]
    assert heads == ["This way", "The way of #2"]
    ways = [one.text.split() for one in browser.all("#detail .way")]
    assert ways[0] == ["sock_recv_guts", "set_error", "raised"]
    assert ways[1] == ["sock_recv", "PyErr_CheckSignals", "resumed-by-interpreter"]


def test_outcomes_are_filters(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.click('[data-outcome="raised"]')
    assert _rows(browser) == ["#1", "#5"]
    browser.click('[data-outcome="died"]')
    assert _rows(browser) == ["#1", "#5", "#6"]
    assert browser.text("#shown") == "3 of 7 shown"
    assert browser.one('[data-outcome="died"]').get_dom_attribute("aria-pressed") == "true"
    assert browser.fragment() == "#episode-1&outcome=raised,died"
    browser.click('[data-outcome="raised"]')
    assert _chosen(browser) == "#6"
    browser.click("#clear")
    assert len(_rows(browser)) == 7


@pytest.mark.parametrize(
    ("select", "value", "left"),
    [
        ("filter-signal", "SIGTERM", ["#6"]),
        ("filter-call", "epoll_wait", ["#5"]),
        ("filter-call", "none", ["#4"]),
        ("filter-induced", "only", ["#5"]),
        ("filter-induced", "without", ["#1", "#2", "#3", "#4", "#6", "#7"]),
    ],
)
def test_filters_leave_what_they_name(
    browser: Browser, page: Path, select: str, value: str, left: list[str]
) -> None:
    browser.open(page)
    browser.run(
        "const one = document.getElementById(arguments[0]); one.value = arguments[1];"
        "one.dispatchEvent(new Event('change', {bubbles: true}))",
        select,
        value,
    )
    browser.settle()
    assert _rows(browser) == left


def test_the_text_is_searched(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.click("#search")
    browser.keys("EXC_INFO holds")
    assert _rows(browser) == ["#1"]
    browser.keys(" nothing like it")
    assert _rows(browser) == []
    assert browser.text("#shown") == "0 of 7 shown"
    browser.keys(ESCAPE)
    browser.keys(ESCAPE)
    assert len(_rows(browser)) == 7


def test_the_keyboard_is_enough(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.keys("j")
    browser.keys("j")
    assert _chosen(browser) == "#3"
    browser.keys("k")
    assert (_chosen(browser), browser.fragment()) == ("#2", "#episode-2")
    browser.keys(DOWN, "G")
    assert _chosen(browser) == "#7"
    browser.keys("g", ENTER)
    assert browser.run("return document.activeElement.id") == "detail"
    browser.keys(ESCAPE)
    assert browser.run("return document.activeElement.id") == "list"
    browser.keys("f")
    assert browser.run("return document.activeElement.id") == "filter-signal"
    browser.keys(ESCAPE)
    browser.keys("/")
    browser.keys("jk/?")
    assert browser.run("return document.getElementById('search').value") == "jk/?"
    browser.keys(ESCAPE)
    browser.keys("?")
    assert browser.one("#help").is_displayed()
    browser.keys(ESCAPE)
    assert not browser.one("#help").is_displayed()
    assert browser.complaints() == []


def test_the_address_keeps_what_is_shown(browser: Browser, page: Path) -> None:
    browser.open(page, "#episode-5&outcome=raised&tracer=only&q=epoll%5Fwait")
    assert (_rows(browser), _chosen(browser)) == (["#5"], "#5")
    assert browser.fragment() == "#episode-5&outcome=raised&tracer=only&q=epoll_wait"
    browser.run("location.hash = '#episode-6'")
    browser.settle()
    assert (len(_rows(browser)), _chosen(browser)) == (7, "#6")


@pytest.mark.parametrize(
    "fragment", ["#episode-99", "#%", "#q=%E0%A4%A", "#outcome=<b>&tid=x&__proto__=1", "#&=&"]
)
def test_any_address_is_survived(browser: Browser, page: Path, fragment: str) -> None:
    browser.open(page, fragment)
    assert browser.one("#list").is_displayed()
    assert browser.complaints() == []


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
    assert _chosen(browser) == "#6"


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
    assert _chosen(browser) == "#2"


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


def test_a_page_without_episodes_is_one(browser: Browser, pages: Path) -> None:
    browser.open(_saved(pages / "empty.html", samples.report()), "#episode-1")
    assert "No interruption was seen" in browser.text("main")
    assert not browser.one("#live").is_displayed()
    browser.keys("j", "G", ENTER, "/", "?", ESCAPE)
    browser.printed()
    assert browser.complaints() == []


def test_times_that_no_clock_has_are_survived(browser: Browser, pages: Path) -> None:
    times = (0, -(10**12), 10**18, 10**30, 10**400)
    episodes = [
        replace(samples.NOT_BLOCKING, id=number, time_ns=time_ns, end_ns=time_ns)
        for number, time_ns in enumerate(times, start=1)
    ]
    for kept in (5, 4, 3):
        path = _saved(pages / "absurd.html", samples.report(*episodes[:kept]))
        browser.open(path)
        browser.run(
            "for (let zoom = 0; zoom < 40; zoom++) document.getElementById('zoom-in').click()"
        )
        browser.settle()
        browser.keys("G")
        assert _chosen(browser) == f"#{kept}"
        assert browser.complaints() == []


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
    path = _saved(pages / "recorded.html", report, _some_source)
    browser.open(path, "#episode-1", width=width)
    assert browser.one("#detail").is_displayed()
    assert browser.run("return document.documentElement.scrollWidth") <= width


def test_a_narrow_window_shows_the_list_or_the_episode(browser: Browser, page: Path) -> None:
    browser.open(page, width=360)
    assert browser.one("#list").is_displayed()
    assert not browser.one("#detail").is_displayed()
    browser.click("#row-2")
    assert not browser.one("#list").is_displayed()
    assert _chosen(browser) == "#2"
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


def test_hostile_names_are_shown_and_nothing_else(browser: Browser, pages: Path) -> None:
    text = " ".join(HOSTILE)
    place = CodeLocation(text, text, 1)
    raised = samples.RAISED
    assert raised.python is not None
    assert raised.syscall is not None
    assert raised.signal is not None
    syscall = replace(raised.syscall.syscall, name=text, text=text)
    episode = replace(
        raised,
        headline=text,
        advice=(text,),
        consequences=(text,),
        caught_at=place,
        signal=replace(raised.signal, name=text, sender_command=text),
        syscall=replace(raised.syscall, syscall=syscall),
        python=replace(
            raised.python,
            stack=tuple(replace(one, location=place, calls=text) for one in raised.python.stack),
            problem=text,
        ),
        exceptions=tuple(
            replace(one, type_name=text, message=text, raised_at=place) for one in raised.exceptions
        ),
        evidence=tuple(replace(one, text=text) for one in raised.evidence),
        explanation=tuple(replace(one, text=text) for one in raised.explanation),
        c_path=CPath((text, text), PathEnd.DECISION),
        lines=(TraceLine(0, 1, 1, text, 1, text),),
    )
    report = samples.report(episode, replace(episode, id=2), warnings=(text,))
    report = replace(report, processes=(replace(report.processes[0], argv=(text,)),))
    path = _saved(pages / "hostile.html", report, lambda _: SourceExcerpt(1, (text,), False))
    browser.open(path)
    browser.keys("j", "j")
    assert browser.run("return window.pwned") is None
    assert browser.run("return document.querySelectorAll('img, .wrap script').length") == 0
    shown = browser.run("return document.body.innerText")
    assert "</script><script>window.pwned=1</script>" in shown
    assert "\\u202egnp.exe" in shown
    assert not re.search("[\u202e\u2028\u2029\x00\x1b]", shown)
    assert browser.complaints() == []


def test_the_policy_stops_scripts_and_markup_that_would_get_in(
    browser: Browser, page: Path
) -> None:
    browser.open(page)
    refused = browser.run(
        "try { document.body.innerHTML = '<img src=x onerror=window.pwned=1>'; return false }"
        "catch (error) { return error instanceof TypeError }"
    )
    assert refused is True
    browser.run(
        "const image = document.createElement('img');"
        "image.setAttribute('src', 'https://example.invalid/x.png');"
        "document.body.append(image)"
    )
    browser.settle()
    assert any("Content Security Policy" in message for message in browser.complaints())
    assert not any("example.invalid" in url for url in browser.requested())


@pytest.fixture(scope="module")
def large(pages: Path) -> Path:
    return _saved(pages / "many.html", many(10_000))


def test_ten_thousand_episodes_stay_usable(browser: Browser, large: Path) -> None:
    assert large.stat().st_size < 15 << 20
    browser.open(large)
    assert browser.run("return document.querySelectorAll('.row').length") < 60
    took = browser.driver.execute_async_script(
        "const done = arguments[0];"
        "const start = performance.now();"
        "document.querySelector('[data-outcome=raised]').click();"
        "requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)))"
    )
    assert took < 1500  # 40 ms on an idle machine of 2 virtual CPUs
    assert re.fullmatch(r"\d{3,4} of 10000 shown", browser.text("#shown"))
    browser.keys("G")
    last = browser.run("return document.querySelector('.row[aria-selected=true]').innerText")
    assert last.startswith(_chosen(browser))
    browser.click("#clear")
    browser.click("#search")
    browser.keys("tripped saw")
    assert browser.text("#shown").endswith("of 10000 shown")
    assert browser.complaints() == []
