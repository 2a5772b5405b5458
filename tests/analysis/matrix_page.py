"""The cells of docs/matrix.md, as they are printed there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eintr_trace.model.episodes import Outcome

_PAGE = Path(__file__).parents[2] / "docs" / "matrix.md"
_PARTED = re.compile(r", (?=(?:PyPy )?\d)")
_WORDS = {
    "restarted": Outcome.RESTARTED_BY_KERNEL,
    "resumed": Outcome.RESUMED_BY_INTERPRETER,
    "library": Outcome.RETRIED_BY_LIBRARY,
    "program": Outcome.RETRIED_BY_PROGRAM,
    "raised": Outcome.RAISED,
    "abandoned": Outcome.ABANDONED_BY_HANDLER,
    "early": Outcome.RETURNED_EARLY,
    "completed": Outcome.COMPLETED,
    "between calls": Outcome.NOT_BLOCKING,
    "died": Outcome.DIED,
    "unknown": Outcome.UNKNOWN,
}


@dataclass(frozen=True)
class MatrixCell:
    """One cell that CPython was run for; ``induced``: only because it was traced."""

    disposition: str
    scenario: str
    version: str
    outcomes: tuple[Outcome, ...]
    induced: bool


def matrix_cells() -> Iterator[MatrixCell]:
    """Give the cells of CPython that apply."""
    disposition, interpreters = "", [""]
    for line in _PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            disposition = line[3:]
        if not line.startswith("| "):
            continue
        scenario, *columns = [column.strip() for column in line.strip("| ").split(" | ")]
        if scenario == "call" and len(columns) > 1:
            interpreters = columns
        for interpreter, said in _by_interpreter(columns, interpreters):
            outcomes = tuple(_outcomes(said))
            if outcomes and not interpreter.startswith("PyPy"):
                induced = "†" in said
                yield MatrixCell(disposition, scenario, interpreter, outcomes, induced)


def _by_interpreter(columns: list[str], interpreters: list[str]) -> Iterator[tuple[str, str]]:
    if len(columns) == len(interpreters):
        yield from zip(interpreters, columns, strict=True)
        return
    for part in _PARTED.split(columns[0]):
        versions, colon, said = part.partition(": ")
        if not colon:
            yield from ((interpreter, versions) for interpreter in interpreters)
            continue
        first, _, last = versions.partition(" to ")
        begin, end = interpreters.index(first), interpreters.index(last or first)
        yield from ((interpreter, said) for interpreter in interpreters[begin : end + 1])


def _outcomes(said: str) -> Iterator[Outcome]:
    for word in re.split(r", | then ", said.replace("†", "")):
        if word.strip() in _WORDS:
            yield _WORDS[word.strip()]
