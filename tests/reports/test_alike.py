"""Many episodes that are alike: a few whole blocks, the rest in short, and a count."""

from __future__ import annotations

from dataclasses import replace

from eintr_trace.model.episodes import Confidence, Episode, Outcome, TracerInduced
from eintr_trace.reports.alike import Alike, Showing
from tests.reports import samples


def trapped(number: int, tgid: int = 1, outcome: Outcome = Outcome.RESTARTED_BY_KERNEL) -> Episode:
    return replace(
        samples.INDUCED,
        id=number,
        tgid=tgid,
        outcome=outcome,
        tracer_induced=TracerInduced.SIGCONT,
    )


def resumed(number: int, tid: int = 1) -> Episode:
    return replace(samples.RESUMED, id=number, tid=tid)


def test_after_a_few_traps_of_one_process_the_rest_is_left_out() -> None:
    alike = Alike()
    shown = [number for number in range(500) if alike.showing(trapped(number)) is Showing.WHOLE]
    assert shown == [0, 1, 2]
    assert (alike.left_out, alike.shortened) == (497, 0)
    assert alike.showing(trapped(500, tgid=2)) is Showing.WHOLE


def test_after_a_few_of_one_kind_the_rest_is_shortened() -> None:
    alike = Alike()
    showings = [alike.showing(resumed(number, tid=number)) for number in range(500)]
    assert showings == [Showing.WHOLE] * 3 + [Showing.LINE] * 497
    assert (alike.left_out, alike.shortened) == (0, 497)
    assert alike.first_like(resumed(499)) == 0


def test_of_signals_that_met_no_call_of_a_log_one_is_shown() -> None:
    alike = Alike()
    met_none = replace(
        samples.RESUMED, outcome=Outcome.NOT_BLOCKING, confidence=Confidence.INFERRED
    )
    shown = [replace(met_none, id=number, tgid=number) for number in range(50)]
    assert [alike.showing(one) is Showing.WHOLE for one in shown] == [True] + [False] * 49
    assert alike.left_out == 49
    seen = replace(met_none, confidence=Confidence.OBSERVED)
    assert alike.showing(seen) is Showing.WHOLE
    assert alike.is_news(replace(shown[7], outcome=Outcome.UNKNOWN))


def test_another_place_or_outcome_is_another_kind() -> None:
    alike = Alike()
    for number in range(4):
        alike.showing(resumed(number))
    others = (
        replace(resumed(4), headline="SIGUSR1 met recvfrom in another place"),
        replace(resumed(5), outcome=Outcome.RAISED),
        replace(resumed(6), tgid=2),
        replace(resumed(7), consequences=("something that it cost",)),
    )
    assert [alike.showing(episode) for episode in others] == [Showing.WHOLE] * len(others)


def test_what_harmed_the_program_is_never_left_out() -> None:
    alike = Alike()
    raised = [trapped(number, outcome=Outcome.RAISED) for number in range(10)]
    assert Showing.NOTHING not in [alike.showing(episode) for episode in raised]
    assert alike.left_out == 0


def test_a_short_one_is_amended_where_that_makes_it_different() -> None:
    alike = Alike()
    for number in range(4):
        alike.showing(resumed(number))
    assert alike.is_news(resumed(0))  # its block is there
    assert not alike.is_news(resumed(3))
    assert alike.is_news(replace(resumed(3), consequences=("something that it cost",)))


def test_one_that_was_left_out_is_not_where_its_outcome_changes() -> None:
    alike = Alike()
    for number in range(4):
        alike.showing(trapped(number))
    assert not alike.is_news(trapped(3))
    assert alike.is_news(trapped(3, outcome=Outcome.RAISED))
    assert alike.left_out == 0
