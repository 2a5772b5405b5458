"""One interrupted call of a scenario, single-stepped from EINTR to the decision."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from eintr_trace.analysis.judge import Judge
from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.dispositions import PLANS, Disposition
from eintr_trace.lab.interpreters import FoundInterpreter
from eintr_trace.lab.matrix.acts import CELL_LIMIT_S, Cell
from eintr_trace.lab.matrix.program import scenario_program
from eintr_trace.lab.processes import Deadline
from eintr_trace.lab.scenarios import Scenario
from eintr_trace.lab.tracer import recording_all
from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.episodes import Episode
from eintr_trace.model.stack_events import PathSeen
from eintr_trace.sources.recording.reader import read_recording

_PLAN = PLANS[Disposition.PLAIN]
# Of the same program, one after the other under one tracer: what a new tracer does for the first
# time takes long, and then it begins no walk, or has no time to end it.
_COPIES = 4
_NOT_WALKED = frozenset({None, PathEnd.TOO_LONG})


@dataclass(frozen=True)
class SeenPath:
    """What was seen of one interrupted call; ``took_ns`` is how long single-stepping took."""

    scenario: str
    interpreter: FoundInterpreter
    episode: Episode
    took_ns: int | None


def run_paths(
    scenarios: Sequence[Scenario],
    interpreters: Sequence[FoundInterpreter],
    environ: Mapping[str, str],
) -> Iterator[SeenPath]:
    """Run each call under each interpreter that has it; ``environ`` is the programs'.

    Raises EintrTraceError.
    """
    for scenario in scenarios:
        for interpreter in interpreters:
            if interpreter.version is None or interpreter.implementation is None:
                continue
            if scenario.not_for(interpreter.version, interpreter.implementation) is None:
                yield _run(scenario, interpreter, environ)


def _run(scenario: Scenario, interpreter: FoundInterpreter, environ: Mapping[str, str]) -> SeenPath:
    what = f"{scenario.name} under {interpreter.name}"
    with tempfile.TemporaryDirectory(prefix="eintr-trace-paths.") as name, ExitStack() as stack:
        programs = []
        for copy in range(_COPIES):
            folder = Path(name) / str(copy)
            folder.mkdir()
            program = stack.enter_context(
                scenario_program(interpreter.executable, scenario, _PLAN, folder, environ)
            )
            if not program.wait_ready(Deadline(CELL_LIMIT_S)):
                raise EintrTraceError(f"{what} ended before its call: {program.child.output}")
            programs.append(program)
        recording = Path(name) / "recording.jsonl"
        pids = [program.child.pid for program in programs]
        with recording_all(pids, recording, ("-q", "--step")):
            for program in programs:
                cell = Cell(program, scenario, _PLAN, lambda: 0, CELL_LIMIT_S)
                cell.begin()
                problem = cell.end().problem
                if problem is not None:
                    raise EintrTraceError(f"{what}: {problem}")
        return _best(scenario, interpreter, recording)


def _best(scenario: Scenario, interpreter: FoundInterpreter, recording: Path) -> SeenPath:
    """The first of the copies whose path was walked to its end, else the first of all."""
    took_ns: dict[int, int] = {}
    with recording.open("rb") as stream:
        trace = read_recording(stream, str(recording))
        judge = Judge(trace.header)
        for event in trace.events:
            if isinstance(event, PathSeen):
                took_ns[event.tid] = event.took_ns
            for _ in judge.feed(event):
                pass  # only the last word is shown
    signo = _PLAN.signals[0]
    met = [one for one in judge.finish().episodes if one.signal and one.signal.signo == signo]
    if not met:
        raise EintrTraceError(f"{scenario.name} under {interpreter.name}: nothing was interrupted")
    walked = [one for one in met if (one.c_path and one.c_path.end) not in _NOT_WALKED]
    best = [*walked, *met][0]
    return SeenPath(scenario.name, interpreter, best, took_ns.get(best.tid))
