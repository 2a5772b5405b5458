"""A batch: one scenario under one interpreter with all dispositions, and one tracer for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.dispositions import PLANS, Disposition
from eintr_trace.lab.interpreters import FoundInterpreter
from eintr_trace.lab.matrix.acts import CELL_LIMIT_S, MOST_OUTPUT, Cell
from eintr_trace.lab.matrix.cells import CellResult, CellRun, Status
from eintr_trace.lab.matrix.compare import CellEvidence, compare
from eintr_trace.lab.matrix.evidence import evidence_of
from eintr_trace.lab.matrix.leftovers import Leftover
from eintr_trace.lab.matrix.program import ScenarioProgram, scenario_program
from eintr_trace.lab.matrix.recording_tail import RecordingTail
from eintr_trace.lab.processes import Deadline
from eintr_trace.lab.scenarios import Scenario
from eintr_trace.lab.tracer import recording_all


@dataclass(frozen=True)
class Batch:
    """What to run. ``environ`` is the programs' environment, ``limit_s`` as CELL_LIMIT_S."""

    scenario: Scenario
    interpreter: FoundInterpreter
    dispositions: tuple[Disposition, ...]
    environ: Mapping[str, str]
    limit_s: float = CELL_LIMIT_S

    def result(
        self, disposition: Disposition, status: Status, *notes: str, run: CellRun | None = None
    ) -> CellResult:
        """The result of a cell without verdicts."""
        return CellResult(
            self.scenario.name,
            self.interpreter.name,
            disposition,
            status,
            notes,
            run=run or CellRun(),
        )


@dataclass
class _Started:
    """A program, and what ends it."""

    program: ScenarioProgram
    ending: ExitStack
    run: CellRun | None = field(default=None)


def run_batch(batch: Batch, folder: Path) -> list[CellResult]:
    """Run all cells of a batch; its files, the recording too, are left in ``folder``.

    Every cell that does not go well is reported as failed; so are all, if the tracer fails.
    """
    runs: dict[Disposition, CellRun] = {}
    recording = recording_in(folder)
    try:
        with ExitStack() as stack:
            started = {
                disposition: stack.enter_context(_starting(batch, disposition, folder))
                for disposition in batch.dispositions
            }
            runs = {
                disposition: one.run
                for disposition, one in started.items()
                if not _is_ready(one, batch.limit_s) and one.run is not None
            }
            ready = {d: one for d, one in started.items() if d not in runs}
            if ready:
                pids = [one.program.child.pid for one in ready.values()]
                with recording_all(pids, recording, ("-q",)):
                    tail = RecordingTail(recording)
                    cells = {d: _cell(batch, d, one, tail) for d, one in ready.items()}
                    for cell in cells.values():
                        cell.begin()
                    for disposition, cell in cells.items():
                        runs[disposition] = cell.end()
                        ready[disposition].ending.close()
        evidence = evidence_of(recording) if ready else {}
    except EintrTraceError as error:
        return [
            batch.result(d, Status.FAILED, error.message, run=runs.get(d))
            for d in batch.dispositions
        ]
    nothing = CellEvidence(())
    return [_judged(batch, d, run, evidence.get(run.pid or 0, nothing)) for d, run in runs.items()]


def recording_in(folder: Path) -> Path:
    """Where a batch that ran in ``folder`` has left its recording."""
    return folder / "recording.jsonl"


def with_leftovers(results: list[CellResult], leftovers: list[Leftover]) -> list[CellResult]:
    """The results, with the cells as failed whose programs have left processes behind.

    What cannot be told from whose program it is, is held against them all.
    """
    pids = {result.run.pid for result in results}

    def of(result: CellResult) -> list[str]:
        return [
            f"left a process behind, which was killed: {left.command} ({left.pid})"
            for left in leftovers
            if left.session_id == result.run.pid or left.session_id not in pids
        ]

    return [
        replace(result, status=Status.FAILED, notes=(*result.notes, *notes))
        if result.status is not Status.NOT_APPLICABLE and (notes := of(result))
        else result
        for result in results
    ]


@contextmanager
def _starting(batch: Batch, disposition: Disposition, folder: Path) -> Iterator[_Started]:
    own = folder / disposition
    own.mkdir()
    with ExitStack() as ending:
        program = scenario_program(
            batch.interpreter.executable, batch.scenario, PLANS[disposition], own, batch.environ
        )
        yield _Started(ending.enter_context(program), ending)


def _is_ready(started: _Started, limit_s: float) -> bool:
    """Wait until a program is ready; one that will not be is ended, with a problem."""
    child = started.program.child
    deadline = Deadline(limit_s)
    try:
        if started.program.wait_ready(deadline):
            return True
        problem = f"ended before its call, with exit status {child.wait_alone(deadline)}"
    except EintrTraceError as error:
        problem = error.message
    started.ending.close()
    started.run = CellRun(pid=child.pid, problem=problem, output=child.output[-MOST_OUTPUT:])
    return False


def _cell(batch: Batch, disposition: Disposition, started: _Started, tail: RecordingTail) -> Cell:
    plan = PLANS[disposition]
    pid = started.program.child.pid

    def count_ticks() -> int:
        return tail.deliveries(pid, plan.signals[0])

    return Cell(started.program, batch.scenario, plan, count_ticks, batch.limit_s)


def _judged(
    batch: Batch, disposition: Disposition, run: CellRun, evidence: CellEvidence
) -> CellResult:
    if run.problem is not None:
        return batch.result(disposition, Status.FAILED, run.problem, run=run)
    readable = batch.interpreter.implementation == "CPython"
    compared = compare(batch.scenario, disposition, run, replace(evidence, readable=readable))
    return CellResult(
        batch.scenario.name,
        batch.interpreter.name,
        disposition,
        compared.status,
        compared.notes,
        compared.verdicts,
        run,
    )
