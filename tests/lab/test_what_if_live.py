"""What-if answers held against programs that are run now, with the interpreters of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eintr_trace.analysis.what_if.answer import (
    HandlerChoice,
    LimitChoice,
    Question,
    ThreadChoice,
    answer,
)
from eintr_trace.facts.pep475 import all_pep475_rows, parse_version
from eintr_trace.lab.dispositions import Disposition
from eintr_trace.lab.matrix.cells import CellResult
from eintr_trace.lab.matrix.run import MatrixOrder, run_matrix
from eintr_trace.lab.program_commands import program_environment
from eintr_trace.lab.scenarios import load_scenarios
from tests.lab.interpreters import cpython, newest

FUNCTIONS = {
    "socket.recv settimeout": ("socket.recv", LimitChoice.SETTIMEOUT),
    "time.sleep": ("time.sleep", None),
}
HANDLERS = {
    Disposition.SIGINTERRUPT_FALSE: (HandlerChoice.SA_RESTART, ThreadChoice.MAIN),
    Disposition.RAISING_HANDLER: (HandlerChoice.RAISES, ThreadChoice.MAIN),
    Disposition.WORKER_THREAD: (HandlerChoice.PLAIN, ThreadChoice.WORKER),
}
ROWS = {name: row for row in all_pep475_rows() for name in row.names}


@pytest.mark.live
@pytest.mark.parametrize("version", ["2.7", "newest"])
def test_answers_are_what_programs_say_now(version: str, tmp_path: Path) -> None:
    interpreter = newest() if version == "newest" else cpython(version)
    order = MatrixOrder(
        scenarios=tuple(one for one in load_scenarios() if one.name in FUNCTIONS),
        interpreters=(interpreter,),
        dispositions=tuple(HANDLERS),
        jobs=2,
    )
    results = [
        result
        for progress in run_matrix(order, program_environment(tmp_path))
        for result in progress.results
        if result.verdicts
    ]
    assert len(results) >= len(HANDLERS) * 2
    wrong = [difference for result in results for difference in _differences(result)]
    assert wrong == []


def _differences(result: CellResult) -> Iterator[str]:
    """Where the program's own account allows none of the outcomes that are said."""
    function, limit = FUNCTIONS[result.scenario]
    handler, thread = HANDLERS[result.disposition]
    version = parse_version(result.interpreter)
    asked = Question(None, ROWS[function], version, handler, limit, thread=thread)
    said = {outcome.value for cell in answer(asked) for outcome in cell.outcomes}
    for verdict in result.verdicts:
        if not said & set(verdict.allowed):
            yield f"{result}: said {said}, the program {verdict.allowed}"
