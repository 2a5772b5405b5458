"""SIGCONT in many threads: a few blocks, and a count of the rest."""

from __future__ import annotations

from dataclasses import replace

from eintr_trace.model.episodes import Episode, Outcome, TracerInduced
from eintr_trace.reports.alike import Alike
from tests.reports import samples


def trapped(number: int, tgid: int = 1, outcome: Outcome = Outcome.RESTARTED_BY_KERNEL) -> Episode:
    return replace(
        samples.INDUCED,
        id=number,
        tgid=tgid,
        outcome=outcome,
        tracer_induced=TracerInduced.SIGCONT,
    )


def test_after_a_few_of_one_process_the_rest_is_left_out() -> None:
    alike = Alike()
    shown = [number for number in range(500) if not alike.leaves_out(trapped(number))]
    assert shown == [0, 1, 2]
    assert alike.left_out == 497
    assert not alike.leaves_out(trapped(500, tgid=2))


def test_what_harmed_the_program_is_always_shown() -> None:
    alike = Alike()
    raised = [trapped(number, outcome=Outcome.RAISED) for number in range(10)]
    assert not any(alike.leaves_out(episode) for episode in raised)
    assert alike.left_out == 0


def test_an_episode_stays_left_out_until_its_outcome_changes() -> None:
    alike = Alike()
    for number in range(4):
        alike.leaves_out(trapped(number))
    assert alike.leaves_out(trapped(3))
    assert not alike.leaves_out(trapped(3, outcome=Outcome.RAISED))
    assert alike.left_out == 0


def test_other_kinds_are_never_left_out() -> None:
    alike = Alike()
    ignored = [
        replace(trapped(number), tracer_induced=TracerInduced.IGNORED) for number in range(10)
    ]
    assert not any(alike.leaves_out(episode) for episode in ignored)
