"""ELF files from elsewhere: whole, damaged, and no ELF files at all."""

from __future__ import annotations

import io
import os
import struct
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eintr_trace.native.elf_file import ElfFile, read_elf
from eintr_trace.native.elf_reader import ElfReader
from eintr_trace.native.errors import UnusableElfError
from eintr_trace.native.mapped_files import mapped_programs, size_of

SECTION_FIELDS = ("sh_addr", "sh_offset", "sh_size", "sh_link")
WANTED = ("environ", "_PyRuntime", "Py_GetVersion", "main")
E_SHOFF, E_SHNUM, E_MACHINE, E_PHNUM = 0x28, 0x3C, 0x12, 0x38
SECTION_BYTES, SH_TYPE, SH_SIZE, SHT_DYNSYM = 64, 4, 32, 11


def read(contents: bytes) -> ElfFile:
    return read_elf(io.BytesIO(contents), len(contents), WANTED)


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A small shared object of CPython's own: sections, .dynsym and all."""
    from importlib.machinery import EXTENSION_SUFFIXES

    directories = [Path(path) for path in sys.path if path.endswith("lib-dynload")]
    found = [file for path in directories for file in path.glob("*" + EXTENSION_SUFFIXES[0])]
    if not found:
        pytest.skip("this Python has no extension modules as files")
    return min(found, key=lambda file: file.stat().st_size).read_bytes()


def with_value(contents: bytes, at: int, form: str, value: int) -> bytes:
    changed = bytearray(contents)
    struct.pack_into(form, changed, at, value)
    return bytes(changed)


def test_sections_and_segments_are_those_that_pyelftools_finds() -> None:
    for program in mapped_programs(os.getpid()):
        with Path(program.path).open("rb") as stream:
            ours, theirs = ElfReader(stream, size_of(stream)), ELFFile(stream)
            assert [
                (each.name, each.address, each.offset, each.size_bytes, each.link, each.executable)
                for each in ours.sections
            ] == [
                (each.name, *(each[field] for field in SECTION_FIELDS), bool(each["sh_flags"] & 4))
                for each in theirs.iter_sections()
            ]
            assert [(each.address, each.offset, each.size_bytes) for each in ours.segments] == [
                (each["p_vaddr"], each["p_offset"], each["p_filesz"])
                for each in theirs.iter_segments()
            ]


def test_the_symbols_of_a_whole_file(whole: bytes) -> None:
    elf = read_elf(io.BytesIO(whole), len(whole), ["_init", "_fini", "no_such_symbol"])
    assert elf.header == whole[:64]
    assert ".text" in elf.section_addresses
    assert "no_such_symbol" not in elf.symbols


def test_a_name_that_is_the_tail_of_another() -> None:
    """Linkers share tails: `Head` may be stored inside `PyInterpreterState_Head`."""
    elf = read_elf_of(Path(sys.executable).resolve(), ["Py_GetVersion", "GetVersion"])
    assert "GetVersion" not in elf.symbols


def read_elf_of(path: Path, wanted: list[str]) -> ElfFile:
    with path.open("rb") as stream:
        return read_elf(stream, os.fstat(stream.fileno()).st_size, wanted)


@pytest.mark.parametrize(
    ("at", "form", "value"),
    [
        (E_MACHINE, "<H", 183),  # EM_AARCH64
        (E_SHNUM, "<H", 0xFEFF),
        (E_PHNUM, "<H", 0xFFFE),
        (E_SHOFF, "<Q", 1 << 62),
        (4, "<B", 1),  # ELFCLASS32
        (5, "<B", 2),  # big-endian
        (0, "<I", 0),
    ],
)
def test_a_header_that_lies(whole: bytes, at: int, form: str, value: int) -> None:
    with pytest.raises(UnusableElfError):
        read(with_value(whole, at, form, value))


def test_a_symbol_table_larger_than_the_file(whole: bytes) -> None:
    (table,) = struct.unpack_from("<Q", whole, E_SHOFF)
    (count,) = struct.unpack_from("<H", whole, E_SHNUM)
    starts = [table + index * SECTION_BYTES for index in range(count)]
    (dynsym,) = [
        at for at in starts if struct.unpack_from("<I", whole, at + SH_TYPE)[0] == SHT_DYNSYM
    ]
    with pytest.raises(UnusableElfError, match="outside"):
        read(with_value(whole, dynsym + SH_SIZE, "<Q", 24 << 50))


def test_a_number_of_sections_that_never_ends(whole: bytes) -> None:
    """e_shnum 0: the number is sh_size of the first section (gABI, chapter 4)."""
    (table,) = struct.unpack_from("<Q", whole, E_SHOFF)
    contents = with_value(whole, E_SHNUM, "<H", 0)
    with pytest.raises(UnusableElfError):
        read(with_value(contents, table + SH_SIZE, "<Q", 1 << 60))


@pytest.mark.parametrize("length", [0, 1, 16, 63, 64, 200, 4096])
def test_a_file_cut_short(whole: bytes, length: int) -> None:
    with pytest.raises(UnusableElfError):
        read(whole[:length])


@given(contents=st.binary(max_size=300))
def test_no_elf_file_at_all(contents: bytes) -> None:
    with pytest.raises(UnusableElfError):
        read(contents)


@settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_any_damage_gives_a_file_or_a_clear_error(whole: bytes, data: st.DataObject) -> None:
    (table,) = struct.unpack_from("<Q", whole, E_SHOFF)
    headers = list(range(64)) + list(range(table, len(whole)))
    changed = bytearray(whole)
    for at, value in data.draw(
        st.lists(st.tuples(st.sampled_from(headers), st.integers(0, 255)), max_size=8)
    ):
        changed[at] = value
    try:
        read(bytes(changed))
    except UnusableElfError as error:
        assert str(error)
