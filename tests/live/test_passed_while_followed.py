"""Deliveries that are passed on unread, while the outcome of an earlier one is still open."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from eintr_trace.model.episodes import Outcome
from eintr_trace.model.events import DeliveryPassed
from tests.live.harness import attached, program

pytestmark = pytest.mark.live

PERIOD_S, COMPUTE_S = "0.001", "0.0015"  # ticks come faster than they can be looked at
RETRIES = "200"


def test_a_program_that_reads_again_is_not_said_to_have_given_up(
    python2: Path, tmp_path: Path
) -> None:
    """A tick that is passed on comes between the exception and the call made again."""
    with (
        program(python2, "slow_retry.py", PERIOD_S, COMPUTE_S, RETRIES) as running,
        attached(running.pid, tmp_path / "r.jsonl") as tracer,
    ):
        running.tell("go")
        assert running.account() == {"retries": int(RETRIES)}
        tracer.wait()
        events, episodes = tracer.events(), tracer.episodes()
    assert any(isinstance(event, DeliveryPassed) for event in events)
    # After its last exception, if that was not passed on as well, the program reads no more.
    *met_read, last = (e for e in episodes if e.syscall and e.syscall.restart_code)
    assert last.outcome in {Outcome.RAISED, Outcome.RETRIED_BY_PROGRAM, Outcome.UNKNOWN}
    outcomes = Counter(episode.outcome for episode in met_read)
    assert set(outcomes) <= {Outcome.RETRIED_BY_PROGRAM, Outcome.UNKNOWN}
    assert outcomes[Outcome.RETRIED_BY_PROGRAM] > len(met_read) / 2
