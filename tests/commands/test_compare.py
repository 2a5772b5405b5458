"""``eintr-trace compare`` on recordings: hand-made ones, and the one that ships."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eintr_trace.lab.shipped_run import shipped_run
from tests.commands.program import eintr_trace, refused
from tests.recording.samples import recording

SHIPPED = str(shipped_run().recording)


@pytest.fixture
def made(tmp_path: Path) -> str:
    path = tmp_path / "made.jsonl"
    path.write_bytes(recording())
    return str(path)


def test_two_runs_that_differ(made: str) -> None:
    done = eintr_trace("compare", SHIPPED, made)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("A  thrift-python2.7.jsonl  CPython 2.7.18, 1 interruption\n")
    assert " here they part " in done.stdout


def test_a_run_and_itself() -> None:
    done = eintr_trace("compare", SHIPPED, SHIPPED, "--fail-on-divergence")
    assert done.returncode == 0
    assert "The runs do not part: one interruption goes the same way" in done.stdout


def test_a_divergence_can_fail(made: str) -> None:
    assert eintr_trace("compare", SHIPPED, made, "--fail-on-divergence").returncode == 3


def test_runs_in_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in ("before", "after"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "run.jsonl").write_bytes(recording())
    files = [str(tmp_path / folder / "run.jsonl") for folder in ("before", "after")]
    lines = eintr_trace("compare", *files).stdout.splitlines()
    assert lines[0].startswith("A  before/run.jsonl  ")
    assert lines[1].startswith("B  after/run.jsonl  ")


def test_filters_choose_what_is_compared(made: str) -> None:
    done = eintr_trace("compare", SHIPPED, made, "-e", "signal=HUP")
    assert "Neither run has an interruption." in done.stdout


def test_json_to_a_file(made: str, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = eintr_trace("compare", SHIPPED, made, "--format", "json", "-o", str(out))
    assert (done.returncode, done.stdout) == (0, "")
    value = json.loads(out.read_text())
    assert value["left"]["name"] == "thrift-python2.7.jsonl"
    assert value["first"] == 0


def test_a_recording_that_is_cut_short(made: str, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(b"".join(recording().splitlines(keepends=True)[:-1]))
    done = eintr_trace("compare", made, str(cut))
    assert done.returncode == 1
    assert f"{cut} is cut short" in done.stderr
    assert "A  made.jsonl" in done.stdout


@pytest.mark.parametrize(
    ("words", "what", "status"),
    [
        (["compare"], "the following arguments are required: A, B", 2),
        (["compare", SHIPPED], "the following arguments are required: B", 2),
        (["compare", SHIPPED, "/nowhere/b"], "cannot read /nowhere/b: No such file", 1),
        (["compare", "-", "-"], "both runs are stdin", 2),
        (["compare", SHIPPED, "/dev/null"], "/dev/null", 1),
        (["compare", SHIPPED, SHIPPED, "--format", "oil"], "'oil' is none of text", 2),
        (["compare", SHIPPED, SHIPPED, "-o", SHIPPED], "is what the report is made from", 2),
        (["compare", SHIPPED, SHIPPED, "-o", "/nowhere/out"], "cannot write /nowhere/out", 1),
    ],
)
def test_bad_input(words: list[str], what: str, status: int) -> None:
    done = eintr_trace(*words)
    assert what in refused(done)
    assert done.returncode == status
