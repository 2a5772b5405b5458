"""``eintr-trace lab paths``: what it prints, writes and ends with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eintr_trace.commands.main import main

ONE = ["lab", "paths", "--scenario", "socket.recv", "--interpreter", sys.executable]


@pytest.mark.live
def test_one_call_under_one_interpreter(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "paths.md"
    assert main([*ONE, "-o", str(page)]) == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("socket.recv, CPython 3.")
    text = page.read_text()
    assert "## socket.recv" in text
    assert "| resumed-by-interpreter | " in text
    assert "| recv → " in text
    assert str(Path(sys.executable).resolve().parent) not in text


def test_a_name_that_no_scenario_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "paths", "--scenario", "nothing"]) == 2
    assert "no scenario is called 'nothing'" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_found_before_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*ONE, "-o", "/nowhere/file"]) == 1
    assert "cannot write /nowhere/file" in capsys.readouterr().err
