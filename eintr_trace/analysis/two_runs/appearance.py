"""What an interruption looks like, in what two runs of a program can have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eintr_trace.analysis.two_runs.steps import python_place
from eintr_trace.analysis.wording import bare_name
from eintr_trace.model.episodes import Episode
from eintr_trace.model.report import Report

Thread = tuple[int, int]
"""Its process and itself: ``tgid``, ``tid``."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """An episode, the ``index``-th of its run, without what became of the interrupted call.

    ``place`` is the innermost Python function and its file, without the folder. ``time_ns`` is
    ``None`` where the trace's clock does not tell spans of time. ``signal`` and ``place`` are
    ``None`` also where the other run shows none at all.
    """

    index: int
    thread: Thread
    main_thread: bool | None
    signal: str | None
    call: str | None
    place: tuple[str, str] | None
    line: int | None
    time_ns: int | None


def appearances(left: Report, right: Report) -> tuple[list[Appearance], list[Appearance]]:
    """Give those of two runs, each in its own order, with what both can show only."""
    with_signals = _shows_signals(left.episodes) and _shows_signals(right.episodes)
    with_places = _shows_places(left.episodes) and _shows_places(right.episodes)
    one, other = (_of_run(report, with_signals, with_places) for report in (left, right))
    return one, other


def _of_run(report: Report, with_signals: bool, with_places: bool) -> list[Appearance]:
    is_timed = report.header.clock.is_timed
    return [
        _appearance(index, episode, with_signals, with_places, is_timed)
        for index, episode in enumerate(report.episodes)
    ]


def _appearance(
    index: int, episode: Episode, with_signals: bool, with_places: bool, is_timed: bool
) -> Appearance:
    where = python_place(episode) if with_places else None
    return Appearance(
        index,
        (episode.tgid, episode.tid),
        episode.main_thread,
        episode.signal.name if with_signals and episode.signal is not None else None,
        None if episode.syscall is None else episode.syscall.syscall.name,
        # A qualified name from 3.11 on, a bare one before: code.h, co_qualname.
        None if where is None else (bare_name(where.function), where.file.rpartition("/")[2]),
        None if where is None else where.line,
        episode.time_ns if is_timed else None,
    )


def _shows_signals(episodes: Sequence[Episode]) -> bool:
    """Tell whether any is shown: a log that was taken with -e signal=none has none."""
    return any(episode.signal is not None for episode in episodes)


def _shows_places(episodes: Sequence[Episode]) -> bool:
    return any(python_place(episode) is not None for episode in episodes)
