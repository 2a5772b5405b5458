"""Addresses of live processes, named; gdb says whether that is right."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from eintr_trace.model.stack_events import CodeMapped, CodeMapping
from eintr_trace.native.code_map import CodeMap, CodeName
from eintr_trace.native.opened_programs import OpenedPrograms
from tests.live.harness import Program, program
from tests.native.c_programs import code_addresses, compiled, run
from tests.native.maps import code_mapped

pytestmark = pytest.mark.live
LIBRARY = "int first(int x) { return x + 1; } int second(int x) { return first(x) * 2; }"
NORETURN = """
#include <stdlib.h>
__attribute__((noinline, noreturn)) static void end(void) { for (;;) abort(); }
__attribute__((noinline)) void last_call_never_returns(void) { end(); }
int behind(void) { return 7; }
"""


@dataclass(frozen=True)
class Running:
    """A process, its executable mappings, and the memory without a file that it told of."""

    process: Program
    mapped: CodeMapped
    memories: dict[str, int]

    def mapping(self, name: str) -> CodeMapping:
        return next(each for each in self.mapped.mappings if Path(each.path).name.startswith(name))

    def code_map(self) -> CodeMap:
        return CodeMap(self.mapped, OpenedPrograms())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mapped")


@pytest.fixture(scope="module")
def library(folder: Path) -> Path:
    return compiled(LIBRARY, folder / "libkept.so", "-shared", "-fPIC", "-O1", "-fno-inline")


@pytest.fixture(scope="module")
def running(library: Path, folder: Path) -> Iterator[Running]:
    deleted = folder / "libdeleted.so"
    shutil.copy(library, deleted)
    with program(Path(sys.executable), "mapped_code.py", str(library), str(deleted)) as process:
        yield Running(process, code_mapped(process.pid), json.loads(process.read_line()))


def said_by_gdb(pid: int, addresses: list[int]) -> list[tuple[str, int] | None]:
    """The symbol that gdb finds for each address, and how far it is from its beginning."""
    asked = [f"-ex=info symbol {address:#x}" for address in addresses]
    options = ["--nx", "--batch", "--readnever", "-iex=set debuginfod enabled off"]
    printed = run("gdb", *options, "-p", str(pid), *asked)
    lines = re.findall(r"^(?:(\S+)(?: \+ (\d+))? in section |No symbol matches)", printed, re.M)
    assert len(lines) == len(addresses), printed
    return [(name, int(offset or 0)) if name else None for name, offset in lines]


def symbol_addresses(file: str) -> dict[str, int]:
    """All symbols of a file as nm(1) lists them, without versions and compilers' marks."""
    identity = re.search(r"Build ID: (..)(\w+)", run("readelf", "-n", file))
    debug = (
        Path(f"/usr/lib/debug/.build-id/{identity[1]}/{identity[2]}.debug") if identity else None
    )
    listed = run("nm", file) + run("nm", "-D", file)
    if debug is not None and debug.exists():
        listed += run("nm", debug)
    rows = [line.split() for line in listed.splitlines()]
    return {re.split(r"[@.]", row[2])[0]: int(row[0], 16) for row in rows if len(row) == 3}


@pytest.mark.parametrize("file", ["libpython", "python", "libc.so", "_socket", "libkept"])
def test_gdb_names_every_address_alike(running: Running, file: str) -> None:
    try:
        mapping = running.mapping(file)
    except StopIteration:
        pytest.skip(f"no {file} in this interpreter's processes")
    choose = random.Random(file).randrange
    addresses = [choose(mapping.start, mapping.end) for _ in range(300)]
    symbols, code_map = symbol_addresses(mapping.path), running.code_map()
    named = 0
    for address, by_gdb in zip(addresses, said_by_gdb(running.process.pid, addresses), strict=True):
        function, offset, path = code_map.name(address, is_return_address=False)
        assert path == mapping.path
        if function is None or function.endswith("@plt"):
            assert by_gdb is None or function is not None
            continue
        named += 1
        assert by_gdb is not None and by_gdb[1] == offset
        other = re.split(r"[@.\[]", by_gdb[0])[0]
        assert function == other or symbols[function] == symbols[other]
    assert named > 10 or file == "python"


def test_the_file_as_the_process_calls_it_and_how_far_in_it(running: Running) -> None:
    """Where no symbol is: from the file's first byte, as backtrace_symbols(3) counts."""
    mapping = running.mapping("libkept")
    name = running.code_map().name(mapping.end - 1, is_return_address=False)
    first = min(
        int(line.split("-")[0], 16)
        for line in Path(f"/proc/{running.process.pid}/maps").read_text().splitlines()
        if line.endswith(mapping.path)
    )
    assert name == CodeName(None, mapping.end - 1 - first, mapping.path)


def in_library(running: Running, library: Path, name: str, function: str, at: int = 0) -> CodeName:
    mapping = running.mapping(name)
    address = code_addresses(library)[function][0] + mapping.start - mapping.file_offset
    return running.code_map().name(address + at, is_return_address=False)


def in_no_link(mapped: CodeMapped, mapping: CodeMapping) -> CodeMapped:
    """With an end that map_files has no link for, as for a user who may not follow them."""
    return replace(mapped, mappings=(replace(mapping, end=mapping.end - 1),))


@pytest.fixture
def map_files(running: Running) -> None:
    if not os.access(f"/proc/{running.process.pid}/map_files", os.X_OK):
        pytest.skip("/proc/PID/map_files is not for this user")


@pytest.mark.usefixtures("map_files")
def test_a_library_that_was_deleted_is_still_read(running: Running, library: Path) -> None:
    mapping = running.mapping("libdeleted")
    assert mapping.path.endswith(" (deleted)")
    path = mapping.path.removesuffix(" (deleted)")
    assert in_library(running, library, "libdeleted", "second", 3) == CodeName("second", 3, path)
    module = running.code_map().module_at(mapping.start)
    assert module is not None and module.deleted and module.problem is None


@pytest.mark.usefixtures("map_files")
def test_a_library_that_never_had_a_file(library: Path, folder: Path) -> None:
    copied = Path(shutil.copy(library, folder / "libcopied.so"))
    with program(Path(sys.executable), "mapped_code.py", str(copied)) as process:
        running = Running(process, code_mapped(process.pid), {})
        name = in_library(running, library, "memfd:library", "second", 3)
        assert name == CodeName("second", 3, "/memfd:library-in-memory")


def test_a_deleted_library_that_cannot_be_opened_has_no_names(running: Running) -> None:
    mapping = running.mapping("libdeleted")
    code_map = CodeMap(in_no_link(running.mapped, mapping), OpenedPrograms())
    path = mapping.path.removesuffix(" (deleted)")
    name = code_map.name(mapping.start + 9, is_return_address=False)
    assert name == CodeName(None, mapping.file_offset + 9, path)
    module = code_map.module_at(mapping.start)
    assert module is not None and module.deleted and module.program is None
    assert module.problem == "it was deleted"


def test_a_file_that_was_replaced_names_nothing(library: Path, folder: Path) -> None:
    """Another library of the same name: its symbols are not those of the process."""
    other = folder / "libother.so"
    shutil.copy(library, other)
    with program(Path(sys.executable), "mapped_code.py", str(other)) as process:
        mapped = code_mapped(process.pid)
        (mapping,) = [each for each in mapped.mappings if each.path == str(other)]
        other.rename(folder / "libmoved.so")
        compiled(LIBRARY.replace("second", "third"), other, "-shared", "-fPIC")
        code_map = CodeMap(in_no_link(mapped, mapping), OpenedPrograms())
        name = code_map.name(mapping.start + 8, is_return_address=False)
        assert name.function is None and name.file == str(other)
        module = code_map.module_at(mapping.start)
        assert module is not None and module.problem is not None and "replaced" in module.problem


def test_after_the_process_its_path_has_to_do(library: Path) -> None:
    """And only as long as the mapping fits to the file that is there."""
    with program(Path(sys.executable), "mapped_code.py", str(library)) as process:
        mapped = code_mapped(process.pid)
        before = CodeMap(mapped, OpenedPrograms())
        libc = next(each for each in mapped.mappings if "libc.so" in each.path)
        seen = before.module_at(libc.start)
    running = Running(process, mapped, {})
    assert in_library(running, library, "libkept", "first", 1).function == "first"
    mapping = running.mapping("libkept")
    longer = replace(mapping, end=mapping.end + (64 << 10))
    code_map = CodeMap(replace(mapped, mappings=(longer, libc)), OpenedPrograms(), before)
    assert code_map.name(mapping.start + 1, is_return_address=False).function is None
    assert code_map.module_at(libc.start) is seen


def test_memory_of_no_file_has_no_name(running: Running) -> None:
    code_map = running.code_map()
    for kind, address in running.memories.items():
        module = code_map.module_at(address)
        assert module is not None and module.file is None and module.problem is not None, kind
        assert code_map.name(address, is_return_address=False) == CodeName(None, None, None)
    assert code_map.module_at(8) is None
    assert code_map.name(8, is_return_address=True) == CodeName(None, None, None)


def test_the_vdso_is_that_of_our_own_process(running: Running) -> None:
    mapping = running.mapping("[vdso]")
    code_map = running.code_map()
    addresses = range(mapping.start, mapping.end, 16)
    names = {code_map.name(address, is_return_address=False).function for address in addresses}
    assert {"clock_gettime", "gettimeofday"} <= names
    module = code_map.module_at(mapping.start)
    assert module is not None and module.file == "[vdso]" and module.program is not None
    assert module.program.soname == "linux-vdso.so.1"
    assert module.program.eh_frame is not None


def test_a_call_that_never_returns_is_in_the_function_that_calls(folder: Path) -> None:
    """Its return address is the first byte of the next function."""
    library = compiled(NORETURN, folder / "libends.so", "-shared", "-fPIC", "-O2")
    start, size = code_addresses(library)["last_call_never_returns"]
    with program(Path(sys.executable), "mapped_code.py", str(library)) as process:
        mapped = code_mapped(process.pid)
        (mapping,) = [each for each in mapped.mappings if each.path == str(library)]
        code_map = CodeMap(mapped, OpenedPrograms())
        end = start + size + mapping.start - mapping.file_offset
        name = code_map.name(end, is_return_address=True)
        assert name == CodeName("last_call_never_returns", size, str(library))
        assert code_map.name(end, is_return_address=False).function != name.function


def test_two_processes_share_what_was_read(running: Running, library: Path) -> None:
    opened = OpenedPrograms()
    mapping = running.mapping("libkept")
    with program(Path(sys.executable), "mapped_code.py", str(library)) as process:
        other = next(
            each for each in code_mapped(process.pid).mappings if each.path == mapping.path
        )
        here = CodeMap(running.mapped, opened).module_at(mapping.start)
        there = CodeMap(code_mapped(process.pid), opened).module_at(other.start)
    assert here is not None and there is not None
    assert here.program is not None and here.program is there.program
