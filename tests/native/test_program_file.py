"""What a program file says of its code, held against binutils."""

from __future__ import annotations

import io
import lzma
import os
import re
import shutil
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eintr_trace.native.debug_files import Place
from eintr_trace.native.elf_reader import ElfReader, Section
from eintr_trace.native.errors import UnusableElfError
from eintr_trace.native.program_file import ProgramFile
from tests.native.c_programs import code_addresses, compiled, run, without_section_table

LIBRARY = """
#include <stdlib.h>
static __attribute__((noinline)) int hidden(int x) { return x * 3 + rand(); }
int visible(int x) { return hidden(x) + 1; }
int _internal(int x) { return hidden(x) - 1; }
int __wait_here(int x) { return visible(x) * 2; }
extern __typeof(__wait_here) wait_here __attribute__((weak, alias("__wait_here")));
extern __typeof(__wait_here) __lib_wait_here __attribute__((alias("__wait_here")));
"""


# Calls of other files: one, one whose address is taken as well, and one of a function of its own
# of which the loader chooses among several.
CALLING = """
#include <stdlib.h>
extern int abs_of(int);
void *taken = abs_of;
static int always(int x) { return x; }
static void *choose(void) { return always; }
int chosen(int) __attribute__((ifunc("choose")));
int calls(int x) { return rand() + abs_of(x) + chosen(x); }
int (*address(void))(int) { return abs_of; }
"""


def read(contents: bytes) -> ProgramFile:
    return ProgramFile(io.BytesIO(contents), len(contents))


def read_in_place(file: Path, root: Path) -> ProgramFile:
    contents = file.read_bytes()
    return ProgramFile(io.BytesIO(contents), len(contents), Place(str(file), [root]))


def sections_of(contents: bytes) -> tuple[Section, ...]:
    return ElfReader(io.BytesIO(contents), len(contents)).sections


def name_at(program: ProgramFile, address: int) -> str | None:
    function = program.function_at(address)
    return None if function is None else function.name


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    return compiled(
        LIBRARY, folder / "libsmall.so", "-shared", "-fPIC", "-O1", "-Wl,-soname,libsmall.so.7"
    )


@pytest.fixture
def stripped(library: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(library, tmp_path / "libstripped.so"))


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
    assert bare.eh_frame is not None and whole.eh_frame is not None
    assert bare.eh_frame.address == whole.eh_frame.address
    assert bare.eh_frame.contents.startswith(whole.eh_frame.contents)


def test_what_it_says_of_itself(library: Path) -> None:
    program = read(library.read_bytes())
    assert program.build_id is not None
    assert f"Build ID: {program.build_id}" in run("readelf", "-n", library)
    assert program.soname == "libsmall.so.7"
    assert {"visible", "_internal", "wait_here"} <= program.exports
    assert program.exports.isdisjoint({"hidden", "rand"})


def test_every_byte_of_a_function_is_in_it_and_none_beyond(library: Path) -> None:
    program = read(library.read_bytes())
    for name, (start, size) in code_addresses(library).items():
        if name in ("hidden", "visible", "_internal"):
            assert {name_at(program, at) for at in range(start, start + size)} == {name}
            assert name_at(program, start + size) != name


def test_the_name_that_a_caller_would_write(library: Path) -> None:
    """Of several at one address: exported, with the fewest underscores in front."""
    start, _ = code_addresses(library)["__wait_here"]
    assert name_at(read(library.read_bytes()), start) == "wait_here"


@pytest.mark.parametrize(
    "options",
    [
        ["-Wl,-z,lazy"],
        ["-Wl,-z,now"],
        ["-fcf-protection=full", "-Wl,-z,ibtplt", "-Wl,-z,lazy"],
        ["-fcf-protection=full", "-Wl,-z,ibtplt", "-Wl,-z,now"],
        ["-fuse-ld=gold"],
    ],
    ids=" ".join,
)
def test_calls_of_other_files_go_through_named_entries(tmp_path: Path, options: list[str]) -> None:
    """However the linker was told to make them; of a stripped file, too."""
    calling = compiled(CALLING, tmp_path / "libcalls.so", "-shared", "-fPIC", *options)
    sections = [word for name in (".plt", ".plt.sec", ".plt.got") for word in ("-j", name)]
    listed = run("objdump", "-d", *sections, calling)
    run("strip", calling)
    program = read(calling.read_bytes())
    names = set()
    for address, label in re.findall(r"^(\w+) <(\S+@plt)>:", listed, re.MULTILINE):
        assert name_at(program, int(address, 16)) == label
        assert name_at(program, int(address, 16) + 4) == label
        names.add(label)
    assert {"rand@plt", "abs_of@plt", "chosen@plt"} <= names


def test_calls_of_its_own_functions_that_have_several_implementations(tmp_path: Path) -> None:
    """The relocation has no symbol, only the address of what chooses (R_X86_64_IRELATIVE)."""
    source = CALLING.replace("int chosen", "static int chosen")
    calling = compiled(source, tmp_path / "libcalls.so", "-shared", "-fPIC", "-Wl,-z,lazy")
    listed = run("objdump", "-d", "-j", ".plt", calling)
    entries = re.findall(r"^(\w+) <(\*ABS\*\S+@plt)>:", listed, re.MULTILINE)
    program = read(calling.read_bytes())
    assert [name_at(program, int(address, 16)) for address, _ in entries] == ["chosen@plt"]


def test_a_stripped_library_names_what_it_exports(library: Path, stripped: Path) -> None:
    run("strip", stripped)
    program, functions = read(stripped.read_bytes()), code_addresses(library)
    assert name_at(program, functions["visible"][0]) == "visible"
    assert name_at(program, functions["__wait_here"][0] + 1) == "wait_here"
    start, size = functions["hidden"]
    assert {name_at(program, at) for at in range(start, start + size)} == {None}
    assert program.eh_frame == read(library.read_bytes()).eh_frame


def test_without_a_section_table_it_still_names_what_it_exports(library: Path) -> None:
    program, functions = read(without_section_table(library.read_bytes())), code_addresses(library)
    assert name_at(program, functions["visible"][0]) == "visible"
    assert name_at(program, functions["hidden"][0]) is None
    assert program.soname == "libsmall.so.7"
    assert program.build_id == read(library.read_bytes()).build_id


def test_a_debug_file_by_its_build_id(library: Path, stripped: Path, tmp_path: Path) -> None:
    run("strip", stripped)
    hidden = code_addresses(library)["hidden"][0]
    assert name_at(read_in_place(stripped, tmp_path), hidden) is None
    identity = read(stripped.read_bytes()).build_id
    assert identity is not None
    debug = tmp_path / "usr/lib/debug/.build-id" / identity[:2] / f"{identity[2:]}.debug"
    debug.parent.mkdir(parents=True)
    run("objcopy", "--only-keep-debug", library, debug)
    assert name_at(read_in_place(stripped, tmp_path), hidden) == "hidden"


def test_a_debug_file_of_another_build_is_none(
    library: Path, stripped: Path, tmp_path: Path
) -> None:
    run("strip", stripped)
    identity = read(stripped.read_bytes()).build_id
    assert identity is not None
    debug = tmp_path / "usr/lib/debug/.build-id" / identity[:2] / f"{identity[2:]}.debug"
    debug.parent.mkdir(parents=True)
    compiled(LIBRARY.replace("* 3", "* 5"), debug, "-shared", "-fPIC", "-g")
    assert name_at(read_in_place(stripped, tmp_path), code_addresses(library)["hidden"][0]) is None


@pytest.mark.parametrize("folder", ["", ".debug", "usr/lib/debug"])
def test_a_debug_file_by_its_name_and_checksum(
    library: Path, stripped: Path, tmp_path: Path, folder: str
) -> None:
    root = tmp_path / "root"
    place = root / "opt/lib"
    if folder.startswith("usr"):
        debug = root / folder / "opt/lib/libstripped.debug"
    else:
        debug = place / folder / "libstripped.debug"
    debug.parent.mkdir(parents=True)
    run("objcopy", "--only-keep-debug", library, debug)
    run("strip", "--remove-section=.note.gnu.build-id", stripped)
    run("objcopy", f"--add-gnu-debuglink={debug}", stripped)
    contents, hidden = stripped.read_bytes(), code_addresses(library)["hidden"][0]
    at = Place("/opt/lib/libstripped.so", [tmp_path / "no such root", root])
    assert name_at(ProgramFile(io.BytesIO(contents), len(contents), at), hidden) == "hidden"
    debug.write_bytes(debug.read_bytes() + b"changed")
    assert name_at(ProgramFile(io.BytesIO(contents), len(contents), at), hidden) is None


def test_a_symbol_table_too_large_to_be_one_is_left_out(library: Path, tmp_path: Path) -> None:
    """A file with a hole, 256 MiB large: what it exports is still named."""
    contents = bytearray(library.read_bytes())
    sections = sections_of(library.read_bytes())
    tables = [index for index, each in enumerate(sections) if each.name == ".symtab"]
    headers = len(contents) - 64 * len(sections)
    struct.pack_into("<QQ", contents, headers + 64 * tables[0] + 24, len(contents), 256 << 20)
    huge = tmp_path / "huge.so"
    huge.write_bytes(contents)
    os.truncate(huge, len(contents) + (256 << 20))
    with huge.open("rb") as stream:
        program, functions = ProgramFile(stream, huge.stat().st_size), code_addresses(library)
        assert name_at(program, functions["visible"][0]) == "visible"
        assert name_at(program, functions["hidden"][0]) is None


def packed_symbols(library: Path, folder: Path) -> bytes:
    """As the GDB manual makes MiniDebugInfo: the function symbols that are not exported."""
    small = folder / "mini"
    keep = folder / "keep"
    keep.write_text("hidden\n")
    run("objcopy", "-S", "--remove-section=.comment", f"--keep-symbols={keep}", library, small)
    return lzma.compress(small.read_bytes())


def with_packed(stripped: Path, packed: bytes) -> bytes:
    run("strip", stripped)
    file = stripped.with_name("packed")
    file.write_bytes(packed)
    run("objcopy", f"--add-section=.gnu_debugdata={file}", stripped)
    return stripped.read_bytes()


def test_symbols_packed_inside_of_the_file(library: Path, stripped: Path, tmp_path: Path) -> None:
    program = read(with_packed(stripped, packed_symbols(library, tmp_path)))
    functions = code_addresses(library)
    assert name_at(program, functions["hidden"][0] + 1) == "hidden"
    assert name_at(program, functions["visible"][0] + 1) == "visible"


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"not xz",
        lzma.compress(b"not an ELF file"),
        lzma.compress(bytes(65 << 20)),
        lzma.compress(bytes(1000))[:-9],
    ],
)
def test_packed_symbols_that_are_none_name_nothing(
    library: Path, stripped: Path, packed: bytes
) -> None:
    program = read(with_packed(stripped, packed))
    functions = code_addresses(library)
    assert name_at(program, functions["hidden"][0]) is None
    assert name_at(program, functions["visible"][0]) == "visible"


def everything(contents: bytes, addresses: Iterable[int]) -> None:
    """All that may be asked about a file; only the unwind tables say that they are damaged."""
    program = read(contents)
    for attribute in ("eh_frame", "eh_frame_hdr", "base_address"):
        with suppress(UnusableElfError):
            getattr(program, attribute)
    assert program.soname is None or isinstance(program.soname, str)
    assert isinstance(program.build_id, str | None)
    assert isinstance(program.exports, frozenset)
    for address in addresses:
        program.function_at(address)
        program.has_code(address, 4096)
        with suppress(UnusableElfError):
            program.linked_address(address)


EXTREMES = (0, 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
PLACES = ("ELF header", "program headers", "sections", "symbols", "dynamic section", "anywhere")


def span(contents: bytes, place: str) -> tuple[int, int]:
    """Where in a file a table begins and ends."""
    elf = ElfReader(io.BytesIO(contents), len(contents))
    tables = {each.name: each for each in elf.sections}
    match place:
        case "ELF header":
            return 0, 64
        case "program headers":
            return 64, 64 + 56 * len(elf.segments)
        case "sections":
            return len(contents) - 64 * len(elf.sections), len(contents)
        case "symbols":
            table = tables.get(".symtab") or tables[".dynsym"]
        case "dynamic section":
            table = tables[".dynamic"]
        case _:
            return 0, len(contents)
    return table.offset, table.offset + table.size_bytes


@pytest.fixture(scope="module")
def whole_and_stripped(library: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("stripped")
    packed = Path(shutil.copy(library, folder / "packed.so"))
    with_packed(packed, packed_symbols(library, folder))
    return [library.read_bytes(), packed.read_bytes()]


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_damage_gives_names_or_none(
    whole_and_stripped: list[bytes], data: st.DataObject
) -> None:
    original = data.draw(st.sampled_from(whole_and_stripped))
    contents = bytearray(original)
    for _ in range(data.draw(st.integers(1, 6))):
        first, last = span(original, data.draw(st.sampled_from(PLACES)))
        form = data.draw(st.sampled_from("BHIQ"))
        bits = 8 * struct.calcsize(form)
        value = data.draw(st.sampled_from(EXTREMES) | st.integers(0, 2**bits - 1)) % 2**bits
        at = data.draw(st.integers(first, last - 8))
        struct.pack_into(form, contents, at - at % struct.calcsize(form), value)
    with suppress(UnusableElfError):
        everything(bytes(contents), [0, *range(0x1000, 0x1200, 5), 2**64 - 1])


@settings(max_examples=100, deadline=None)
@given(kept=st.floats(0, 1), has_sections=st.booleans())
def test_a_file_cut_short(library: Path, kept: float, has_sections: bool) -> None:
    contents = library.read_bytes()
    if not has_sections:
        contents = without_section_table(contents)
    with suppress(UnusableElfError):
        everything(contents[: int(kept * len(contents))], range(0x1000, 0x1200, 5))
