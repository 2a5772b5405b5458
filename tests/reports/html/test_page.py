from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib.resources import files

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.episodes import CPath, Outcome
from eintr_trace.reports.fork_text import ForkSide
from eintr_trace.reports.html.fork_figure import fork_figure, path_figure
from eintr_trace.reports.html.page import embedded, page
from eintr_trace.reports.html.templating import render

HOSTILE = [
    "</script><script>window.pwned=1</script>",
    "<!--<script>",
    "<img src=x onerror=window.pwned=1>",
    "\"' onload='x",
    "\u202egnp.exe",
    "\udcff\x00\x1b[31m",
    "]]>&lt;\u2028\u2029",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_data_stays_data(text: str) -> None:
    markup = embedded({text: [text]})
    assert not re.search("[<>&\u2028\u2029]", markup)
    assert json.loads(markup) == {text: [text]}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_title_stays_text(text: str) -> None:
    written = page(text, Markup("<main></main>"))
    assert text not in written
    assert written.encode()  # no lone surrogate is left
    assert "\u202e" not in written
    assert written.count("<script") == 1


def test_what_a_template_misses_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("page.html", title="x")


def test_the_policy_names_the_style_and_the_script_by_their_hashes() -> None:
    written = page("x", Markup("<main></main>"), data={})
    for element in ("style", "script"):
        (text,) = re.findall(rf"<{element}>(.*?)</{element}>", written, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{element}-src &#39;sha256-{digest}&#39;" in written


def test_scripts_make_no_markup_of_strings() -> None:
    for file in (files("eintr_trace.reports.html") / "scripts").iterdir():
        script = file.read_text(encoding="utf-8")
        assert not re.search(
            r"(?:inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\b|new Function", script
        ), file.name


def test_a_page_asks_for_nothing() -> None:
    written = page("x", Markup("<main></main>"), data={})
    assert not re.search(r"""(?:src|href)=["'](?!#|data:,)|url\(|@import|https?://""", written)


def _side(title: str, outcome: Outcome, *functions: str) -> ForkSide:
    return ForkSide(title, CPath(functions, PathEnd.DECISION), outcome)


def test_two_ways_have_one_trunk_and_two_branches() -> None:
    figure = fork_figure(
        _side("2.7", Outcome.RAISED, "recv", "set_error", "PyErr_SetFromErrno"),
        _side("3.13", Outcome.RESUMED_BY_INTERPRETER, "recv", "PyErr_CheckSignals"),
    )
    trunk, branches = figure.split('class="parting"')
    assert re.findall(r'class="step">([^<]*)', trunk) == ["recv"]
    assert re.findall(r'class="step">([^<]*)', branches) == [
        "set_error",
        "PyErr_SetFromErrno",
        "PyErr_CheckSignals",
    ]


def test_ways_that_do_not_part_are_one() -> None:
    side = _side("2.7", Outcome.RAISED, "recv", "set_error")
    assert "fork in the road" not in fork_figure(side, side)


def test_function_names_are_text() -> None:
    assert "<b>" not in path_figure(_side("2.7", Outcome.RAISED, "<b>"))
