"""The executable mappings of a process, as the tracer tells of them, and what is read of them."""

from __future__ import annotations

from pathlib import Path

from eintr_trace.model.stack_events import CodeMapped, CodeMapping
from eintr_trace.native.code_map import CodeMap
from eintr_trace.native.code_unwind import ProcessUnwindTables
from eintr_trace.native.opened_programs import OpenedPrograms


def code_mapped(pid: int) -> CodeMapped:
    rows = [line.split(maxsplit=5) for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    mappings = []
    for span, permissions, offset, _, _, *path in rows:
        if "x" in permissions:
            start, end = (int(text, 16) for text in span.split("-"))
            mappings.append(CodeMapping(start, end, int(offset, 16), path[0] if path else ""))
    exe = str(Path(f"/proc/{pid}/exe").readlink())
    return CodeMapped(0, pid, 0, tuple(mappings), exe)


def unwind_tables_of(pid: int) -> ProcessUnwindTables:
    return ProcessUnwindTables(CodeMap(code_mapped(pid), OpenedPrograms()))
