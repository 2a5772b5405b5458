"""Any runs to be compared (hypothesis): of few kinds, so that many are alike."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from eintr_trace.model.episodes import Episode
from tests.analysis.compared_runs import BASES


def _with_signal(base: Episode, signal: str | None) -> Episode:
    if base.signal is None or signal is None:
        return replace(base, signal=None)
    return replace(base, signal=replace(base.signal, name=signal))


def _with_call(base: Episode, call: str) -> Episode:
    if base.syscall is None:
        return base
    met = base.syscall
    return replace(base, syscall=replace(met, syscall=replace(met.syscall, name=call)))


EPISODES = st.builds(
    lambda base, signal, call, main_thread, tid: replace(
        _with_call(_with_signal(base, signal), call), main_thread=main_thread, tid=tid
    ),
    st.sampled_from(list(BASES.values())),
    st.sampled_from(["SIGUSR1", "SIGCHLD", None]),
    st.sampled_from(["recvfrom", "poll"]),
    st.sampled_from([True, False, None]),
    st.integers(1, 3),
)


def _at_times(episodes: list[Episode], gaps_ns: list[int]) -> list[Episode]:
    time_ns = 0
    timed = []
    for one, gap_ns in zip(episodes, gaps_ns, strict=False):
        time_ns += gap_ns
        timed.append(replace(one, time_ns=time_ns))
    return timed


RUNS = st.builds(
    _at_times,
    st.lists(EPISODES, max_size=9),
    st.lists(st.integers(0, 3_000_000_000), min_size=9, max_size=9),
)
