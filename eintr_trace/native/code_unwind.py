"""The unwind tables of all the code that a process has mapped, each read from its own file."""

from __future__ import annotations

from eintr_trace.model.c_stack import StackEnd
from eintr_trace.native.cfa_rules import Rule
from eintr_trace.native.code_map import CodeMap
from eintr_trace.native.errors import UnusableElfError


class ProcessUnwindTables:
    """``UnwindTables`` of one process."""

    def __init__(self, code: CodeMap) -> None:
        self._code = code

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
            tables = module.program.unwind_tables
        except UnusableElfError:
            return StackEnd.FILE_UNUSABLE
        rule = None if tables is None else tables.rule_at(address - module.bias)
        return rule or StackEnd.NO_UNWIND_ENTRY
