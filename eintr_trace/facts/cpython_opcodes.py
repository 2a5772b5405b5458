"""The bytecode instructions that the reader understands, by CPython version.

The rows, each with its source, are in ``cpython_opcodes.json``. Instructions that are not in
a row are unknown to the reader, which then gives no answer rather than a guess.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class InstructionSet:
    """Instructions of one version, (major, minor).

    ``names`` maps an opcode, or a specialised form of it, to the unspecialised name;
    ``cache_bytes`` gives the length of the inline cache that follows an instruction.
    Relative jumps lead forward, from the next instruction.
    """

    version: tuple[int, int]
    source: str
    names: Mapping[int, str]
    cache_bytes: Mapping[str, int]
    relative_jumps: frozenset[str]
    absolute_jumps: frozenset[str]


CODE_UNIT_BYTES = 2  # sizeof(_Py_CODEUNIT), Include/cpython/code.h (3.6+)


@cache
def instruction_set(version: tuple[int, int]) -> InstructionSet | None:
    """The instructions of a version, or ``None`` where they are not known."""
    text = resources.files(__package__).joinpath("cpython_opcodes.json").read_text("utf-8")
    row = json.loads(text)["rows"].get(f"{version[0]}.{version[1]}")
    if row is None:
        return None
    return InstructionSet(
        version=version,
        source=row["source"],
        names={number: name for name, numbers in row["numbers"].items() for number in numbers},
        cache_bytes={
            name: units * CODE_UNIT_BYTES for name, units in row["inline_cache_entries"].items()
        },
        relative_jumps=frozenset(row["relative_jumps"]),
        absolute_jumps=frozenset(row["absolute_jumps"]),
    )
