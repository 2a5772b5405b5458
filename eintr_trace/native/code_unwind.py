"""The unwind tables of all the code that a process has mapped, each read from its own file."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from eintr_trace.model.c_stack import StackEnd
from eintr_trace.native.cfa_rules import Rule
from eintr_trace.native.code_map import CodeMap
from eintr_trace.native.eh_frame import EhFrame
from eintr_trace.native.elf_reader import LinkedBytes
from eintr_trace.native.errors import UnusableElfError
from eintr_trace.native.program_file import ProgramFile


class UnwindTablesRead:
    """The tables of the program files needed so far, whichever processes they are mapped in."""

    def __init__(self) -> None:
        self._tables: WeakKeyDictionary[ProgramFile, EhFrame] = WeakKeyDictionary()

    def of(self, program: ProgramFile) -> EhFrame:
        """The table of a file, empty if it has none; raises UnusableElfError."""
        tables = self._tables.get(program)
        if tables is None:
            tables = self._tables[program] = _read(program)
        return tables


class ProcessUnwindTables:
    """``UnwindTables`` of one process."""

    def __init__(self, code: CodeMap, read: UnwindTablesRead) -> None:
        self._code = code
        self._read = read

    def rule_at(self, address: int) -> Rule | StackEnd:
        """The rule for the instruction at an address, or why there is none.

        Raises UnwindTableError where the table makes no sense.
        """
        module = self._code.module_at(address)
        if module is None:
            return StackEnd.NOT_MAPPED
        if module.program is None:
            return StackEnd.NO_UNWIND_ENTRY if module.file is None else StackEnd.FILE_UNUSABLE
        try:
            tables = self._read.of(module.program)
        except UnusableElfError:
            return StackEnd.FILE_UNUSABLE
        return tables.rule_at(address - module.bias) or StackEnd.NO_UNWIND_ENTRY


def _read(program: ProgramFile) -> EhFrame:
    return EhFrame(program.eh_frame or LinkedBytes(0, b""), program.eh_frame_hdr)
