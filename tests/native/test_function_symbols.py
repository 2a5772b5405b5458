"""Which function an address is in: symbols without a size, inside of others, with marks."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from eintr_trace.native.function_symbols import Function
from eintr_trace.native.program_file import ProgramFile
from tests.native.c_programs import compiled, run

# Each function has 16 bytes unless its size says otherwise.
ASSEMBLED = """
    .text
    .macro function name, binding, size=16, filled=16
    .type \\name, @function
    \\binding \\name
    \\name: .skip \\filled, 0x90
    .if \\size
    .size \\name, \\size
    .endif
    .endm
first:
    .skip 16, 0x90
    function outer, .globl, 48, 16
    function inner, .globl
    .skip 8, 0x90
label_in_outer:
    .skip 8, 0x90
    function short, .globl, 8
    function unsized, .globl, 0, 32
    function named.part.0, .local
    function named.cold, .local
    function named.isra.0.constprop.12, .local
    function dotted.default.1, .local
    .annobin_mark:
    function marked, .local
    function __wait, .globl
    .weak wait_here, wait_hereabouts
    .set wait_here, __wait
    .set wait_hereabouts, __wait
    .set wt, __wait
    .type wt, @function
    .size wt, 16
    .set label_at_wait, __wait
    function versioned_2, .globl
    .symver versioned_2, versioned@@V2, remove
    function unsized_last, .globl, 0, 16
    .section .text.other, "ax"
    function other, .globl
"""
VERSIONS = "V2 { global: *; };"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assembled")
    versions = folder / "versions"
    versions.write_text(VERSIONS)
    script = f"-Wl,--version-script={versions}"
    options = ("-shared", "-nostdlib", script, "-x", "assembler")
    return compiled(ASSEMBLED, folder / "lib.so", *options)


@pytest.fixture(scope="module")
def program(library: Path) -> ProgramFile:
    contents = library.read_bytes()
    return ProgramFile(io.BytesIO(contents), len(contents))


@pytest.fixture(scope="module")
def text(library: Path) -> int:
    """Where the section begins, which is where the source does."""
    rows = [line.split() for line in run("nm", library).splitlines()]
    return next(int(row[0], 16) for row in rows if row[-1] == "first")


@pytest.mark.parametrize(
    ("at", "symbol", "start"),
    [
        (0, "first", 0),
        (15, "first", 0),
        (16, "outer", 16),
        (32, "inner", 32),
        (47, "inner", 32),
        (48, "outer", 16),
        (56, "outer", 16),  # not the label
        (63, "outer", 16),
        (71, "short", 64),
        (72, None, 0),  # padding
        (80, "unsized", 80),
        (111, "unsized", 80),
        (112, "named.part.0", 112),
        (128, "named.cold", 128),
        (144, "named.isra.0.constprop.12", 144),
        (160, "dotted.default.1", 160),
        (176, "marked", 176),
        (192, "wait_here", 192),
        (208, "versioned", 208),
        (224, "unsized_last", 224),
        (239, "unsized_last", 224),
        (240, "other", 240),
        (256, None, 0),
    ],
)
def test_the_symbol_that_covers(
    program: ProgramFile, text: int, at: int, symbol: str | None, start: int
) -> None:
    function = program.function_at(text + at)
    if symbol is None:
        assert function is None
    else:
        assert function is not None
        assert (function.symbol, function.start) == (symbol, text + start)


@pytest.mark.parametrize(
    ("at", "name", "symbol"),
    [
        (112, "named", "named.part.0"),
        (128, "named", "named.cold"),
        (144, "named", "named.isra.0.constprop.12"),
        (160, "dotted.default.1", "dotted.default.1"),
    ],
)
def test_what_a_compiler_split_off_has_the_name_of_its_source(
    program: ProgramFile, text: int, at: int, name: str, symbol: str
) -> None:
    assert program.function_at(text + at) == Function(name, symbol, text + at)
