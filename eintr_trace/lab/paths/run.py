"""One interrupted call of a scenario, single-stepped from EINTR to the decision."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
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
_MOST_TRIES = 5
# Not for the call's own reasons: on a busy machine a walk takes too long, or is not begun because
# the tracer has held the thread for long already.
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
    with tempfile.TemporaryDirectory(prefix="eintr-trace-paths.") as name:
        folder = Path(name) / "program"
        folder.mkdir()
        recording = Path(name) / "recording.jsonl"
        started = scenario_program(interpreter.executable, scenario, _PLAN, folder, environ)
        with started as program:
            if not program.wait_ready(Deadline(CELL_LIMIT_S)):
                raise EintrTraceError(f"{what} ended before its call: {program.child.output}")
            with recording_all([program.child.pid], recording, ("-q", "--step")):
                cell = Cell(program, scenario, _PLAN, lambda: 0, CELL_LIMIT_S)
                cell.begin()
                run = cell.end()
        if run.problem is not None:
            raise EintrTraceError(f"{what}: {run.problem}")
        return _seen(scenario, interpreter, recording)


def _seen(scenario: Scenario, interpreter: FoundInterpreter, recording: Path) -> SeenPath:
    took_ns = None
    with recording.open("rb") as stream:
        trace = read_recording(stream, str(recording))
        judge = Judge(trace.header)
        for event in trace.events:
            if isinstance(event, PathSeen):
                took_ns = event.took_ns
            for _ in judge.feed(event):
                pass  # only the last word is shown
    for episode in judge.finish().episodes:
        if episode.signal is not None and episode.signal.signo == _PLAN.signals[0]:
            return SeenPath(scenario.name, interpreter, episode, took_ns)
    raise EintrTraceError(f"{scenario.name} under {interpreter.name}: no interruption was seen")
