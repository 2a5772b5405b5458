"""``report -o OUT``: the file is as a redirection would leave it, or as it was before."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from eintr_trace.commands.arguments import ReportFormat
from eintr_trace.commands.written_files import write_text
from tests.commands.program import eintr_trace, refused
from tests.recording.samples import recording


@pytest.fixture
def run(tmp_path: Path) -> str:
    path = tmp_path / "run.jsonl"
    path.write_bytes(recording())
    return str(path)


# The recording has not every call, which strace's format is made of.
@pytest.mark.parametrize("format", [one for one in ReportFormat if one != "strace"])
def test_the_file_is_what_stdout_would_get(run: str, tmp_path: Path, format: ReportFormat) -> None:
    out = tmp_path / "out"
    done = eintr_trace("report", "--format", format, run, "-o", str(out))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert out.read_text(encoding="utf-8") == eintr_trace("report", "--format", format, run).stdout
    assert sorted(tmp_path.iterdir()) == [out, Path(run)]


def test_text_in_a_file_has_no_colour_and_100_columns(run: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    environment = {"CLICOLOR_FORCE": "1", "COLUMNS": "50", "PYTHONIOENCODING": "ascii"}
    eintr_trace("report", run, "-o", str(out), environment=environment)
    text = out.read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "→" in text
    assert 80 < max(map(len, text.splitlines())) <= 100


def test_an_existing_file_is_replaced_and_keeps_its_mode(run: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("before" * 10_000)
    out.chmod(0o640)
    assert eintr_trace("report", run, "-o", str(out)).returncode == 0
    assert out.read_text().startswith("#1 ")
    assert "before" not in out.read_text()
    assert out.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_one(run: str, tmp_path: Path) -> None:
    target, symbolic, hard = tmp_path / "target", tmp_path / "symbolic", tmp_path / "hard"
    target.write_text("before")
    symbolic.symlink_to(target)
    hard.hardlink_to(target)
    assert eintr_trace("report", run, "-o", str(symbolic)).returncode == 0
    assert symbolic.is_symlink()
    assert hard.read_text() == target.read_text()
    assert target.read_text().startswith("#1 ")


def test_a_new_file_has_the_mode_that_the_umask_says(run: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = f"umask 027; exec {sys.executable} -m eintr_trace report {run} -o {out}"
    subprocess.run(["sh", "-c", command], check=True, timeout=60)
    assert out.stat().st_mode & 0o777 == 0o640


def test_a_report_that_fails_leaves_the_file_as_it_was(run: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("before")
    Path(run).write_bytes(b"\n".join(recording().split(b"\n")[:2]) + b"\n{broken\n" + recording())
    done = eintr_trace("report", run, "-o", str(out))
    assert done.returncode == 1
    assert out.read_text() == "before"


def test_a_place_that_cannot_be_written_is_said_before_anything_is_read(tmp_path: Path) -> None:
    done = eintr_trace("report", "-", "-o", str(tmp_path / "none" / "out"), stdin=b"not read")
    assert "cannot write" in refused(done)
    assert "No such file or directory" in done.stderr
    done = eintr_trace("report", "-", "-o", str(tmp_path), stdin=b"not read")
    assert "Is a directory" in refused(done)


def test_a_name_that_is_too_long_is_said(run: str) -> None:
    name = "x" * 300
    for arguments in (
        ["report", name],
        ["report", run, "-o", name],
        ["compare", run, name],
        ["compare", run, run, "-o", name],
    ):
        assert "File name too long" in refused(eintr_trace(*arguments))


def test_a_full_disk_is_said(run: str) -> None:
    done = eintr_trace("report", run, "-o", "/dev/full")
    assert done.returncode == 1
    assert refused(done) == "cannot write /dev/full: No space left on device. Name another place"


def test_a_device_or_a_pipe_is_written_to(run: str, tmp_path: Path) -> None:
    assert eintr_trace("report", run, "-o", "/dev/stdout").stdout.startswith("#1 ")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True)
    assert eintr_trace("report", run, "-o", str(pipe)).returncode == 0
    assert reader.communicate(timeout=60)[0].startswith("#1 ")


def test_the_recording_is_not_overwritten(run: str, tmp_path: Path) -> None:
    before = Path(run).read_bytes()
    link = tmp_path / "link"
    link.symlink_to(run)
    done = eintr_trace("report", run, "-o", str(link))
    assert "is what the report is made from" in refused(done)
    assert done.returncode == 2
    assert Path(run).read_bytes() == before


def test_bytes_that_are_no_text_are_written_out(tmp_path: Path) -> None:
    write_text(str(tmp_path / "out"), "a\udcffb")
    assert (tmp_path / "out").read_bytes() == b"a\\udcffb"


def _at_a_terminal(*words: str) -> tuple[int, str]:
    """Run it with a terminal as stdout; return the status and what it says on stderr."""
    controller, terminal = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "eintr_trace", *words],
        stdout=terminal,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(terminal)
    os.close(controller)
    return done.returncode, done.stderr


@pytest.mark.parametrize("format", ["html", "perfetto"])
def test_what_is_nothing_to_a_terminal_is_not_sent_to_one(
    run: str, tmp_path: Path, format: str
) -> None:
    refusal = f"eintr-trace: {format} is nothing to read in a terminal. Send it to a file, "
    ran = tmp_path / "ran"
    for words in (["report", run, "--format", format], ["--format", format, "touch", str(ran)]):
        status, errors = _at_a_terminal(*words)
        assert (status, errors[: len(refusal)]) == (2, refusal)
    assert not ran.exists()
    assert _at_a_terminal("report", run, "--format", format, "-o", str(tmp_path / "out"))[0] == 0


def test_a_page_is_in_the_encoding_that_it_names(run: str) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    done = eintr_trace("report", run, "--format", "html", environment=ascii_only)
    assert '<meta charset="utf-8">' in done.stdout
    assert "→" in done.stdout
    assert r"\u2192" not in done.stdout


def test_markdown_for_a_stdout_that_knows_no_arrows(run: str) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    done = eintr_trace("report", run, "--format", "markdown", environment=ascii_only)
    assert r"\u2192" in done.stdout
