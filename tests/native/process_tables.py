"""The unwind tables of all that a process has mapped, for tests of unwinding alone."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from eintr_trace.model.c_stack import StackEnd
from eintr_trace.native.cfa_rules import Rule
from eintr_trace.native.eh_frame import EhFrame
from eintr_trace.native.elf_reader import PT_LOAD, ElfReader, Segment
from eintr_trace.native.program_file import ProgramFile

_MAPPING = re.compile(r"(\w+)-(\w+) ..x. (\w+) \S+ \d+ *(.*)")


@dataclass(frozen=True)
class LinkedTables:
    """One file's tables and its segments."""

    tables: EhFrame
    segments: tuple[Segment, ...]

    def rule_at(self, file_offset: int) -> Rule | StackEnd:
        for segment in self.segments:
            within = file_offset - segment.offset
            if segment.kind == PT_LOAD and 0 <= within < segment.size_bytes:
                return self.tables.rule_at(segment.address + within) or StackEnd.NO_UNWIND_ENTRY
        return StackEnd.FILE_UNUSABLE


def tables_in(contents: bytes) -> LinkedTables:
    program = ProgramFile(io.BytesIO(contents), len(contents))
    assert program.eh_frame is not None
    segments = ElfReader(io.BytesIO(contents), len(contents)).segments
    return LinkedTables(EhFrame(program.eh_frame, program.eh_frame_hdr), segments)


@cache
def _tables_of(path: Path) -> LinkedTables:
    return tables_in(path.read_bytes())


class ProcessTables:
    """The mappings of a live process, read once; its files are opened when they are needed."""

    def __init__(self, pid: int) -> None:
        self._root = Path(f"/proc/{pid}/root")
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        found = [match for match in map(_MAPPING.match, lines) if match is not None]
        self._mappings = [
            (int(start, 16), int(end, 16), int(offset, 16), path)
            for start, end, offset, path in (match.groups() for match in found)
        ]
        self._vdso = self._contents_of_vdso(pid)

    def rule_at(self, address: int) -> Rule | StackEnd:
        for start, end, offset, path in self._mappings:
            if start <= address < end:
                tables = self._tables(path)
                if tables is None:
                    return StackEnd.NO_UNWIND_ENTRY
                return tables.rule_at(address - start + offset)
        return StackEnd.NOT_MAPPED

    def mapping_of(self, path: str) -> tuple[int, int]:
        """Where the code of a file begins, and what file offset that is."""
        return next((start, offset) for start, _, offset, file in self._mappings if file == path)

    def _tables(self, path: str) -> LinkedTables | None:
        if path == "[vdso]":
            return self._vdso
        return _tables_of(self._root / path[1:]) if path.startswith("/") else None

    def _contents_of_vdso(self, pid: int) -> LinkedTables:
        start, end = next((s, e) for s, e, _, path in self._mappings if path == "[vdso]")
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            memory.seek(start)
            return tables_in(memory.read(end - start))
