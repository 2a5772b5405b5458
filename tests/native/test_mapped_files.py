"""Files that a process has mapped, and the ways to them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eintr_trace.native.mapped_files import MappedFile, mapped_programs, open_mapped
from tests.interpreter.processes import Tracees, installation

pytestmark = pytest.mark.live
NOT_MAPPED = (1, 2)  # no mapping begins there: /proc/PID/map_files has no such link


def contents(pid: int, mapped: MappedFile) -> Iterator[bytes]:
    return (stream.read() for stream in open_mapped(pid, mapped))


def test_programs_are_listed_with_where_they_begin() -> None:
    executable = str(Path(sys.executable).resolve())
    (found,) = [mapped for mapped in mapped_programs(os.getpid()) if mapped.path == executable]
    assert found.start < found.end
    assert next(contents(os.getpid(), found)) == Path(executable).read_bytes()


def test_without_map_files_the_path_leads_there(tmp_path: Path) -> None:
    """/proc/PID/map_files needs a capability that a user's own processes do without."""
    file = tmp_path / "library with a space.so"
    file.write_bytes(b"here")
    assert list(contents(os.getpid(), MappedFile(str(file), *NOT_MAPPED))) == [b"here"]


def test_the_executable_is_found_although_deleted(
    python: tuple[tuple[int, int], Path], tracees: Tracees, tmp_path: Path
) -> None:
    copy = tmp_path / python[1].name
    copy.write_bytes(python[1].read_bytes())
    copy.chmod(0o700)
    original = installation(python[1])
    libraries = ":".join(map(str, original.libraries))
    environ = {"PYTHONHOME": str(original.prefix), "LD_PRELOAD": libraries}
    tracee = tracees.start(copy, "handlers.py", environ=environ)
    copy.unlink()
    mapped = MappedFile(str(copy), *NOT_MAPPED)
    assert list(contents(tracee.pid, mapped)) == [python[1].read_bytes()]
    assert str(copy) in {program.path for program in mapped_programs(tracee.pid)}


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert list(contents(os.getpid(), MappedFile(str(fifo), *NOT_MAPPED))) == []
    assert list(contents(os.getpid(), MappedFile(str(tmp_path / "none"), *NOT_MAPPED))) == []
