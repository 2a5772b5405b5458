from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from eintr_trace.commands.source_files import SourceFiles
from eintr_trace.model.python_state import CodeLocation
from eintr_trace.model.trace import TraceClock
from tests.reports.samples import HEADER, NOON_NS

SOURCE = "import os\n\n\nclass Reader:\n    def read(self):\n        return os.read(0, 1)\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "reader.py"
    path.write_text(SOURCE, encoding="utf-8")
    os.utime(path, ns=(NOON_NS - 1, NOON_NS - 1))
    return path


def _at(path: Path | str, line: int | None = 6, function: str = "Reader.read") -> CodeLocation:
    return CodeLocation(function, str(path), line)


def test_the_lines_around_a_place_are_read(source: Path) -> None:
    excerpt = SourceFiles(HEADER)(_at(source))
    assert excerpt is not None
    assert excerpt.first_line == 2
    assert excerpt.lines[6 - 2] == "        return os.read(0, 1)"
    assert excerpt.changed_since is False


def test_a_newer_file_is_said_to_be_newer(source: Path) -> None:
    os.utime(source, ns=(NOON_NS + 1, NOON_NS + 1))
    excerpt = SourceFiles(HEADER)(_at(source))
    assert excerpt is not None
    assert excerpt.changed_since is True


def test_of_a_trace_without_a_date_it_is_not_known(source: Path) -> None:
    excerpt = SourceFiles(replace(HEADER, clock=TraceClock.LINE_NUMBERS))(_at(source))
    assert excerpt is not None
    assert excerpt.changed_since is None


def test_lines_are_counted_as_python_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "feed.py"
    path.write_bytes(b"a = 1\r\n\x0c\nb = '\xe2\x80\xa8'\rc = 3\n")
    excerpt = SourceFiles(HEADER)(_at(path, 4, "<module>"))
    assert excerpt is not None
    assert excerpt.lines == ("a = 1", "\x0c", "b = '\u2028'", "c = 3")


def test_a_file_without_that_function_is_not_what_ran(source: Path) -> None:
    assert SourceFiles(HEADER)(_at(source, function="Writer.write")) is None
    assert SourceFiles(HEADER)(_at(source, line=3)) is None  # read begins after it


@pytest.mark.parametrize("line", [None, 0, -1, 7, 10**9])
def test_a_line_that_is_not_there_is_not_read(source: Path, line: int | None) -> None:
    assert SourceFiles(HEADER)(_at(source, line, "<module>")) is None


@pytest.mark.parametrize(
    "name",
    ["reader.py", "<string>", "/etc/passwd", "/no/such.py", "/a\0b.py", "/\udcff.py", "/" * 5000],
)
def test_other_names_are_not_opened(name: str) -> None:
    assert SourceFiles(HEADER)(_at(name, 1, "<module>")) is None


def test_a_link_is_judged_by_what_it_leads_to(source: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("def read(): secret\n", encoding="utf-8")
    (tmp_path / "link.py").symlink_to("secret.txt")
    (tmp_path / "loop.py").symlink_to("loop.py")
    (tmp_path / "good.py").symlink_to(source)
    assert SourceFiles(HEADER)(_at(tmp_path / "link.py", 1)) is None
    assert SourceFiles(HEADER)(_at(tmp_path / "loop.py", 1)) is None
    assert SourceFiles(HEADER)(_at(tmp_path / "good.py")) is not None


def test_what_is_no_regular_text_file_is_not_read_nor_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "binary.py").write_bytes(b"a = 1\0\n")
    (tmp_path / "latin.py").write_bytes(b"a = '\xff'\n")
    (tmp_path / "codec.py").write_bytes(b"# coding: no-such\na = 1\n")
    (tmp_path / "zip.py").write_bytes(b"# coding: zip\na = 1\n")
    (tmp_path / "large.py").write_bytes(b"#\n" * (2 << 20))
    for path in tmp_path.iterdir():
        assert SourceFiles(HEADER)(_at(path, 1, "<module>")) is None, path.name
