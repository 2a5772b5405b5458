"""Which program a process was when a signal met it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict

from eintr_trace.model.comparison import ComparedRun
from eintr_trace.model.episodes import Episode
from eintr_trace.model.events import ProcessSeen
from eintr_trace.model.python_state import Interpreter


class Programs:
    """Which interpreter each process of a run was, at any time."""

    def __init__(self, run: ComparedRun) -> None:
        self._programs: defaultdict[int, list[ProcessSeen]] = defaultdict(list)
        for seen in run.report.processes:
            self._programs[seen.tgid].append(seen)
        for programs in self._programs.values():
            programs.sort(key=_time)

    def interpreter_of(self, episode: Episode) -> Interpreter | None:
        """Give that of an episode's process, of its first program if it was seen only later."""
        programs = self._programs.get(episode.tgid)
        if not programs:
            return None
        index = bisect_right(programs, episode.time_ns, key=_time)
        return programs[max(0, index - 1)].interpreter


def _time(seen: ProcessSeen) -> int:
    return seen.time_ns
