"""What a program file says of its code, held against binutils and gdb."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from eintr_trace.native.elf_reader import LinkedBytes
from eintr_trace.native.program_file import ProgramFile
from tests.native.c_programs import compiled, run, without_section_table

LIBRARY = """
static __attribute__((noinline)) int hidden(int x) { return x * 3; }
int visible(int x) { return hidden(x) + 1; }
"""


def read(contents: bytes) -> ProgramFile:
    return ProgramFile(io.BytesIO(contents), len(contents))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    return compiled(LIBRARY, folder / "libsmall.so", "-shared", "-fPIC", "-O1")


def section(file: Path, name: str) -> bytes:
    """A section's contents as objcopy finds them."""
    copy = file.with_name(name)
    run("objcopy", "-O", "binary", f"--only-section={name}", file, copy)
    return copy.read_bytes()


def test_the_unwind_tables_and_where_they_lie(library: Path) -> None:
    program = read(library.read_bytes())
    header, entries = program.eh_frame_hdr, program.eh_frame
    assert header is not None and entries is not None
    assert header.contents == section(library, ".eh_frame_hdr")
    assert entries.contents == section(library, ".eh_frame")
    assert f"{header.address:016x}" in run("readelf", "-SW", library)


def test_the_unwind_tables_of_a_file_without_a_section_table(library: Path) -> None:
    whole = read(library.read_bytes())
    bare = read(without_section_table(library.read_bytes()))
    assert bare.eh_frame_hdr == whole.eh_frame_hdr
    assert isinstance(bare.eh_frame, LinkedBytes) and isinstance(whole.eh_frame, LinkedBytes)
    assert bare.eh_frame.address == whole.eh_frame.address
    assert bare.eh_frame.contents.startswith(whole.eh_frame.contents)
