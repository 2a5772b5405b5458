"""The whole experiment: one signal under Python 2.7, two under the newest Python 3, traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.experiment import Experiment, run_experiment
from eintr_trace.lab.interpreters import (
    FoundInterpreter,
    Version,
    find_interpreters,
    interpreter_at,
)
from eintr_trace.lab.link import Link
from eintr_trace.lab.shipped_run import shipped_run
from eintr_trace.lab.tracer import recording_to

RAISES = (2, 7)
RETRIES_SINCE = (3, 5)
"""PEP 475, "Python 3.5": the interpreter calls again."""

_STEP_MS = "2000"
"""Long enough for a machine on which others want the processors; mostly 3 to 15 are taken."""


@dataclass(frozen=True)
class DemoRun:
    """One half of the demonstration.

    ``interpreter`` is its name, ``output`` what the client printed, ``signals`` how many were
    sent. ``replayed``: there is no Python 2.7 here; this run was made elsewhere and ships
    with the package.
    """

    interpreter: str
    recording: Path
    output: str
    signals: int
    replayed: bool = False


@dataclass(frozen=True)
class Demo:
    """Both halves; ``raises`` ran (here or elsewhere) under 2.7, ``resumes`` under 3.x."""

    raises: DemoRun
    resumes: DemoRun


def run_demo(
    folder: Path,
    named: Sequence[Path] = (),
    link: Link = Link.STALL,
    tracer_options: Sequence[str] = (),
) -> Demo:
    """Run both halves and leave their recordings in ``folder``.

    An interpreter in ``named`` is preferred to the ones found. Raises EintrTraceError.
    """
    wanted = [interpreter_at(path) for path in named]
    found = [python for python in find_interpreters() if python.implementation == "CPython"]
    raises, resumes = (
        _newest(fits, wanted) or _newest(fits, found) for fits in (_raises, _resumes)
    )
    if resumes is None:
        raise EintrTraceError(
            "there is no CPython 3.5 or newer on this machine", "Name one with --python"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EintrTraceError(
            f"cannot write recordings to {folder}: {error.strerror}", "Name another folder"
        ) from error

    def run(python: FoundInterpreter, signals: int) -> DemoRun:
        recording = folder / f"{python.name.replace(' ', '-').lower()}.jsonl"
        # The client is ours: what stepping it could do to it, and how long, harms nobody.
        attach = recording_to(recording, ("--step", "--step-ms", _STEP_MS, *tracer_options))
        result = run_experiment(Experiment(python, link=link, signals=signals), attach)
        return DemoRun(python.name, recording, result.output, len(result.signals))

    return Demo(
        _replayed() if raises is None else run(raises, signals=1),
        run(resumes, signals=2),
    )


def _replayed() -> DemoRun:
    run = shipped_run()
    return DemoRun(run.interpreter, run.recording, run.output, run.signals, replayed=True)


def _newest(
    fits: Callable[[Version], bool], pythons: Sequence[FoundInterpreter]
) -> FoundInterpreter | None:
    """The newest that fits."""
    fitting = [python for python in pythons if python.version and fits(python.version)]
    return max(fitting, key=lambda python: python.version or (0, 0, 0), default=None)


def _raises(version: Version) -> bool:
    return version[:2] == RAISES


def _resumes(version: Version) -> bool:
    return version[:2] >= RETRIES_SINCE
