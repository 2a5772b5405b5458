from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eintr_trace.model.report import Report
from eintr_trace.reports.detail import Detail
from eintr_trace.reports.escaping import escape
from eintr_trace.reports.markdown import write_markdown
from eintr_trace.reports.markdown_text import code, fenced, prose, table
from tests.reports import samples
from tests.reports.github import REFERENCES, TAGS, shown
from tests.reports.hostile import hostile_report

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></summary><b>",
    "`code` ``more`` ```fence",
    "[link](http://evil.example) ![image](http://evil.example)",
    "http://evil.example www.evil.example me@evil.example mailto:me@evil.example",
    "@root @org/team #123 org/repo#123 GH-123 0123abcdef0123abcdef",
    "a|b\\|c\\\\|d | e",
    "**bold** _em_ ~~gone~~ $x^2$ :tada: &lt;b&gt; &#60;",
    "# heading",
    "- entry",
    "12) entry",
    "> quote",
    "---",
    "~~~",
    "    indented",
    "\n# heading\n\n```\n<b>",
    "\\",
    "",
]


def _written(report: Report, detail: Detail = Detail.BLOCKS) -> str:
    stream = io.StringIO()
    write_markdown(report, stream, detail, UTC)
    return stream.getvalue()


def test_the_samples_look_as_they_should() -> None:
    text = _written(samples.report(samples.RAISED))
    page = shown(text)
    assert text.startswith("# SIGUSR1 met recvfrom in read: TTransportException, caught in main ")
    assert page.tags <= TAGS
    assert page.cells[:2] == [2, 2]
    assert "\nAt 12:00:01.123, observed, episode 1.\n" in text
    assert "- **kernel**: SIGUSR1 woke recvfrom before any byte had come." in text
    assert "1. `socket.error: [Errno 4] Interrupted system call` in `read (TSocket.py:150)`" in text
    assert "It was caught in `main (client.py:38)`." in text
    assert "<details><summary>Evidence: 3 observed, 1 inferred by a rule</summary>" in text


def test_nothing_was_seen() -> None:
    assert _written(samples.report()).startswith("# No interruption was seen\n")


def test_the_worst_comes_first_and_names_the_report() -> None:
    text = _written(samples.report(samples.RESTARTED, samples.NOT_BLOCKING, samples.RAISED))
    title, *_ = text.splitlines()
    assert title.endswith("(and 2 other interruptions)")
    assert re.findall(r"^## .* → (\S+)$", text, re.MULTILINE) == [
        "raised",
        "restarted-by-kernel",
        "not-blocking",
    ]


def test_those_that_are_alike_are_counted() -> None:
    many = [replace(samples.RAISED, id=number) for number in (1, 2, 3, 7)]
    text = _written(samples.report(*many))
    assert text.count("\n## ") == 1
    assert "\n## 4 × SIGUSR1 from 4711 (bash) while " in text
    assert "4 times alike (episodes 1 to 3, 7), this is the first." in text


def test_quiet_and_verbose() -> None:
    many = samples.report(samples.RAISED, replace(samples.RAISED, id=2))
    assert "\n## " not in _written(many, Detail.SUMMARY)
    verbose = _written(many, Detail.EVIDENCE)
    assert verbose.count("\n## ") == 2
    assert f"read ({samples.LIBRARY}:150)" in verbose


def test_a_long_report_stays_what_github_takes() -> None:
    kinds = [
        replace(samples.RAISED, id=number, headline=f"{number} {'x' * 500}")
        for number in range(1, 400)
    ]
    text = _written(samples.report(*kinds))
    assert len(text) < 65_536
    assert re.search(r"^## And \d+ more interruptions$", text, re.MULTILINE)
    assert len(_written(samples.report(*kinds), Detail.EVIDENCE)) > 65_536


def test_evidence_goes_before_the_episode_does() -> None:
    evidence = replace(samples.RAISED.evidence[0], text="y" * 70_000)
    long = replace(samples.RAISED, evidence=(evidence,) * 4)
    text = _written(samples.report(long))
    assert "TTransportException" in text
    assert "yyy" not in text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("detail", list(Detail))
def test_no_string_becomes_markup_or_a_reference(text: str, detail: Detail) -> None:
    page = shown(_written(hostile_report(text), detail))
    assert page.tags <= TAGS
    assert set(page.cells) == {2, 4}
    assert not [one for one in page.prose if REFERENCES.search(one)]


# What a parser of CommonMark sees as a space is no name of the traced program's making: escape()
# writes it out. Texts of several words are told apart from those of one by their blanks only.
@settings(deadline=None)
@given(st.text())
@example("a`b")
@example("`` ` ``")
@example(" a ")
@example("\\|")
def test_code_shows_what_it_was_given(text: str) -> None:
    page = shown(f"- x {code(text)} y")
    assert page.tags <= TAGS
    assert page.text.strip("\n") == f"\nx {escape(text) or ' '} y\n".strip("\n")


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1 .,:;()@#|\\`*_<>[]!&~$-+=/\"'\n\u202e")))
def test_prose_shows_what_it_was_given(text: str) -> None:
    page = shown(f"- {prose(text)}")
    assert page.tags <= TAGS
    assert page.text.split() == escape(text).split()
    assert not [one for one in page.prose if REFERENCES.search(one)]


@settings(deadline=None)
@given(st.lists(st.text(), max_size=4))
def test_a_block_of_code_ends_where_it_should(lines: list[str]) -> None:
    page = shown(f"{fenced(lines)}\nafter")
    assert page.tags <= {"pre", "code", "p"}
    assert page.text.split("\n")[: len(lines)] == [escape(line) for line in lines]
    assert page.prose[-2:] == ["after", "\n"]


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("a|\\` ")))
def test_a_cell_stays_one(text: str) -> None:
    page = shown(table(("one", "two"), [(code(text), prose(text))]))
    assert page.cells == [2, 2]
    assert page.tags <= TAGS
