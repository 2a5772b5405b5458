from __future__ import annotations

from pathlib import Path

import pytest

from eintr_trace.errors import EintrTraceError
from eintr_trace.sources.recording.writer import RecordingWriter


def test_each_line_is_in_the_file_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("what was there before")
    writer = RecordingWriter(str(path))
    for count in range(1, 4):
        assert writer.write_line(b"line\n") is None
        assert path.read_bytes() == b"line\n" * count
    assert writer.close() is None


def test_a_trace_that_does_not_begin_leaves_an_earlier_recording(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("what was there before")
    assert RecordingWriter(str(path)).close() is None
    assert path.read_text() == "what was there before"


def test_a_full_disk_is_said_once_and_does_not_raise() -> None:
    writer = RecordingWriter("/dev/full")
    failure = writer.write_line(b"line\n")
    assert failure is not None
    assert "/dev/full: No space left on device" in failure.message
    assert failure.remedy is not None
    assert "space" in failure.remedy
    assert writer.write_line(b"line\n") is None
    assert writer.failure is failure
    assert writer.close() is None


@pytest.mark.parametrize(
    ("path", "reason", "remedy"),
    [
        ("{tmp}/missing/run.jsonl", "No such file or directory", "Make the directory"),
        ("{tmp}", "Is a directory", "Name a file"),
        ("{tmp}/file/run.jsonl", "Not a directory", "Check the path"),
    ],
)
def test_a_path_that_cannot_be_written_says_why(
    tmp_path: Path, path: str, reason: str, remedy: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EintrTraceError, match=reason) as caught:
        RecordingWriter(path.format(tmp=tmp_path))
    assert caught.value.exit_code == 1
    assert caught.value.remedy is not None
    assert remedy in caught.value.remedy
