"""A part of the matrix: an old, a middling and the newest interpreter, the main dispositions."""

from __future__ import annotations

import pytest

from eintr_trace.lab.dispositions import Disposition
from eintr_trace.lab.interpreters import FoundInterpreter, find_interpreters
from eintr_trace.lab.matrix.cells import CellResult, Status
from eintr_trace.lab.matrix.run import MatrixOrder, run_matrix
from eintr_trace.lab.program_commands import program_environment
from eintr_trace.lab.scenarios import load_scenarios
from eintr_trace.lab.thrift_library import thrift_folder

DISPOSITIONS = (
    Disposition.PLAIN,
    Disposition.SIGINTERRUPT_FALSE,
    Disposition.RAISING_HANDLER,
    Disposition.SIG_IGN,
    Disposition.STOP_CONTINUE,
    Disposition.SIGCONT,
    Disposition.C_HANDLER,
    Disposition.WORKER_THREAD,
    Disposition.TWO_AT_ONCE,
    Disposition.DURING_RETRY,
    Disposition.DEFAULT_FATAL,
)
NOT_TOLD_YET = {
    "ctypes read": set(DISPOSITIONS),  # not CPython's C code: the PEP 475 table has no row
    "time.sleep": {Disposition.WORKER_THREAD},  # on 2.7 its thread ends without another call
}
ON_A_BUSY_MACHINE = ("passed on unread", "no longer followed, so that the program makes progress")


def oldest_middle_newest() -> tuple[FoundInterpreter, ...]:
    """Of the CPythons here, one of each kind: fewer where there are fewer."""
    found = [one for one in find_interpreters() if one.implementation == "CPython"]
    return tuple(dict.fromkeys((found[0], found[len(found) // 2], found[-1])))


@pytest.mark.live
@pytest.mark.timeout(600)
def test_every_verdict_is_what_the_program_says() -> None:
    subset = tuple(scenario for scenario in load_scenarios() if scenario.subset)
    order = MatrixOrder(subset, oldest_middle_newest(), DISPOSITIONS, jobs=2)
    progress = run_matrix(order, program_environment(thrift_folder()))
    results = [result for batch in progress for result in batch.results]
    assert len(results) == len(subset) * len(order.interpreters) * len(DISPOSITIONS)
    wrong = [result for result in results if not is_right(result)]
    assert not wrong, "\n".join(
        f"{one.interpreter} {one.scenario} {one.disposition}: {one.status}: {'; '.join(one.notes)}"
        for one in wrong
    )
    assert sum(result.status is Status.AGREE for result in results) > len(results) * 2 // 3


def is_right(result: CellResult) -> bool:
    match result.status:
        case Status.AGREE | Status.NOT_APPLICABLE:
            return True
        case Status.UNKNOWN:
            busy = all(any(text in note for text in ON_A_BUSY_MACHINE) for note in result.notes)
            return busy or result.disposition in NOT_TOLD_YET.get(result.scenario, ())
        case Status.DISAGREE | Status.FAILED:
            return False
