from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eintr_trace.reports.columns import side_by_side
from eintr_trace.reports.escaping import escape
from eintr_trace.reports.layout import Layout, Span, Tone, colour_wanted


@given(st.text(st.characters(exclude_categories=())))
def test_escaped_text_is_printable_and_on_one_line(text: str) -> None:
    assert escape(text).isprintable()


@given(st.text())
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert (escape(text) == text) is text.isprintable()


@given(st.binary())
def test_bytes_that_were_no_utf8_are_shown_as_bytes(name: bytes) -> None:
    assert escape(name.decode("ascii", "surrogateescape")).isascii()


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60)), st.integers(31, 100))
def test_wrapping_loses_nothing_but_blanks(texts: list[str], width: int) -> None:
    paragraph = Layout(width, colour=False).paragraph(Span("x"), [Span(t) for t in texts], 4)
    wanted = escape("".join(texts)).replace(" ", "")
    assert "".join(paragraph.split()) == "x" + wanted


def test_wide_characters_count_twice() -> None:
    paragraph = Layout(24, colour=False).paragraph(Span(""), [Span("信号" * 8)], 4)
    assert [len(line.strip()) for line in paragraph.splitlines()] == [10, 6]


def test_a_whole_span_is_not_broken() -> None:
    spans = [Span("0123456789 "), Span("→ ", whole=True), Span("raised")]
    paragraph = Layout(24, colour=False).paragraph(Span(""), spans, 4)
    assert paragraph == "    0123456789 → raised\n"
    narrower = [Span("0123456789 0123 "), *spans[1:]]
    paragraph = Layout(24, colour=False).paragraph(Span(""), narrower, 4)
    assert paragraph == "    0123456789 0123\n    → raised\n"


def test_words_in_two_tones_are_not_torn_apart() -> None:
    spans = [Span("0123456789 01234"), Span("56789x", Tone.BAD)]
    paragraph = Layout(24, colour=True).paragraph(Span(""), spans, 4)
    assert paragraph == "    0123456789\n    01234\x1b[1;31m56789x\x1b[0m\n"


@pytest.mark.parametrize(
    ("environment", "is_terminal", "wanted"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, True, False),
        ({"CLICOLOR_FORCE": "1"}, False, True),
        ({"CLICOLOR_FORCE": "0"}, False, False),
        ({"CLICOLOR": "0"}, True, False),
        ({"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, True, True),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colour_follows_the_conventions(
    environment: dict[str, str], is_terminal: bool, wanted: bool
) -> None:
    assert colour_wanted(environment, is_terminal) is wanted


def test_two_texts_side_by_side() -> None:
    left = "\x1b[1mab\x1b[0m\n信号\nabcdef\n"
    assert side_by_side(left, "x\n\ny\nz\n", 6) == (
        "\x1b[1mab\x1b[0m     │ x\n信号   │\nabcdef │ y\n       │ z\n"
    )
