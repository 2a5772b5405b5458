"""The whole matrix: its batches, several at a time, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from eintr_trace.lab.dispositions import PLANS, Disposition, Handler
from eintr_trace.lab.interpreters import FoundInterpreter
from eintr_trace.lab.matrix.acts import CELL_LIMIT_S
from eintr_trace.lab.matrix.batch import Batch, recording_in, run_batch, with_leftovers
from eintr_trace.lab.matrix.cells import CellResult, Status
from eintr_trace.lab.matrix.leftovers import adopt_orphans, end_leftovers
from eintr_trace.lab.matrix.modules import missing_modules
from eintr_trace.lab.processes import ended_with
from eintr_trace.lab.scenarios import Scenario

_C_HANDLERS = frozenset({Handler.C, Handler.C_SA_RESTART})


@dataclass(frozen=True)
class MatrixOrder:
    """What to run. Recordings of cells that do not agree are kept in ``keep``, if given.

    ``jobs`` batches at a time; ``limit_s`` as CELL_LIMIT_S.
    """

    scenarios: tuple[Scenario, ...]
    interpreters: tuple[FoundInterpreter, ...]
    dispositions: tuple[Disposition, ...]
    jobs: int
    keep: Path | None = None
    limit_s: float = CELL_LIMIT_S


@dataclass(frozen=True)
class Progress:
    """The results of one scenario under one interpreter, the ``number``th of ``total``."""

    number: int
    total: int
    results: tuple[CellResult, ...]


def run_matrix(order: MatrixOrder, environ: Mapping[str, str]) -> Iterator[Progress]:
    """Run every batch; give the results as they come.

    ``environ`` is that of the programs. Nothing of a batch is left when its results come;
    when the iteration is given up, batches that have begun are finished first.
    """
    batches = list(_batches(order, environ))
    runner = ProcessPoolExecutor(
        max_workers=order.jobs,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_become_runner,
        initargs=(os.getpid(),),
    )
    with runner:
        futures: dict[Future[list[CellResult]], list[CellResult]] = {
            runner.submit(_run, batch, order.keep): not_run for batch, not_run in batches
        }
        try:
            for number, future in enumerate(as_completed(futures), 1):
                results = (*future.result(), *futures[future])
                yield Progress(number, len(batches), results)
        finally:
            runner.shutdown(wait=True, cancel_futures=True)


def _batches(
    order: MatrixOrder, environ: Mapping[str, str]
) -> Iterator[tuple[Batch, list[CellResult]]]:
    """Each batch, and the results of the cells beside it that do not apply."""
    modules = {"ctypes", *(name for scenario in order.scenarios for name in scenario.modules)}
    # A batch goes to another process, which a read-only mapping cannot (pickle).
    scenarios = [
        replace(s, not_with=dict(s.not_with), not_on=dict(s.not_on)) for s in order.scenarios
    ]
    for interpreter in order.interpreters:
        missing = missing_modules(interpreter, modules, environ)
        for scenario in scenarios:
            whole = Batch(scenario, interpreter, order.dispositions, environ, order.limit_s)
            reasons = {d: _why_not(whole, d, missing) for d in order.dispositions}
            applicable = tuple(d for d, reason in reasons.items() if reason is None)
            yield (
                replace(whole, dispositions=applicable),
                [
                    whole.result(d, Status.NOT_APPLICABLE, reason)
                    for d, reason in reasons.items()
                    if reason is not None
                ],
            )


def _why_not(batch: Batch, disposition: Disposition, missing: Mapping[str, str]) -> str | None:
    """Why a cell makes no sense, or cannot be had."""
    scenario = batch.scenario
    needed: Sequence[str] = scenario.modules
    if PLANS[disposition].handler in _C_HANDLERS:
        needed = (*needed, "ctypes")
    version, implementation = batch.interpreter.version, batch.interpreter.implementation
    if version is not None and implementation is not None:
        reason = scenario.not_for(version, implementation)
        if reason is not None:
            return reason
    if disposition in scenario.not_with:
        return scenario.not_with[disposition]
    absent = [f"it has no module {name}: {missing[name]}" for name in needed if name in missing]
    return absent[0] if absent else None


def _become_runner(parent_pid: int) -> None:
    """Make the process one that ends with its parent and leaves nothing behind."""
    ended_with(parent_pid)()
    adopt_orphans()
    # Ctrl-C is for the parent. Not ignored: the programs would inherit that.
    signal.signal(signal.SIGINT, lambda *_: None)


def _run(batch: Batch, keep: Path | None) -> list[CellResult]:
    if not batch.dispositions:
        return []
    with tempfile.TemporaryDirectory(prefix="eintr-trace-matrix.") as folder:
        results = with_leftovers(run_batch(batch, Path(folder)), end_leftovers())
        recording = recording_in(Path(folder))
        if keep is None or not recording.exists() or all(_is_well(r) for r in results):
            return results
        kept = keep / _file_name(batch)
        shutil.copyfile(recording, kept)
    return [r if _is_well(r) else replace(r, recording=kept.name) for r in results]


def _is_well(result: CellResult) -> bool:
    return result.status in {Status.AGREE, Status.NOT_APPLICABLE}


def _file_name(batch: Batch) -> str:
    return re.sub(r"[^\w.]+", "-", f"{batch.interpreter.name}-{batch.scenario.name}") + ".jsonl"
