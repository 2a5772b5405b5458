from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eintr_trace.sources.live.hold_budget import HoldBudget

MS = 1_000_000


def test_a_rare_signal_is_always_served() -> None:
    budget = HoldBudget(0)
    for number in range(1, 1000):
        assert budget.allows(number * 100 * MS)
        budget.spend(5 * MS)


def test_at_one_kilohertz_most_are_passed_on() -> None:
    budget = HoldBudget(0)
    served = 0
    for number in range(1, 1001):
        if budget.allows(number * MS):
            served += 1
            budget.spend(MS)
        else:
            budget.spend(MS // 20)
    assert 50 < served < 250


@given(st.lists(st.tuples(st.integers(0, 10 * MS), st.integers(0, 3 * MS)), min_size=1))
def test_no_more_than_a_quarter_is_held_beyond_one_stop_and_the_first_credit(
    deliveries: list[tuple[int, int]],
) -> None:
    budget = HoldBudget(0)
    now_ns = 0
    held_ns = 0
    for pause_ns, cost_ns in deliveries:
        now_ns += pause_ns
        if budget.allows(now_ns):
            budget.spend(cost_ns)
            now_ns += cost_ns
            held_ns += cost_ns
    assert held_ns <= now_ns / 4 + 20 * MS + 3 * MS


def test_one_long_stop_is_no_reason_to_spare_what_is_cheap() -> None:
    """A busy machine may give the tracer no processor for that long."""
    budget = HoldBudget(0)
    assert budget.allows(0)
    budget.spend(12 * MS)
    assert not budget.is_short


def test_signals_that_come_too_fast_are_one() -> None:
    budget = HoldBudget(0)
    short = 0
    for number in range(1, 1001):
        if budget.allows(number * MS):
            short += budget.is_short
            budget.spend(MS // 2)
    assert short > 200  # of some 420 that are served


def test_hits_of_a_watchpoint_are_paid_for() -> None:
    """At one kilohertz a quarter is 250 µs: 240 µs of stop fit in, with two hits they do not."""

    def served(hits: int) -> int:
        budget = HoldBudget(0)
        number_served = 0
        for number in range(1, 10_001):
            if budget.allows(number * MS):
                number_served += 1
                budget.spend(MS * 14 // 100)
                budget.spend_hits(hits)
        return number_served

    assert served(0) == 10_000
    assert 9_000 < served(2) < 10_000
