"""Which interruption of one run is which of another."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import pytest
from hypothesis import given

from eintr_trace.analysis.two_runs import alignment
from eintr_trace.analysis.two_runs.pairs import pair_episodes
from eintr_trace.model.episodes import Episode
from eintr_trace.model.events import ThreadOrigin
from eintr_trace.model.python_state import CodeLocation
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceClock
from tests.analysis.any_runs import RUNS
from tests.analysis.compared_runs import BASES, run

MS = 1_000_000


def one(what: str, at_ms: float = 0, **fields: object) -> Episode:
    """``USR1 recvfrom read:150``: a signal, a call and a place; ``-`` is none."""
    signal, call, where = what.split()
    base = BASES["RESUMED"]
    assert base.signal is not None
    assert base.syscall is not None
    assert base.python is not None
    name, _, line = where.partition(":")
    frame = replace(base.python.stack[0], location=CodeLocation(name, "lib/a.py", int(line or 1)))
    made = replace(
        base,
        time_ns=round(at_ms * MS),
        signal=None if signal == "-" else replace(base.signal, name=f"SIG{signal}"),
        syscall=replace(base.syscall, syscall=replace(base.syscall.syscall, name=call)),
        python=None if where == "-" else replace(base.python, stack=(frame,)),
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # of a test: any field


def many(*words: str, every_ms: float = 100) -> list[Episode]:
    return [one(what, number * every_ms) for number, what in enumerate(words)]


def ticks(*at_ms: float) -> list[Episode]:
    return [one("ALRM recvfrom read", at) for at in at_ms]


def report(episodes: Sequence[Episode], clock: TraceClock = TraceClock.MONOTONIC) -> Report:
    made = run("a run", "3.12.1", episodes).report
    return replace(made, header=replace(made.header, clock=clock))


def numbers(left: Report, right: Report) -> list[tuple[int | None, int | None]]:
    return [(_id(a), _id(b)) for a, b in pair_episodes(left, right)]


def _id(episode: Episode | None) -> int | None:
    return None if episode is None else episode.id


def paired(
    left: Sequence[Episode], right: Sequence[Episode]
) -> list[tuple[int | None, int | None]]:
    return numbers(report(left), report(right))


F, G, H = "USR1 recvfrom f", "USR1 recvfrom g", "USR1 accept h"


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        ((G, F, H), [(1, None), (2, 1), (3, 2), (4, 3)]),
        ((F, F, H), [(1, 1), (2, None), (3, 2), (4, 3)]),
        ((F, G, F), [(1, 1), (2, 2), (3, 3), (4, None)]),
        ((H, F, G, F, H), [(None, 1), (1, 2), (2, 3), (3, 4), (4, 5)]),
        ((F, H, G, F, H), [(1, 1), (None, 2), (2, 3), (3, 4), (4, 5)]),
        ((F, G, F, H, F), [(1, 1), (2, 2), (3, 3), (4, 4), (None, 5)]),
    ],
)
def test_one_more_or_less(
    right: Sequence[str], expected: list[tuple[int | None, int | None]]
) -> None:
    assert paired(many(F, G, F, H), many(*right)) == expected


@pytest.mark.parametrize("missing", range(1, 6))
def test_which_tick_is_missing_is_told_by_time(missing: int) -> None:
    left = ticks(0, 100, 210, 300, 405, 500)
    right = [
        tick for number, tick in enumerate(ticks(7, 104, 207, 309, 410, 503)) if number != missing
    ]
    assert (missing + 1, None) in paired(left, right)
    assert (None, missing + 1) in paired(right, left)


def test_the_first_tick_is_missing_of_a_program_that_was_launched() -> None:
    left, right = report(ticks(100, 200, 300)), report(ticks(200, 300))
    assert numbers(left, right) == [(1, 1), (2, 2), (3, None)]  # attached to: no common start
    launched = [replace(one, origin=ThreadOrigin.LAUNCHED) for one in left.processes]
    left, right = (replace(one, processes=tuple(launched)) for one in (left, right))
    assert numbers(left, right) == [(1, None), (2, 1), (3, 2)]


def test_ticks_at_random_times_are_all_paired() -> None:
    random.seed(5)
    left, right = (ticks(*sorted(random.uniform(0, 10_000) for _ in range(150))) for _ in range(2))
    assert all(one is not None and other is not None for one, other in paired(left, right))


def test_no_more_are_alone_than_one_run_has_more() -> None:
    random.seed(5)
    left, right = (
        ticks(*sorted(random.uniform(0, 10_000) for _ in range(count))) for count in (300, 270)
    )
    found = paired(left, right)
    assert [other for _, other in found if other is not None] == list(range(1, 271))
    assert sum(other is None for _, other in found) == 30


def test_ticks_that_are_missing_from_a_long_row_that_is_never_quite_regular() -> None:
    random.seed(5)
    left = ticks(*accumulate(random.gauss(10, 0.4) for _ in range(400)))
    right = ticks(*accumulate(random.gauss(10, 0.4) for _ in range(400)))
    del right[300], right[150:152]
    assert [one for one, other in paired(left, right) if other is None] == [151, 152, 301]


def test_of_a_log_without_times_the_last_one_is_missing() -> None:
    left, right = (report(ticks(*at), TraceClock.LINE_NUMBERS) for at in ((1, 2, 30), (1, 30)))
    assert numbers(left, right) == [(1, 1), (2, 2), (3, None)]


def test_a_call_that_is_another_one_is_paired_by_its_place() -> None:
    left = many("USR1 recvfrom read:5", "USR1 accept serve", "USR1 recvfrom read:5")
    right = many("USR1 poll read:5", "USR1 poll serve", "USR1 poll read:5")
    assert paired(left, right) == [(1, 1), (2, 2), (3, 3)]


def test_a_place_that_another_interpreter_names_otherwise_is_paired_by_its_call() -> None:
    left = many("USR1 recvfrom readline", "USR1 accept serve", "USR1 recvfrom readline")
    right = many("USR1 accept serve", "USR1 recvfrom readinto")
    assert paired(left, right) == [(1, None), (2, 1), (3, 2)]


def test_lines_of_a_program_that_was_edited() -> None:
    left = many(*(f"USR1 recvfrom main:{line}" for line in (10, 11, 12)))
    right = many(*(f"USR1 recvfrom main:{line}" for line in (11, 12, 13)))
    assert paired(left, right) == [(1, 1), (2, 2), (3, 3)]
    assert paired(left, left[1:]) == [(1, None), (2, 1), (3, 2)]


def test_a_log_shows_no_places_and_a_filtered_one_no_signals() -> None:
    live = many("USR1 recvfrom read", "CHLD poll wait", "USR1 accept serve")
    assert paired(live, many("USR1 recvfrom -", "USR1 accept -")) == [(1, 1), (2, None), (3, 2)]
    assert paired(live, many("- poll -", "- accept -")) == [(1, None), (2, 1), (3, 2)]


def test_another_order_among_other_signals_parts_nothing() -> None:
    left = many("USR1 recvfrom read", "CHLD recvfrom read", "USR1 recvfrom read")
    right = many("CHLD recvfrom read", "USR1 recvfrom read", "USR1 recvfrom read")
    assert set(paired(left, right)) == {(1, 2), (2, 1), (3, 3)}


def test_of_one_signal_in_one_thread_no_pairs_cross() -> None:
    assert paired(many(F, H), many(H, F)) in (
        [(1, None), (2, 1), (None, 2)],
        [(None, 1), (1, 2), (2, None)],
    )


def _worker(what: str, at_ms: float, tid: int) -> Episode:
    return one(what, at_ms, main_thread=False, tid=tid)


def test_threads_have_their_counterparts_whatever_their_order() -> None:
    left = [_worker(F, 0, 8), _worker(H, 10, 9), _worker(F, 20, 8), _worker(H, 30, 9)]
    right = [_worker(H, 0, 5), _worker(H, 5, 5), _worker(F, 10, 7), _worker(F, 20, 7)]
    assert set(paired(left, right)) == {(1, 3), (2, 1), (3, 4), (4, 2)}


def test_a_pool_whose_threads_take_other_shares_of_the_signals() -> None:
    left = [_worker(F, number, 10 + number % 3) for number in range(9)]
    right = [_worker(F, number, 20 + (number > 1) + (number > 6)) for number in range(9)]
    assert None not in {side for pair in paired(left, right) for side in pair}


def test_a_signal_that_came_to_another_thread() -> None:
    assert paired([one(F), one(G, 5)], [one(F), _worker(G, 5, 99)]) == [(1, 1), (2, 2)]


def test_a_long_burst_of_one_run_is_passed_over() -> None:
    common = [F, G, F, F, H] * 60
    left = many(*common[:120], *["ALRM poll tick"] * 150, *["USR1 poll other"] * 150, *common[120:])
    found = paired(left, many(*common))
    assert [pair for pair in found if None not in pair] == [
        (number + (300 if number > 120 else 0), number) for number in range(1, 301)
    ]


@given(RUNS, RUNS)
def test_nothing_is_lost_and_nothing_crosses(left: list[Episode], right: list[Episode]) -> None:
    one, other = report(left), report(right)
    pairs = pair_episodes(one, other)
    assert [mine for mine, _ in pairs if mine is not None] == list(one.episodes)
    theirs = [episode.id for _, episode in pairs if episode is not None]
    assert sorted(theirs) == [episode.id for episode in other.episodes]
    assert (None, None) not in pairs
    both = [(mine, theirs) for mine, theirs in pairs if mine is not None and theirs is not None]
    kinds: dict[object, list[int]] = {}
    shown = all(any(episode.signal for episode in run.episodes) for run in (one, other))
    for mine, theirs_ in both:
        assert not shown or (mine.signal and mine.signal.name) == (
            theirs_.signal and theirs_.signal.name
        )
        kind = mine.tgid, mine.tid, theirs_.tgid, theirs_.tid, shown and mine.signal
        kinds.setdefault(kind, []).append(theirs_.id)
    for ids in kinds.values():
        assert all(earlier < later for earlier, later in pairwise(ids))


@given(RUNS, RUNS)
def test_the_other_way_round_the_same_are_paired(left: list[Episode], right: list[Episode]) -> None:
    there = numbers(report(left), report(right))
    back = numbers(report(right), report(left))
    assert {(b, a) for a, b in back} == set(there)


@given(RUNS)
def test_a_run_is_paired_with_itself(episodes: list[Episode]) -> None:
    found = paired(episodes, episodes)
    assert found == [(number, number) for number in range(1, len(episodes) + 1)]


@given(RUNS, RUNS)
def test_small_windows_lose_nothing_either(left: list[Episode], right: list[Episode]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alignment, "_WINDOW", 4)
        test_nothing_is_lost_and_nothing_crosses.hypothesis.inner_test(left, right)  # type: ignore[attr-defined]  # hypothesis's own


def _random_ticks(count: int) -> list[Episode]:
    return ticks(*sorted(random.uniform(0, 100 * count) for _ in range(count)))


def test_the_work_grows_with_the_runs() -> None:
    def seconds(count: int) -> float:
        left, right = report(_random_ticks(count)), report(_random_ticks(count * 9 // 10))
        start = time.process_time()
        pair_episodes(left, right)
        return time.process_time() - start

    assert seconds(2400) < 12 * max(seconds(400), 0.01)
