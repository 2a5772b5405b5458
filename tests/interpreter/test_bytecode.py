"""Bytecode and tables against what each interpreter itself makes of them."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eintr_trace.facts.cpython_opcodes import InstructionSet, instruction_set
from eintr_trace.interpreter.bytecode import instructions
from eintr_trace.interpreter.called_name import called_name_index
from eintr_trace.interpreter.except_lines import parse_exception_table
from eintr_trace.interpreter.line_tables import line_table_for
from tests.interpreter.conftest import WANTED
from tests.interpreter.processes import PROGRAMS

Python = tuple[tuple[int, int], Path]

CALLS_OF_RECV = """\
o.recv()
o.recv(1)
o.recv(a, b, glob)
o.handle.recv(o.two)
o.handle.handle.recv(a + b * 2, [a, b], (a, b), {"k": a, "j": [b]})
recv(1)
recv(a, x=1, y=o.two)
o.recv(a, x=1, y=b)
o.recv(*t)
o.recv(a, *t)
recv(*t, **{})
o.recv(-a, not b, a < b, a is b, t[0], t[1:], t[:1], t[:])
o.recv(len(t), str(a), o.recv(o.recv(b)))
o.recv("%s" % a, "a" in "abc")
Object().recv(Object().two)
recv(o.recv(1, k=2), recv(*t))
"""
NOT_SURE = """\
o.recv(a if b else glob)
o.recv(a and b)
(o.recv if a else recv)(1) + 0
(o.recv if a == 5 else o.handle.recv)(1, b) + 0
(o.recv or recv)(a)
(a == 5 and o.handle or recv)(a)
(lambda: 1)()
[recv][0](1)
"""


def run(python: Path, program: str, text: str = "") -> Any:
    completed = subprocess.run(
        [str(python), str(PROGRAMS / program)],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(completed.stdout)


def known_set(version: tuple[int, int]) -> InstructionSet:
    known = instruction_set(version)
    assert known is not None
    return known


def called_names(python: Python, calls: str) -> dict[str, str | None]:
    version, executable = python
    found = {}
    for shape in run(executable, "call_shapes.py", calls):
        index = called_name_index(bytes.fromhex(shape["code"]), shape["offset"], known_set(version))
        found[shape["call"]] = None if index is None else shape["names"][index]
    return found


def test_every_shape_of_call(python: Python) -> None:
    found = called_names(python, CALLS_OF_RECV)
    # 3.6 to 3.8 build the arguments of these with instructions that are in no other call.
    unpacked = {call for call in found if "*" in call.replace(" * ", "")}
    assert {call for call in found if found[call] != "recv"} <= (
        unpacked if (3,) < python[0] < (3, 9) else set()
    )
    assert set(found.values()) <= {"recv", None}


def test_a_guess_is_never_made(python: Python) -> None:
    # "+ 0": or the compiler makes a call for each branch, and then the answer is sure.
    assert set(called_names(python, NOT_SURE).values()) == {None}


def test_the_table_of_instructions(python: Python) -> None:
    version, executable = python
    known = known_set(version)
    own = run(executable, "opcode_numbers.py")
    names = {int(number): name for number, name in own["names"].items()}
    assert {number: names[number] for number in known.names} == dict(known.names)
    assert {name: units * 2 for name, units in own["caches"].items()} == dict(known.cache_bytes)
    # An instruction with a cache must be known, or everything after it is out of step.
    assert set(known.cache_bytes) <= set(known.names.values())


def test_lines_of_the_standard_library(python: Python) -> None:
    version, executable = python
    decode = line_table_for(version)
    tables = run(executable, "code_tables.py")
    assert len(tables) > 100
    for table in tables:
        data, expected = bytes.fromhex(table["table"]), dict(table["starts"])
        line: int | None = table["first"]
        for offset in range(0, table["size"], 1 if version < (3, 6) else 2):
            line = expected.get(offset, line)
            assert decode(data, table["first"], offset) == line


@given(table=st.binary(max_size=400), offset=st.integers(0, 1 << 20))
@pytest.mark.parametrize("version", WANTED)
def test_any_line_table_gives_a_line_or_none(
    version: tuple[int, int], table: bytes, offset: int
) -> None:
    line = line_table_for(version)(table, 10, offset)
    assert line is None or isinstance(line, int)


@given(code=st.binary(max_size=400), offset=st.integers(0, 400))
@pytest.mark.parametrize("version", WANTED)
def test_any_bytes_are_bytecode(version: tuple[int, int], code: bytes, offset: int) -> None:
    known = known_set(version)
    listing = list(instructions(code, known))
    assert len(listing) <= len(code)
    assert all(before.end == after.start for before, after in pairwise(listing))
    index = called_name_index(code, offset, known)
    assert index is None or index >= 0


@given(table=st.binary(max_size=400))
def test_any_bytes_are_an_exception_table(table: bytes) -> None:
    assert len(list(parse_exception_table(table))) <= len(table)
