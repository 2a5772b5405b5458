"""A real program whose names hold what terminals and viewers obey."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from eintr_trace.commands.arguments import ReportFormat
from tests.commands.program import eintr_trace
from tests.live.harness import TRACEES
from tests.reports.github import TAGS, shown

pytestmark = pytest.mark.live


def _is_clean(text: str) -> bool:
    return not any(unicodedata.category(char) in ("Cc", "Cf") for char in text if char != "\n")


def test_no_name_of_a_program_is_obeyed(newest_python: Path, tmp_path: Path) -> None:
    recording = str(tmp_path / "run.jsonl")
    program = (str(newest_python), str(TRACEES / "hostile_names.py"), str(tmp_path))
    hostile = "\x1b[2J\x1b]0;owned\x07\n"
    live = eintr_trace("--every-syscall", "-v", "-o", recording, "--", *program, hostile)
    assert live.returncode == 0, live.stderr
    assert "caught" in live.stdout
    reports = {
        format: eintr_trace("report", "-v", "--format", format, recording).stdout
        for format in (ReportFormat.TEXT, ReportFormat.STRACE, ReportFormat.MARKDOWN)
    }
    for text in (live.stdout, live.stderr, *reports.values()):
        assert _is_clean(text)
        assert "\n#9  forged" not in text
    assert r"\x1b[2J" in reports[ReportFormat.MARKDOWN]
    assert r"\33[2J" in reports[ReportFormat.STRACE]  # in octal, as strace has it
    # The sender's name, the file of the code, the exception's type and message, the arguments.
    text = "".join(reports[ReportFormat.TEXT].split())
    for expected in (r"(\x1b[2J\x1b]0;owne", r"forged\r`<b>@root|.py:1)", r"owned\a\n"):
        assert "".join(expected.split()) in text
    page = shown(reports[ReportFormat.MARKDOWN])
    assert page.tags <= TAGS
    assert not [one for one in page.prose if "@root" in one]
