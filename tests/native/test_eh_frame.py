"""Unwind tables: whole ones held against pyelftools, damaged ones, and random bytes."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings
from hypothesis import strategies as st

from eintr_trace.model.c_stack import Registers, StackEnd
from eintr_trace.native.cfa_rules import (
    AtCfa,
    AtExpression,
    CfaExpression,
    CfaPlus,
    InRegister,
    RegisterPlus,
    RegisterRule,
    Rule,
    Undefined,
    ValueOfExpression,
)
from eintr_trace.native.dwarf_expressions import evaluate
from eintr_trace.native.dwarf_registers import RETURN_ADDRESS, RSP
from eintr_trace.native.eh_frame import EhFrame
from eintr_trace.native.elf_reader import LinkedBytes
from eintr_trace.native.errors import UnwindTableError
from eintr_trace.native.program_file import ProgramFile
from eintr_trace.native.unwind import MOST_FRAMES, unwind
from tests.native.c_programs import compiled

EVERY = 7  # of the entries, to be quick
ARGS_SIZE = 0x2E  # DW_CFA_GNU_args_size
PLT_ENTRY_BYTES = 16
CODE, STACK = 0x40_0000, 0x7FFF_0000

SOURCE = """
int other(int);
static int used(int x) { char text[x + 1]; text[x] = 1; return other(text[x]) + other(x); }
int first(int a, int b, int c, int d) { return other(a) * other(b) * other(c) * used(d); }
"""


def libraries() -> Iterator[Path]:
    """The C library of this process and the file that has CPython's code."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = Path(line.split()[-1])
        if path.name.startswith(("libc.so", "libc-", "libpython")):
            yield path
    yield Path(sys.executable).resolve()


def tables_of(contents: bytes) -> tuple[LinkedBytes, LinkedBytes]:
    program = ProgramFile(io.BytesIO(contents), len(contents))
    assert program.eh_frame is not None and program.eh_frame_hdr is not None
    return program.eh_frame, program.eh_frame_hdr


def rule_of_pyelftools(kind: str, argument: Any) -> RegisterRule:
    match kind:
        case "UNDEFINED":
            return Undefined()
        case "OFFSET":
            return AtCfa(argument)
        case "VAL_OFFSET":
            return CfaPlus(argument)
        case "REGISTER":
            return InRegister(argument)
        case "EXPRESSION":
            return AtExpression(bytes(argument))
        case "VAL_EXPRESSION":
            return ValueOfExpression(bytes(argument))
    raise AssertionError(kind)


def row_of_pyelftools(row: dict[Any, Any]) -> tuple[object, dict[int, RegisterRule]]:
    cfa = row["cfa"]
    rules = {
        number: rule_of_pyelftools(rule.type, rule.arg)
        for number, rule in row.items()
        if isinstance(number, int) and number <= RETURN_ADDRESS  # vector registers come after it
    }
    if cfa.expr is not None:
        return CfaExpression(bytes(cfa.expr)), rules
    return RegisterPlus(cfa.reg, cfa.offset), rules


def is_signal_frame(function: FDE) -> bool:
    assert function.cie is not None
    return b"S" in function.cie.header.augmentation


def all_of(rule: Rule) -> tuple[object, dict[int, RegisterRule]]:
    return rule.cfa, {**dict(rule.saved), RETURN_ADDRESS: rule.return_address}


@pytest.mark.parametrize("path", sorted(set(libraries())), ids=lambda path: path.name)
def test_every_row_is_what_pyelftools_decodes(path: Path) -> None:
    contents = path.read_bytes()
    tables = EhFrame(*tables_of(contents))
    unsearched = EhFrame(tables_of(contents)[0])
    entries = ELFFile(io.BytesIO(contents)).get_dwarf_info().EH_CFI_entries()
    functions = [entry for entry in entries if isinstance(entry, FDE)][::EVERY]
    assert functions
    for function in functions:
        # pyelftools 0.32 cannot format what it does not know; this says nothing of the rows.
        function.instructions = [
            instruction for instruction in function.instructions if instruction.opcode != ARGS_SIZE
        ]
        for row in function.get_decoded().table:
            rule = tables.rule_at(row["pc"])
            assert rule is not None and all_of(rule) == row_of_pyelftools(row)
            assert rule.is_signal_frame == is_signal_frame(function)
            assert unsearched.rule_at(row["pc"]) == rule


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("small")
    options = ("-shared", "-fPIC", "-O2", "-Wl,-z,lazy", "-fcf-protection=none")
    return compiled(SOURCE, folder / "libsmall.so", *options).read_bytes()


def test_outside_of_all_functions_there_is_no_rule(small: bytes) -> None:
    tables = EhFrame(*tables_of(small))
    assert tables.rule_at(0) is None
    assert tables.rule_at(1 << 40) is None


def test_the_instructions_of_a_plt_entry(small: bytes) -> None:
    """jmp *GOT; push; jmp: the push is 6 bytes in, what follows it 11 (System V ABI, 5.2)."""
    plt = ELFFile(io.BytesIO(small)).get_section_by_name(".plt")
    assert plt is not None
    tables = EhFrame(*tables_of(small))
    entry = int(plt["sh_addr"]) + PLT_ENTRY_BYTES
    for within, pushed in ((0, 8), (6, 8), (11, 16)):
        rule = tables.rule_at(entry + within)
        assert rule is not None and isinstance(rule.cfa, CfaExpression)
        assert evaluate(rule.cfa.code, At({RSP: STACK, RETURN_ADDRESS: entry + within})) == (
            STACK + pushed
        )


class At:
    """A frame with some registers, and no memory."""

    def __init__(self, registers: dict[int, int]) -> None:
        self.register = registers.__getitem__

    def word(self, address: int) -> int:
        return address ^ 0xFF


@pytest.mark.parametrize(
    "code",
    [
        b"",  # nothing
        b"\x22",  # plus, of nothing
        b"\x06",  # deref of nothing
        b"\x77",  # breg7 without its offset
        b"\x96" * 3,  # nop: not in unwind tables
        b"\x2f\xfd\xff",  # skip: a loop
        b"\x30" * 65,
        b"\x31\x24" * 200,
    ],
)
def test_expressions_that_make_no_sense(code: bytes) -> None:
    with pytest.raises(UnwindTableError):
        evaluate(code, At({RSP: STACK}))


class Tables:
    """Tables of one file at its linked addresses."""

    def __init__(self, tables: EhFrame) -> None:
        self._tables = tables

    def rule_at(self, address: int) -> Rule | StackEnd:
        return self._tables.rule_at(address) or StackEnd.NO_UNWIND_ENTRY


def changed(contents: LinkedBytes, changes: list[tuple[int, int]]) -> LinkedBytes:
    mutable = bytearray(contents.contents)
    for at, value in changes:
        mutable[at % len(mutable)] = value
    return replace(contents, contents=bytes(mutable))


CHANGES = st.lists(st.tuples(st.integers(0, 1 << 12), st.integers(0, 255)), max_size=6)


INSIDE = st.integers(0x1000, 0x1200)  # the code of so small a library
ON_THE_STACK = st.integers(STACK - 64, STACK + 512)
WORDS = st.lists(INSIDE | ON_THE_STACK, max_size=50)
VALUE = ON_THE_STACK | st.integers(0, (1 << 64) - 1)
REGISTERS = st.builds(
    Registers,
    rsp=st.just(STACK),
    rip=INSIDE,
    **{name: VALUE for name in ("rbx", "rbp", "r12", "r13", "r14", "r15")},
)


@settings(max_examples=300, deadline=2000)
@given(in_entries=CHANGES, in_header=CHANGES, registers=REGISTERS, words=WORDS, rest=st.binary())
def test_damaged_tables_and_random_stacks_always_end(
    small: bytes,
    in_entries: list[tuple[int, int]],
    in_header: list[tuple[int, int]],
    registers: Registers,
    words: list[int],
    rest: bytes,
) -> None:
    entries, header = tables_of(small)
    tables = Tables(EhFrame(changed(entries, in_entries), changed(header, in_header)))
    copy = struct.pack(f"<{len(words)}Q", *words) + rest
    stack = unwind(registers, copy, tables)
    assert 1 <= len(stack.frames) <= MOST_FRAMES
    assert stack.frames[0].address == registers.rip
    cfas = [frame.cfa for frame in stack.frames if frame.cfa is not None]
    if all(frame.is_return_address for frame in stack.frames[1:]):
        assert cfas == sorted(set(cfas))  # but for the stacks of signal handlers
    assert all(cfa % 8 == 0 for cfa in cfas)


@settings(max_examples=300, deadline=2000)
@given(entries=st.binary(max_size=200), header=st.binary(max_size=60), address=st.integers(0, 300))
def test_random_bytes_are_no_tables(entries: bytes, header: bytes, address: int) -> None:
    tables = EhFrame(LinkedBytes(0x100, entries), LinkedBytes(0x40, header))
    try:
        rule = tables.rule_at(address)
    except UnwindTableError as error:
        assert str(error)
    else:
        assert rule is None or isinstance(rule, Rule)
