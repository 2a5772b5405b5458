"""Every bad input that needs no tracee: one clear sentence, a remedy, a status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eintr_trace.sources.recording.codec import encode_header
from tests.commands.program import eintr_trace, refused
from tests.recording.samples import HEADER, recording


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([], "nothing to trace. Give -p PID or a COMMAND"),
        (["-p", "1", "true"], "both -p and a COMMAND"),
        (["-p", "1", "--", "report", "x"], "both -p and a COMMAND"),
        (["-p", "none"], "'none' is not a whole number"),
        (["-p", "1,some"], "'some' is not a whole number"),
        (["-p", " , "], "there is no process id in it"),
        (["-p", "-4"], "'-4' is not a whole number"),
        (["-p", "0"], "'0' is not a whole number"),
        (["--count", "0", "true"], "'0' is not a whole number"),
        (["--duration", "0", "true"], "not a positive number of seconds"),
        (["--duration", "nan", "true"], "not a positive number of seconds"),
        (["--duration", "soon", "true"], "not a positive number of seconds"),
        (["--fail-on", "raised,lost", "true"], "'lost' is none of restarted-by-kernel, resumed-by"),
        (["--format", "yaml", "true"], "'yaml' is none of text, strace"),
        ([""], "the COMMAND is empty"),
        (["-q", "-v", "true"], "not allowed with"),
        (["-e", "recvfrom", "true"], "-e recvfrom is not understood"),
        (["-e", "trace=recv_from", "true"], "'recv_from' is no system call"),
        (["-e", "trace=", "true"], "'' is no system call"),
        (["-e", "signal=SIGFOO", "true"], "'SIGFOO' is no signal"),
        (["--every-signal", "true"], "unrecognized arguments"),
        (["report"], "the following arguments are required: FILE"),
        (["report", "-p", "1"], "unrecognized arguments"),
    ],
)
def test_wrong_usage(words: list[str], what: str) -> None:
    done = eintr_trace(*words)
    assert what in refused(done)
    assert done.returncode == 2


def test_a_recording_that_cannot_be_written_is_refused_before_anything_runs(
    tmp_path: Path,
) -> None:
    touched = tmp_path / "ran"
    done = eintr_trace("-o", str(tmp_path / "missing" / "run.jsonl"), "touch", str(touched))
    assert "No such file or directory. Make the directory first" in refused(done)
    assert done.returncode == 1
    assert not touched.exists()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"hello\n", "its only line is not strace's, and it is no recording"),
        (b"hello\n" * 3000, "none of the first 2,000 lines is strace's, and it is no recording"),
        (b"\x7fELF\x02\x01\x01", "its only line is not strace's, and it is no recording"),
        (b'{"a": 1}\n', "not a recording of eintr-trace"),
        (encode_header(HEADER)[:40], "cut short within its first line"),
        (
            json.dumps(json.loads(encode_header(HEADER)) | {"version": 9}).encode() + b"\n",
            "has format version 9, and this eintr-trace reads up to version 1",
        ),
    ],
)
def test_a_file_that_cannot_be_reported(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    done = eintr_trace("report", str(path))
    assert what in refused(done)
    assert str(path) in done.stderr
    assert done.returncode == 1
    assert what in refused(eintr_trace("report", "-", stdin=content))


@pytest.mark.parametrize(
    ("name", "what"),
    [("missing.jsonl", "No such file or directory"), (".", "Is a directory")],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, what: str) -> None:
    assert what in refused(eintr_trace("report", str(tmp_path / name)))


def test_a_malformed_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(encode_header(HEADER) + b"{}\n" + recording())
    sentence = refused(eintr_trace("report", str(path)))
    assert f'{path}:2: this line has no "event" tag' in sentence
    assert "Report what comes before it: head -n 1 FILE | eintr-trace report -" in sentence


def test_what_a_file_says_does_not_reach_the_terminal_raw() -> None:
    header = json.loads(encode_header(HEADER)) | {"version": 9, "tool_version": "\x1b[2J"}
    done = eintr_trace("report", "-", stdin=json.dumps(header).encode() + b"\n")
    assert r"\x1b[2J" in refused(done)


def test_two_recordings_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(recording() * 2)
    done = eintr_trace("report", str(path))
    assert done.returncode == 1
    lines = recording().count(b"\n")
    assert done.stderr == (
        f"eintr-trace: {path}:{lines + 1}: the recording goes on after its end: two may be in one "
        f"file. Report what comes before it: head -n {lines} FILE | eintr-trace report -\n"
    )
