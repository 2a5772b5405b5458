"""A followed thread's lines in a large log: the next one that is needed, the others passed over.

Its lines are found by what they begin with, a block of the log at a time. Of most that are passed
over no more is looked at than the call's name, which stands where it stood in the line before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from eintr_trace.sources.strace_log.lexer import read_prefix
from eintr_trace.sources.strace_log.log_file import LogFile
from eintr_trace.sources.strace_log.needs import Choice, Need, begins_call, is_beginning
from eintr_trace.sources.strace_log.text_lines import decoded

_LONGEST_PREFIX: Final = 200
_FRAME: Final = b" > "
_RESUMED: Final = b"<... "
_MOST_NAMES: Final = 1000


@dataclass(slots=True)
class FollowedThread:
    """A thread whose next lines are needed.

    ``mark`` is what its lines begin with, ``None`` where they have no pid. ``looked`` is up to
    where its next line was searched for, ``found`` that line, once it is. ``passed_over`` calls
    were begun since its last line that was needed, ``last`` is the last line passed over.
    """

    mark: bytes | None
    looked: int
    lines_left: int
    need: Need
    found: int | None = None
    passed_over: int = 0
    last: int | None = None
    # Where the names of calls stand behind the mark, and those names, each with what is before
    # it, that decide nothing.
    _names_at: int = 0
    _idle: set[bytes] = field(default_factory=set)

    def next_needed(self, log: LogFile, end: int) -> int:
        """Find the next line that is needed before ``end``, once; ``end`` if none is."""
        if self.found is None and self.looked < end:
            for offset, block in log.blocks_of(self.mark, self.looked, end):
                self.found = self._needed_in(offset, block)
                if self.found is not None:
                    break
            else:
                self.looked = end
        return end if self.found is None else self.found

    def line_taken(self, after: int) -> None:
        """The line that was found is taken; the next may be at ``after``."""
        self.found, self.looked = None, after

    @property
    def has_passed_over(self) -> bool:
        """Whether lines were passed over that are not told of yet."""
        return self.last is not None

    def told_passed(self) -> None:
        """The lines that were passed over are told of."""
        self.passed_over, self.last = 0, None

    def open_beginning(self, log: LogFile) -> int | None:
        """Give where the call began that goes on next, if that was passed over."""
        if self.last is None or not is_beginning(log.bytes_at(self.last)[0]):
            return None
        self.passed_over -= 1  # it will be told, and counted then
        return self.last

    def _needed_in(self, offset: int, block: bytes) -> int | None:
        """Find a needed line in a block, which begins with the newline before ``offset``."""
        choice = self.need.choice
        if choice is None or self.need.calls_left <= 0:
            return offset
        mark = b"" if self.mark is None else self.mark
        lines = block.split(b"\n" + mark)
        at = self._index_of_needed(lines, choice)
        passed = lines[1:at]
        if passed:
            before = sum(map(len, passed)) + len(passed) * (len(mark) + 1)
            self.last = offset + before - len(passed[-1]) - len(mark) - 1
        if at == len(lines):
            return None
        return offset if not passed else offset + before

    def _index_of_needed(self, lines: list[bytes], choice: Choice) -> int:
        """Give which of ``lines`` is needed, counting the calls before it; the first is none.

        Behind a line, up to the next of the thread, may be lines of others.
        """
        names_at, idle, beginnings = self._names_at, self._idle, choice.beginnings
        calls, most = self.passed_over, self.need.calls_left - 1
        for index in range(1, len(lines)):
            line = lines[index]
            opening = line.find(b"(")
            name = line[names_at and names_at - 1 : opening]
            if name in idle and not line.startswith(beginnings, opening + 1):
                is_call = True
            elif line.startswith(_RESUMED, names_at) or line.startswith(_FRAME):
                continue
            else:
                line = line.partition(b"\n")[0]
                if choice.may_take(line) or self._gives_mark(line):
                    break
                is_call = begins_call(line)
                names_at = self._learn(line, choice)
            if is_call and calls >= most:
                break  # with this one it is followed no further
            calls += is_call
        else:
            index = len(lines)
        self.passed_over = calls
        return index

    def _learn(self, line: bytes, choice: Choice) -> int:
        """Learn a call's name that decides nothing; give where names stand."""
        opening = line.find(b"(")
        names_at = line.rfind(b" ", 0, max(opening, 0)) + 1
        is_idle = opening > 0 and choice.never_takes(line[names_at:opening])
        if is_idle and len(self._idle) < _MOST_NAMES:
            self._names_at = names_at
            self._idle.add(line[names_at and names_at - 1 : opening])
        return self._names_at

    def _gives_mark(self, line: bytes) -> bool:
        """Tell whether lines have a pid from this one on."""
        if self.mark is not None:
            return False
        return read_prefix(decoded(line[:_LONGEST_PREFIX]))[0].pid is not None
