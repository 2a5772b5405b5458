from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.episodes import CPath
from eintr_trace.model.python_state import CodeLocation
from eintr_trace.model.trace_lines import TraceLine
from eintr_trace.reports.source_lines import SourceExcerpt
from tests.reports import samples
from tests.reports.html.browser import Browser
from tests.reports.html.saved_pages import saved
from tests.reports.html.test_page import HOSTILE


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
    path = saved(pages / "hostile.html", report, lambda _: SourceExcerpt(1, (text,), False))
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
