"""Commands that show a system call, or a function of Python, interrupted: ``examples.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from eintr_trace.facts.glossary.entry import toml_rows

_PROGRAM = """\
eintr-trace -- python3 -c '
import {modules}
{setup}signal.signal(signal.SIGALRM, lambda *_: {act})
signal.setitimer(signal.ITIMER_REAL, 0.3)
{call}'"""


@dataclass(frozen=True)
class Example:
    """A command for a shell, and what to look for in its output, if that is anything special.

    ``of`` are the system calls and rows of the PEP 475 table that it is for.
    """

    of: tuple[str, ...]
    command: str
    shows: str | None
    is_live: bool

    @property
    def meets(self) -> str:
        """The call (or row) that the command is made for."""
        return self.of[0]


@cache
def examples() -> dict[str, Example]:
    """Give the example of each system call and row that has one."""
    found = [_example(row) for row in toml_rows("examples.toml", "example")]
    return {name: one for one in found for name in one.of}


def _example(row: dict[str, Any]) -> Example:
    shell = row.get("shell")
    return Example(
        of=tuple(row["of"]),
        command=_program(row) if shell is None else shell.strip("\n"),
        shows=row.get("shows"),
        is_live=shell is None,
    )


def _program(row: dict[str, Any]) -> str:
    setup = row.get("setup", "").strip("\n")
    return _PROGRAM.format(
        modules=", ".join(sorted(["signal", *row.get("modules", [])])),
        setup=f"{setup}\n" if setup else "",
        # In a shell's single quotes there can be none.
        act=row.get("act", "None").replace("'", '"'),
        call=row["call"].strip("\n"),
    )
