"""eintr-trace attached to the experiment's client."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.experiment import Experiment, run_experiment
from eintr_trace.lab.program_commands import Variant
from eintr_trace.lab.tracer import recording_to
from tests.lab.interpreters import cpython, newest
from tests.lab.proc import children
from tests.lab.recorded import deliveries

pytestmark = pytest.mark.live


def neutral(output: str) -> str:
    """What differs from run to run, taken out: the pid and the time it took."""
    return re.sub(r"@ \d+|in [\d.]+ s", "", output)


@pytest.mark.parametrize("version", ["2.7", "3.13"])
@pytest.mark.parametrize("variant", list(Variant))
def test_the_client_does_the_same_with_and_without_the_tracer(
    version: str, variant: Variant, tmp_path: Path
) -> None:
    experiment = Experiment(cpython(version), variant, signals=2)
    recording = tmp_path / "run.jsonl"
    alone = run_experiment(experiment)
    traced = run_experiment(experiment, recording_to(recording))
    assert neutral(traced.output) == neutral(alone.output)
    assert traced.exit_status == alone.exit_status
    delivered = deliveries(recording)
    assert [event.signal.name for event in delivered] == ["SIGUSR1"] * len(traced.signals)
    assert {event.tgid for event in delivered} == {traced.client_pid}
    met = [event.call.syscall.name if event.call else None for event in delivered]
    assert met == [sent.blocked_in for sent in traced.signals]


def test_a_tracer_that_cannot_attach_ends_the_experiment(tmp_path: Path) -> None:
    before = children(os.getpid())
    nowhere = tmp_path / "no such folder" / "run.jsonl"
    with pytest.raises(EintrTraceError, match=r"tracer of the experiment ended.*no such folder"):
        run_experiment(Experiment(newest()), recording_to(nowhere))
    assert children(os.getpid()) == before
