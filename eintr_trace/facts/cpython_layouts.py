"""Where CPython keeps the fields that are read from outside: offsets by version.

The rows, each with its source, are in ``cpython_layouts.json``. A version without a row has
no layout: structures move between minor versions, so a neighbour's row is never used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TypedDict

FREE_THREADED_SUFFIX = "t"


@dataclass(frozen=True)
class Layout:
    """Offsets in bytes of the fields of one CPython version, x86_64.

    ``version`` is (major, minor); ``source`` is what the offsets were taken from;
    ``verified`` says whether they were compared with a running process.
    """

    version: tuple[int, int]
    free_threaded: bool
    source: str
    verified: bool
    structs: Mapping[str, Mapping[str, int]]

    def offset(self, struct: str, field: str) -> int:
        """The offset in bytes of ``struct.field``; KeyError: this version has no such field."""
        return self.structs[struct][field]

    def has(self, struct: str, field: str) -> bool:
        """Whether this version has ``struct.field`` (and the table knows it)."""
        return field in self.structs.get(struct, {})

    def with_offsets(self, offsets: Mapping[tuple[str, str], int], source: str) -> Layout:
        """The same layout with some fields replaced, as ``source`` gave them."""
        structs = {name: dict(fields) for name, fields in self.structs.items()}
        for (struct, field), offset in offsets.items():
            structs.setdefault(struct, {})[field] = offset
        return replace(self, structs=structs, source=source)


class _Row(TypedDict):
    source: str
    verified: bool
    structs: dict[str, dict[str, int]]


class _Table(TypedDict):
    rows: dict[str, _Row]
    debug_offsets: dict[str, dict[str, int]]


@cache
def _table() -> _Table:
    text = resources.files(__package__).joinpath("cpython_layouts.json").read_text("utf-8")
    table: _Table = json.loads(text)
    return table


def _version_of(key: str) -> tuple[int, int]:
    major, minor = key.removesuffix(FREE_THREADED_SUFFIX).split(".")
    return int(major), int(minor)


@cache
def layouts() -> tuple[Layout, ...]:
    """Every row of the table, oldest first."""
    return tuple(
        Layout(
            version=_version_of(key),
            free_threaded=key.endswith(FREE_THREADED_SUFFIX),
            source=row["source"],
            verified=row["verified"],
            structs=row["structs"],
        )
        for key, row in _table()["rows"].items()
    )


def layout_for(version: tuple[int, int], *, free_threaded: bool = False) -> Layout | None:
    """The row of a version (major, minor), or ``None`` where there is none."""
    for layout in layouts():
        if layout.version == version and layout.free_threaded == free_threaded:
            return layout
    return None


def debug_offset_positions(version: tuple[int, int]) -> Mapping[tuple[str, str], int] | None:
    """Where in ``_Py_DebugOffsets`` the offset of each (struct, field) is written.

    In bytes from the start of ``_PyRuntime``; ``None``: this version has none that is known.
    """
    positions = _table()["debug_offsets"].get(f"{version[0]}.{version[1]}")
    if positions is None:
        return None
    return {_split(name): position for name, position in positions.items()}


def _split(name: str) -> tuple[str, str]:
    struct, _, field = name.partition(".")
    return struct, field
