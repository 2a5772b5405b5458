"""Launched commands under the real tracer: statuses, recordings, filters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.program import eintr_trace, refused

pytestmark = pytest.mark.live

KILLED = ("sh", "-c", "kill -TERM $$")


@pytest.mark.parametrize(
    ("command", "status"),
    [(["true"], 0), (["sh", "-c", "exit 7"], 7), (list(KILLED), 143), (["--", "false"], 1)],
)
def test_a_launched_command_keeps_its_status(command: list[str], status: int) -> None:
    assert eintr_trace("-q", *command).returncode == status


def test_options_after_the_command_are_its_own() -> None:
    done = eintr_trace("-q", "printf", "%s", "-v", "--fail-on")
    assert done.stdout.startswith("-v")


def test_the_live_text_is_the_report_of_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    live = eintr_trace("-o", str(path), *KILLED)
    again = eintr_trace("report", str(path))
    assert "→ died" in live.stdout
    assert again.stdout == live.stdout
    assert again.returncode == 0


def test_a_full_disk_is_said_once_and_the_trace_goes_on() -> None:
    done = eintr_trace("-o", "/dev/full", "sh", "-c", "trap : USR1; kill -USR1 $$; exit 0")
    assert done.returncode == 1
    assert "SIGUSR1" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("trace ")
    complaints = [line for line in done.stderr.splitlines() if "/dev/full" in line]
    (complaint,) = complaints
    assert "No space left on device" in complaint


def test_a_recording_that_failed_is_a_failure_of_ours() -> None:
    assert eintr_trace("-q", "-o", "/dev/full", "sh", "-c", "exit 7").returncode == 1


def test_fail_on_wins_over_the_commands_status() -> None:
    assert eintr_trace("-q", "--fail-on", "died", *KILLED).returncode == 3
    assert eintr_trace("-q", "--fail-on", "raised", *KILLED).returncode == 143


def test_signals_that_are_left_out_are_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    words = ("sh", "-c", "trap : USR1 USR2; kill -USR1 $$; kill -USR2 $$; exit 0")
    eintr_trace("-o", str(path), "-e", "signal=!USR1", *words)
    recorded = [json.loads(line) for line in path.read_text().splitlines()]
    signals = {line["signal"]["name"] for line in recorded if line.get("event") == "signal"}
    assert signals == {"SIGUSR2"}


def test_live_json_is_valid() -> None:
    value = json.loads(eintr_trace("--format", "json", *KILLED).stdout)
    assert value["summary"]["by_outcome"] == {"died": 1}


def test_a_command_that_is_not_there() -> None:
    done = eintr_trace("no-such-command-anywhere")
    assert done.returncode == 127
    (line,) = done.stderr.splitlines()
    assert line.startswith("eintr-trace: ")
    assert line.endswith("cannot run no-such-command-anywhere: there is no such program")


def test_a_verb_that_is_misspelt() -> None:
    done = eintr_trace("explian", "EINTR")
    assert done.returncode == 127
    assert refused(done).endswith("If a verb was meant: eintr-trace explain")
