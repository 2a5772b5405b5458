"""Paths that hold for more than the episode in which a thread was single-stepped.

The tracer steps a thread once for each place: the same call from the same instruction, with the
same kind of handler, in the main thread or another; forks of a program share their places. What
came of it may differ all the same, as where a Python handler raises only at times: then a path
says nothing of another episode.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from eintr_trace.analysis.interruption import Interruption
from eintr_trace.model.episodes import CPath, Episode, Outcome

_MOST_PLACES = 4096

_Place: TypeAlias = tuple[object, ...]


class KnownPaths:
    """The paths seen in processes of one executable, by place and outcome.

    Forks have their code where their parent has it; in others of that executable it lies
    elsewhere, or (without ASLR) at the same addresses because it is the same.
    """

    def __init__(self) -> None:
        self._paths: dict[tuple[_Place, Outcome], CPath] = {}

    def note(self, interruption: Interruption, episode: Episode) -> None:
        """Keep the path of an episode that has one of its own."""
        if episode.c_path is None or episode.c_path.seen_in is not None:
            return
        if len(self._paths) >= _MOST_PLACES:
            self._paths.clear()
        path = replace(episode.c_path, seen_in=episode.id)
        self._paths[_place(interruption), episode.outcome] = path

    def find(self, interruption: Interruption, outcome: Outcome) -> CPath | None:
        """Give the path that such an interruption took before."""
        return self._paths.get((_place(interruption), outcome))


def _place(interruption: Interruption) -> _Place:
    call, frame = interruption.call, interruption.frame
    handler = interruption.python_handler
    return (
        None if call is None else (call.syscall.nr, call.ip),
        None if frame is None else (frame.code_address, frame.instruction_offset, frame.location),
        None if handler is None else handler.kind,
        interruption.is_main_thread,
    )
