"""``eintr-trace report`` on hand-made recordings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.program import eintr_trace
from tests.recording.samples import recording


@pytest.fixture
def run(tmp_path: Path) -> str:
    path = tmp_path / "run.jsonl"
    path.write_bytes(recording())
    return str(path)


def test_the_text_has_a_block_and_a_summary(run: str) -> None:
    done = eintr_trace("report", run)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("#1  22:13:21.000  SIGUSR1 from 4711 (bash) while main thread ")
    assert "\noutcome " in done.stdout
    assert r"CPython 3.12.4: python client\xff.py" in done.stdout
    assert "\x1b" not in done.stdout


def test_stdin_is_the_same_report(run: str) -> None:
    assert eintr_trace("report", "-", stdin=recording()).stdout == eintr_trace("report", run).stdout


def test_colour_can_be_forced_and_changes_no_word(run: str) -> None:
    done = eintr_trace("report", run, environment={"CLICOLOR_FORCE": "1"})
    assert "\x1b[" in done.stdout


def test_json_is_one_object(run: str) -> None:
    done = eintr_trace("report", "--format", "json", run)
    value = json.loads(done.stdout)
    assert [episode["signal"]["name"] for episode in value["episodes"]] == ["SIGUSR1"]
    assert value["trace"]["ended"]["reason"] == "detached"


def test_quiet_and_verbose(run: str) -> None:
    assert "#1" not in eintr_trace("report", "-q", run).stdout
    assert "[1]" in eintr_trace("report", "-v", run).stdout


def test_filters_choose_what_is_shown_and_counted(run: str) -> None:
    assert "#1" in eintr_trace("report", "-e", "trace=recvfrom", "-e", "signal=USR1", run).stdout
    for expression in ("trace=!recvfrom", "trace=none", "signal=!USR1", "signal=!all"):
        done = eintr_trace("report", "-e", expression, run)
        assert "No interruption was seen." in done.stdout, expression


def test_a_cut_recording_is_reported_up_to_the_cut(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_bytes(recording()[:-20])
    done = eintr_trace("report", str(path))
    assert done.returncode == 1
    assert done.stdout.startswith("#1 ")
    assert "cut short: what came after is not in it" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"eintr-trace: {path} is cut short: the report ends where it does. ")


def test_fail_on_a_seen_outcome(run: str) -> None:
    report = json.loads(eintr_trace("report", "--format", "json", run).stdout)
    (seen,) = report["summary"]["by_outcome"]
    other = "died" if seen != "died" else "raised"
    assert eintr_trace("report", "--fail-on", f"{other},{seen}", run).returncode == 3
    assert eintr_trace("report", "--fail-on", other, run).returncode == 0
    hidden = eintr_trace("report", "--fail-on", seen, "-e", "signal=!USR1", run)
    assert hidden.returncode == 0


def test_a_reader_that_has_seen_enough_is_no_error(run: str) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "eintr_trace", "report", run],
        stdout=write_end,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_below_the_report_is_said(run: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "eintr_trace", "report", run],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr == (
        b"eintr-trace: cannot write the report: No space left on device. "
        b"Free some space or send the report elsewhere\n"
    )


def test_a_stdout_that_knows_no_arrows(run: str) -> None:
    done = eintr_trace("report", run, environment={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert r"\u2192" in done.stdout


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
@pytest.mark.parametrize("words", ["report -", "report /nowhere", "doctor", "-q true"])
def test_a_standard_stream_that_is_closed_is_as_dev_null(closed: str, words: str) -> None:
    """As with ``/dev/null`` in its place: no traceback, and no other file becomes fd 0, 1 or 2."""

    def run(redirection: str) -> tuple[int, str, str]:
        done = subprocess.run(
            ["sh", "-c", f"exec {sys.executable} -m eintr_trace {words} {redirection}"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=60,
        )
        without_pid = re.sub(r"^\d+", "PID", done.stdout, flags=re.MULTILINE)
        return done.returncode, without_pid, done.stderr

    assert run(closed) == run(closed.replace("&-", "/dev/null"))
