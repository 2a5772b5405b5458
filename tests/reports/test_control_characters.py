"""Nothing that the traced program chose reaches a terminal, or a viewer, that would obey it."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

import pytest

from eintr_trace.commands.arguments import ReportFormat
from eintr_trace.commands.renderers import renderer_for
from eintr_trace.commands.report_output import ReportOutput
from eintr_trace.model.report import EpisodeUpdate
from eintr_trace.model.trace import TraceMode
from eintr_trace.model.trace_lines import LinePart
from eintr_trace.reports.detail import Detail
from eintr_trace.reports.layout import Layout, Tone
from tests.reports.hostile import built, hostile_report

# Cc: C0, DEL and C1; Cf: bidirectional and invisible formats, tags; Zl, Zp: line ends; Cs: bytes
# that are no text; Co, Cn: nobody knows how wide they are.
_OBEYED = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"})
HOSTILE = [
    "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)])),
    "\x1b[2J\x1b]0;title\a\x1b[31mred\x1b[0m\x9b31m",
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2066\u2069\u061c\ufeff\u00ad\u2060",
    "\u2028\u2029\x85\v\f\r\n#1  forged line",
    "\U000e0041\ue000\uffff\udcff\udc1b",
]
# What our own colours are made of; the hostile strings hold another.
_OUR_COLOURS = re.compile(r"\x1b\[(?:0|" + "|".join(tone.value for tone in Tone if tone) + ")m")


def _obeyed(text: str) -> set[str]:
    found = {char for char in text if unicodedata.category(char) in _OBEYED}
    return found - {"\n"}


def _written(format: ReportFormat, detail: Detail, text: str) -> Iterator[str]:
    """Yield what each renderer writes of an update, an amendment, a line and the whole report."""
    report = hostile_report(text)
    header = replace(report.header, mode=TraceMode.EVERY_SYSCALL)
    for colour in (False, True):
        for every_line in (False, True):
            stream = io.StringIO()
            output = ReportOutput(stream, Layout(100, colour))
            renderer = renderer_for(format, detail, header, output, every_line=every_line)
            renderer.line(built(LinePart, text))
            (episode,) = report.episodes
            for amended in (False, True):
                update: EpisodeUpdate = built(EpisodeUpdate, text)
                renderer.update(replace(update, episode=episode, amended=amended))
            renderer.finish(replace(report, header=header))
            yield stream.getvalue()


@pytest.mark.parametrize("detail", list(Detail))
@pytest.mark.parametrize("format", list(ReportFormat))
def test_no_report_has_a_character_that_a_terminal_obeys(
    format: ReportFormat, detail: Detail
) -> None:
    for text in _written(format, detail, "".join(HOSTILE)):
        assert "x1b[2J" in text or "u001b[2J" in text  # it is there, written out
        assert _obeyed(_OUR_COLOURS.sub("", text)) == set()
        assert "\n#1  forged line" not in text


def test_json_has_the_strings_as_they_were() -> None:
    """JSON is for programs: nothing raw in it, and nothing lost."""
    for hostile in HOSTILE:
        (text, *_) = _written(ReportFormat.JSON, Detail.BLOCKS, hostile)
        assert json.loads(text)["episodes"][0]["headline"] == hostile


def test_a_name_in_the_report_cannot_forge_a_line() -> None:
    (text, *_) = _written(ReportFormat.TEXT, Detail.EVIDENCE, "a\n#9  forged")
    assert not re.search(r"^#9", text, re.MULTILINE)
    assert r"a\n#9" in text
