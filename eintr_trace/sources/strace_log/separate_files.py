"""The files of ``strace -ff``, one a thread, as one log."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from eintr_trace.model.events import Event
from eintr_trace.model.python_state import Interpreter
from eintr_trace.model.trace import Trace, TraceClock
from eintr_trace.sources.strace_log.clock import LogClock
from eintr_trace.sources.strace_log.lexer import read_prefix
from eintr_trace.sources.strace_log.source import (
    LogStory,
    NumberedText,
    clock_of_lines,
    first_lines,
    log_header,
)
from eintr_trace.sources.strace_log.teller import Teller
from eintr_trace.sources.strace_log.text_lines import LineSource, numbered_lines
from eintr_trace.sources.strace_log.threads import Threads

_PID_IN_NAME: Final = re.compile(r"\.(\d{1,10})$")


def files_of_log(name: str) -> list[str]:
    """Give the files that a name stands for: itself, or ``name.PID`` of ``strace -ff -o name``."""
    path = Path(name)
    try:
        if path.exists():
            return [name]
        beside = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return [name]
    beginning = re.compile(re.escape(path.name) + _PID_IN_NAME.pattern)
    parts = sorted((int(found[1]), found.string) for found in map(beginning.match, beside) if found)
    return [str(path.parent / part) for _, part in parts] or [name]


def pid_of_file(name: str) -> int | None:
    """Give the thread whose file this is, from its name; ``None``: it does not tell."""
    found = _PID_IN_NAME.search(name)
    return None if found is None else int(found[1])


@dataclass(frozen=True)
class _File:
    name: str
    first: list[NumberedText]
    lines: Iterator[NumberedText]
    own_pid: int | None

    @property
    def all_lines(self) -> Iterable[NumberedText]:
        return chain(self.first, self.lines)


def read_separate_files(
    files: list[tuple[str, LineSource]], interpreter: Interpreter | None = None
) -> Trace:
    """Return the trace of a log in several files, their lines put in the order of their times.

    Where they have no times, or only those since the line before in whichever file (``-r``),
    one file is told after the other: then only the order within a thread is known.

    Raises MalformedInputError when a file does not begin with a line of strace's.
    """
    opened = [_open(name, stream) for name, stream in files]
    kinds = {clock_of_lines(file.first) for file in opened}
    kind = kinds.pop() if len(kinds) == 1 else TraceClock.LINE_NUMBERS
    if kind is TraceClock.RELATIVE:
        kind = TraceClock.LINE_NUMBERS
    story = LogStory(Teller(Threads(), interpreter))
    events = _in_order_of_time if kind.is_timed else _one_after_the_other
    return Trace(log_header(kind), events(story, opened, kind))


def _open(name: str, stream: LineSource) -> _File:
    lines = numbered_lines(stream)
    return _File(name, first_lines(lines, name), lines, pid_of_file(name))


def _one_after_the_other(story: LogStory, files: list[_File], kind: TraceClock) -> Iterator[Event]:
    before = 0
    for file in files:
        number = 0
        parser = story.parser(LogClock(kind, before), file.own_pid)
        for number, text in file.all_lines:
            yield from story.line(parser, number, text, file.name)
        before += number
    yield from story.end()


def _in_order_of_time(story: LogStory, files: list[_File], kind: TraceClock) -> Iterator[Event]:
    parsers = [story.parser(LogClock(kind), file.own_pid) for file in files]
    timed = [_timed(index, file, LogClock(kind)) for index, file in enumerate(files)]
    for _, index, number, text in heapq.merge(*timed):
        yield from story.line(parsers[index], number, text, files[index].name)
    yield from story.end()


def _timed(index: int, file: _File, clock: LogClock) -> Iterator[tuple[int, int, int, str]]:
    for number, text in file.all_lines:
        yield clock.time_of(number, read_prefix(text)[0]), index, number, text
