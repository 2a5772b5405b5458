from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.reports import samples
from tests.reports.html.browser import DOWN, ENTER, ESCAPE, Browser
from tests.reports.html.many import many
from tests.reports.html.saved_pages import LINES, chosen, rows, saved


def test_a_page_runs_without_complaint_and_asks_for_nothing(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert rows(browser) == [f"#{number}" for number in range(1, 8)]
    assert chosen(browser) == "#1"
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
    assert rows(browser) == ["#1", "#5"]
    browser.click('[data-outcome="died"]')
    assert rows(browser) == ["#1", "#5", "#6"]
    assert browser.text("#shown") == "3 of 7 shown"
    assert browser.one('[data-outcome="died"]').get_dom_attribute("aria-pressed") == "true"
    assert browser.fragment() == "#episode-1&outcome=raised,died"
    browser.click('[data-outcome="raised"]')
    assert chosen(browser) == "#6"
    browser.click("#clear")
    assert len(rows(browser)) == 7


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
    assert rows(browser) == left


def test_the_text_is_searched(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.click("#search")
    browser.keys("EXC_INFO holds")
    assert rows(browser) == ["#1"]
    browser.keys(" nothing like it")
    assert rows(browser) == []
    assert browser.text("#shown") == "0 of 7 shown"
    browser.keys(ESCAPE)
    browser.keys(ESCAPE)
    assert len(rows(browser)) == 7


def test_the_keyboard_is_enough(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.keys("j")
    browser.keys("j")
    assert chosen(browser) == "#3"
    browser.keys("k")
    assert (chosen(browser), browser.fragment()) == ("#2", "#episode-2")
    browser.keys(DOWN, "G")
    assert chosen(browser) == "#7"
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


def test_the_focus_stays_where_the_reader_is(browser: Browser, page: Path) -> None:
    browser.open(page, "#episode-5&outcome=raised,died")
    focused = "return document.activeElement.textContent"
    browser.run("document.querySelector(`[data-by='1']`).focus()")
    browser.keys(ENTER)
    assert chosen(browser) == "#6"
    assert browser.run("return document.activeElement.id") == "detail"  # it is the last
    browser.run("document.querySelector(`[data-by='-1']`).focus()")
    browser.keys(ENTER)
    assert (chosen(browser), browser.run(focused)) == ("#5", "↑ Previous")
    browser.run("document.getElementById('clear').focus()")
    browser.keys(ENTER)
    assert browser.run("return document.activeElement.id") == "list"


def test_the_address_keeps_what_is_shown(browser: Browser, page: Path) -> None:
    browser.open(page, "#episode-5&outcome=raised&tracer=only&q=epoll%5Fwait")
    assert (rows(browser), chosen(browser)) == (["#5"], "#5")
    assert browser.fragment() == "#episode-5&outcome=raised&tracer=only&q=epoll_wait"
    browser.run("location.hash = '#episode-6'")
    browser.settle()
    assert (len(rows(browser)), chosen(browser)) == (7, "#6")


def test_an_address_that_names_what_is_not_there_hides_nothing(
    browser: Browser, page: Path
) -> None:
    browser.open(page, "#signal=SIGNONE&call=no_such_call&tracer=maybe&tid=1")
    assert (len(rows(browser)), browser.fragment()) == (7, "#episode-1")


def test_the_words_of_an_episode_are_explained(browser: Browser, page: Path) -> None:
    browser.open(page, "#episode-1")
    summary = browser.one("#detail .words > summary")
    assert summary.text == "What raised, SIGUSR1, recvfrom, ERESTARTSYS mean"
    assert not browser.one("#detail .words dd").is_displayed()
    summary.send_keys(ENTER)
    browser.settle()
    assert "EINTR became a Python exception" in browser.text("#detail .words")
    browser.click('[data-outcome="died"]')
    assert "The signal ended the process" in browser.text("#detail .words")
    assert "SIGTERM" in browser.text("#detail .words")


@pytest.mark.parametrize(
    "fragment", ["#episode-99", "#%", "#q=%E0%A4%A", "#outcome=<b>&tid=x&__proto__=1", "#&=&"]
)
def test_any_address_is_survived(browser: Browser, page: Path, fragment: str) -> None:
    browser.open(page, fragment)
    assert browser.one("#list").is_displayed()
    assert browser.complaints() == []


def test_a_page_without_episodes_is_one(browser: Browser, pages: Path) -> None:
    browser.open(saved(pages / "empty.html", samples.report()), "#episode-1")
    assert "No interruption was seen" in browser.text("main")
    assert not browser.one("#live").is_displayed()
    browser.keys("j", "G", ENTER, "/", "?", ESCAPE)
    browser.printed()
    assert browser.complaints() == []


@pytest.fixture(scope="module")
def large(pages: Path) -> Path:
    return saved(pages / "many.html", many(10_000))


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
    assert last.startswith(chosen(browser))
    browser.click("#clear")
    browser.click("#search")
    browser.keys("tripped saw")
    assert browser.text("#shown").endswith("of 10000 shown")
    assert browser.complaints() == []
