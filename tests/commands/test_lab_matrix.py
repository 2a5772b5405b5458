"""``eintr-trace lab matrix``: what it prints, writes and ends with."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from eintr_trace.commands.main import main

ONE = ["lab", "matrix", "--scenario", "socket.recv", "--disposition", "plain", "--jobs", "1"]


@pytest.mark.live
def test_one_cell_and_an_interpreter_that_does_not_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    page, raw = tmp_path / "matrix.md", tmp_path / "raw.jsonl"
    broken = tmp_path / "python9.9"
    broken.write_text("#!/bin/sh\necho cannot start >&2\nexit 3\n")
    broken.chmod(0o755)
    interpreters = ["--interpreter", sys.executable, "--interpreter", str(broken)]
    assert main([*ONE, *interpreters, "-o", str(page), "--raw", str(raw)]) == 0
    out, err = capfd.readouterr()
    assert out == "1 agree\n"
    assert "python9.9 does not start: ended with exit status 3: cannot start" in err
    assert "[1/1] CPython " in err
    assert "| python9.9 (named) | ended with exit status 3: cannot start |" in page.read_text()
    (result,) = map(json.loads, raw.read_text().splitlines())
    assert (result["scenario"], result["status"]) == ("socket.recv", "agree")
    assert result["run"]["account"]["byte_count"] == 1


def test_a_name_that_no_scenario_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "matrix", "--scenario", "nothing"]) == 2
    assert "no scenario has such a name" in capsys.readouterr().err


def test_a_place_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ONE, "--interpreter", sys.executable, "--keep", "/proc/nowhere"]) == 1
    assert "cannot write /proc/nowhere" in capsys.readouterr().err
