"""`make soak`: the experiment many times over, each verdict held against the client's account.

For every interpreter and link: RUNS runs with the tracer attached (`python -m tests.soak RUNS`,
20 unless given). Under `netns` a signal may fall between two calls; runs are repeated until so
many signals met a recvfrom, and the others must be judged as having met none. Prints a table
and exits 1 on any disagreement.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tabulate import tabulate

from eintr_trace.lab.experiment import Experiment, ExperimentResult, run_experiment
from eintr_trace.lab.interpreters import FoundInterpreter, find_interpreters
from eintr_trace.lab.link import Link
from eintr_trace.lab.program_commands import Variant
from eintr_trace.lab.tracer import recording_to
from eintr_trace.model.episodes import Episode, Outcome
from tests.live.harness import report_of

IMAGE_BYTES = 2_745_109
_RUNS = 20
_FIRST_RESUMING = (3, 5)
_MOST_RUNS = 5  # times the hits wanted, before giving up on the netns link
_MET_NO_CALL = {Outcome.NOT_BLOCKING, Outcome.COMPLETED}


@dataclass
class Row:
    """What one interpreter did on one link."""

    runs: int = 0
    hits: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)


def expected(python: FoundInterpreter, variant: Variant) -> Outcome:
    """The verdict by the client's own behaviour, which `disagreement` checks as well."""
    assert python.version is not None
    resumes = python.version >= _FIRST_RESUMING
    match variant:
        case Variant.RAISING_HANDLER:
            return Outcome.ABANDONED_BY_HANDLER
        case Variant.RETRY if not resumes:
            return Outcome.RETRIED_BY_PROGRAM
        case _:
            return Outcome.RESUMED_BY_INTERPRETER if resumes else Outcome.RAISED


def disagreement(
    result: ExperimentResult, untraced: ExperimentResult, episode: Episode, wanted: Outcome
) -> str | None:
    """What is wrong with a run, if anything."""
    if episode.outcome in _MET_NO_CALL and result.experiment.link is Link.NETNS:
        wanted_bytes: int | None = IMAGE_BYTES
    elif episode.outcome is not wanted:
        return f"{episode.outcome} instead of {wanted}"
    else:
        wanted_bytes = untraced.received_bytes
    if result.received_bytes != wanted_bytes:
        return f"{episode.outcome}, but the client got {result.received_bytes} bytes"
    if result.handled_signals != 1:
        return f"{result.handled_signals} signals handled"
    return None


def soak(python: FoundInterpreter, link: Link, variant: Variant, hits: int, folder: Path) -> Row:
    """Run until so many signals met a call."""
    experiment = Experiment(python, variant=variant, link=link)
    untraced = run_experiment(experiment)
    recording = folder / "soak.jsonl"
    row = Row()
    while row.hits < hits and row.runs < hits * _MOST_RUNS:
        result = run_experiment(experiment, recording_to(recording))
        (episode,) = report_of(recording).episodes
        row.runs += 1
        row.hits += episode.outcome not in _MET_NO_CALL
        row.outcomes[episode.outcome] += 1
        wrong = disagreement(result, untraced, episode, expected(python, variant))
        if wrong is not None:
            row.disagreements.append(wrong)
    return row


def main(hits: int) -> int:
    """Soak everything found; returns the exit status."""
    found = [p for p in find_interpreters() if p.problem is None and p.implementation == "CPython"]
    wrong = 0
    table = []
    with tempfile.TemporaryDirectory() as name:
        for link, variant in plan():
            for python in found:
                row = soak(python, link, variant, hits, Path(name))
                wrong += len(row.disagreements)
                outcomes = ", ".join(f"{count} {what}" for what, count in row.outcomes.items())
                table.append([link, variant, python.name, row.runs, row.hits, outcomes])
                print(*table[-1], *row.disagreements, sep="  ", flush=True)
    headers = ["link", "variant", "interpreter", "runs", "met a call", "outcomes"]
    print("\n" + tabulate(table, headers=headers))
    print(f"{wrong} verdicts disagree with the client's own account")
    return 1 if wrong else 0


def plan() -> list[tuple[Link, Variant]]:
    """The plain client on both links, the other clients on the deterministic one."""
    others = [variant for variant in Variant if variant is not Variant.PLAIN]
    return [
        (Link.STALL, Variant.PLAIN),
        *((Link.STALL, variant) for variant in others),
        (Link.NETNS, Variant.PLAIN),
    ]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else _RUNS))
