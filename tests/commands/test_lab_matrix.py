"""``eintr-trace lab matrix``: what it prints, writes and ends with."""

from __future__ import annotations

import json
import signal
import subprocess
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


@pytest.mark.parametrize("option", ["-o", "--raw"])
def test_a_file_that_cannot_be_written_is_found_before_the_run(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ONE, "--interpreter", sys.executable, option, "/nowhere/file"]) == 1
    err = capsys.readouterr().err
    assert "cannot write /nowhere/file" in err
    assert "[1/1]" not in err


def test_no_interpreter_that_starts_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ONE, "--interpreter", "/nowhere/python"]) == 1
    err = capsys.readouterr().err
    assert "/nowhere/python does not start" in err
    assert "there is no interpreter to run" in err


@pytest.mark.live
def test_ctrl_c_tells_what_was_done(tmp_path: Path) -> None:
    page = tmp_path / "matrix.md"
    command = [sys.executable, "-m", "eintr_trace", *ONE[:2], "--scenario", "socket.rec*"]
    with subprocess.Popen(
        [*command, "--interpreter", sys.executable, "--jobs", "1", "-o", str(page)],
        stderr=subprocess.PIPE,
        text=True,
    ) as matrix:
        assert matrix.stderr is not None
        assert matrix.stderr.readline().startswith("[1/")
        matrix.send_signal(signal.SIGINT)
        rest = matrix.stderr.read()
    assert matrix.returncode == 130
    assert "given up by Ctrl-C, no file is written; so far: " in rest
    assert "agree" in rest
    assert not page.exists()
