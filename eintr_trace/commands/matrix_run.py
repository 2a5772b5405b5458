"""The matrix as the arguments ask for it: its progress, its sum, its page."""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import eintr_trace
from eintr_trace.commands.exits import ExitStatus, complain
from eintr_trace.commands.written_files import cannot_write, require_writable, write_text
from eintr_trace.errors import EintrTraceError, UsageError
from eintr_trace.lab.dispositions import Disposition
from eintr_trace.lab.interpreters import FoundIn, FoundInterpreter, find_interpreters
from eintr_trace.lab.matrix.cells import CellResult, Status
from eintr_trace.lab.matrix.document import MatrixPage, render
from eintr_trace.lab.matrix.raw_results import raw_results
from eintr_trace.lab.matrix.run import MatrixOrder, Progress, run_matrix
from eintr_trace.lab.program_commands import program_environment
from eintr_trace.lab.scenarios import SCENARIOS, Scenario, load_scenarios
from eintr_trace.lab.thrift_library import ensure_thrift, thrift_folder


def run_as_asked(arguments: argparse.Namespace) -> ExitStatus:
    """Run the matrix and write what was asked for. Raises EintrTraceError."""
    found = _interpreters(arguments.interpreters)
    for one in found:
        if one.problem is not None:
            complain(EintrTraceError(f"{one.name} does not start: {one.problem}"))
    startable = tuple(_distinct(one for one in found if one.problem is None))
    if not startable:
        raise EintrTraceError("there is no interpreter to run", "See eintr-trace doctor")
    order = MatrixOrder(
        scenarios=_scenarios(arguments.scenarios, arguments.subset),
        interpreters=startable,
        dispositions=tuple(arguments.dispositions or Disposition),
        jobs=arguments.jobs,
        keep=_folder(arguments.keep),
    )
    for name in (arguments.raw, arguments.output):
        if name is not None:
            require_writable(name)
    results = _run(order)
    print(_summed_up(results), flush=True)
    if arguments.raw is not None:
        write_text(arguments.raw, raw_results(results))
    if arguments.output is not None:
        write_text(arguments.output, render(_page(order, results, found)))
    wrong = any(result.status in {Status.DISAGREE, Status.FAILED} for result in results)
    return ExitStatus.FAILED if wrong else ExitStatus.DONE


def _interpreters(named: Sequence[str]) -> list[FoundInterpreter]:
    """Those to run, and those that do not start."""
    paths = [Path(shutil.which(name) or name) for name in named]
    found = find_interpreters(paths)
    return [one for one in found if one.found_in is FoundIn.NAMED] if named else found


def _distinct(found: Iterable[FoundInterpreter]) -> Iterator[FoundInterpreter]:
    """One of each version."""
    by_name: dict[str, FoundInterpreter] = {}
    for interpreter in found:
        by_name.setdefault(interpreter.name, interpreter)
    return iter(by_name.values())


def _scenarios(globs: Sequence[str], subset: bool) -> tuple[Scenario, ...]:
    chosen = tuple(
        scenario
        for scenario in load_scenarios()
        if (scenario.subset or not subset)
        and (not globs or any(fnmatchcase(scenario.name, glob) for glob in globs))
    )
    if not chosen:
        raise UsageError("no scenario has such a name", f"See {SCENARIOS}")
    return chosen


def _folder(name: str | None) -> Path | None:
    if name is None:
        return None
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(name, error) from error
    return folder


def _run(order: MatrixOrder) -> tuple[CellResult, ...]:
    """Run everything; give the results in the order of the page."""
    results: list[CellResult] = []
    if any("thrift" in scenario.modules for scenario in order.scenarios):
        ensure_thrift()
    try:
        for progress in run_matrix(order, program_environment(thrift_folder())):
            results.extend(progress.results)
            _tell(progress)
    except KeyboardInterrupt:
        so_far = _summed_up(results) or "nothing was done"
        complain(EintrTraceError(f"given up by Ctrl-C, no file is written; so far: {so_far}"))
        raise
    scenarios = [scenario.name for scenario in order.scenarios]
    interpreters = [interpreter.name for interpreter in order.interpreters]
    dispositions = list(order.dispositions)
    return tuple(
        sorted(
            results,
            key=lambda r: (
                scenarios.index(r.scenario),
                interpreters.index(r.interpreter),
                dispositions.index(r.disposition),
            ),
        )
    )


def _tell(progress: Progress) -> None:
    first = progress.results[0]
    place = f"[{progress.number:{len(str(progress.total))}}/{progress.total}]"
    summed = _summed_up(progress.results)
    print(f"{place} {first.interpreter}  {first.scenario}: {summed}", file=sys.stderr, flush=True)


def _summed_up(results: Iterable[CellResult]) -> str:
    counts = Counter(result.status for result in results)
    return ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])


def _page(
    order: MatrixOrder, results: tuple[CellResult, ...], found: Sequence[FoundInterpreter]
) -> MatrixPage:
    return MatrixPage(
        results=results,
        scenarios=tuple(scenario.name for scenario in order.scenarios),
        # Side by side what is judged in full.
        interpreters=tuple(
            one.name
            for one in sorted(order.interpreters, key=lambda one: one.implementation != "CPython")
        ),
        dispositions=order.dispositions,
        # Not the whole path: the page is for readers elsewhere.
        not_started=tuple(
            (f"{one.executable.name} ({one.found_in})", one.problem)
            for one in found
            if one.problem is not None
        ),
        # Beyond the version it names who built this kernel.
        kernel=platform.release().partition("-")[0],
        tool_version=eintr_trace.__version__,
    )
