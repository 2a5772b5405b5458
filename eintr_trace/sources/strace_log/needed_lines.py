"""The lines of a large log that its interruptions need; the stretches between stay unread."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from eintr_trace.sources.strace_log.followed_thread import FollowedThread
from eintr_trace.sources.strace_log.lexer import is_call_with_result, read_prefix
from eintr_trace.sources.strace_log.log_file import LogFile
from eintr_trace.sources.strace_log.needs import EVERY_LINE, Need
from eintr_trace.sources.strace_log.points import Point

_MOST_FOLLOWED: Final = 16
_LINES_AFTER_EXEC: Final = 300
"""An interpreter opens its own library among its first calls."""
_MOST_EXECS: Final = 100
_LOOKED_BACK_BYTES: Final = 256 << 20
"""For the beginnings of calls, in all: beyond that their arguments are not known."""
_FRAME: Final = " > "
# What may stand in a string as well, where one line more is read for nothing.
_RESUMED: Final = " resumed>"
_UNFINISHED: Final = "<unfinished ...>"
_EXEC: Final = "execve("
_DELIVERY: Final = "{si_signo="


@dataclass(frozen=True, slots=True)
class NeededLine:
    """A line that is needed; ``below`` is the one below it, which came later.

    ``below`` is ``None`` beneath a frame of ``-k`` and its call: another frame follows.
    """

    number: int
    text: str
    below: str | None


@dataclass
class NeededLines:
    """Chooses lines in their order in the log.

    ``tid_of`` gives the thread of the pid that a line has, 0 where it is not known; ``need``
    what of that thread's next lines is needed, asked when a line of it was taken in;
    ``passed_over`` is told how many of its calls were begun that were not, and, with 0, that the
    next lines will not be given. Beyond
    ``_MOST_FOLLOWED`` threads at once the one whose last line is the longest ago is given up:
    such threads are put into ``given_up``.
    """

    log: LogFile
    tid_of: Callable[[int | None], int]
    need: Callable[[int], Need | None]
    passed_over: Callable[[int, int], None]
    given_up: list[int] = field(default_factory=list)
    _followed: dict[int, FollowedThread] = field(default_factory=dict)
    _given_up_to: int = 0
    _looked_back: int = 0
    _execs: int = 0

    def lines(self, points: Iterable[Point], start: int) -> Iterator[NeededLine]:
        """Give the lines needed from ``start`` on."""
        self._given_up_to = start
        for point in points:
            self.log.mark(point.offset, point.number)
            if point.is_hit:
                yield from self._follow(point.offset)
                if point.offset >= self._given_up_to:
                    yield from self._hit(point.offset)
        yield from self._follow(self.log.size)

    def _hit(self, offset: int) -> Iterator[NeededLine]:
        text, _ = self.log.line_at(offset)
        pid = read_prefix(text)[0].pid
        if _RESUMED in text:
            followed = self._followed.get(self.tid_of(pid))
            if followed is None:
                yield from self._beginning(offset, text, pid)
            elif (began := followed.open_beginning(self.log)) is not None:
                yield self._line_before(began)
        elif _DELIVERY in text and self._has_left_out_lines(self.tid_of(pid)):
            yield from self._call_before(offset, text, pid)
        lines_after = 1 if text.endswith(_UNFINISHED) else 0
        if _EXEC in text and self._execs < _MOST_EXECS:
            self._execs += 1
            lines_after = _LINES_AFTER_EXEC
        yield from self._give(offset, text, pid, lines_after)

    def _beginning(self, offset: int, text: str, pid: int | None) -> Iterator[NeededLine]:
        """Give the beginning of a call that goes on at ``offset``: its thread's line before."""
        mark = _mark(text, pid)
        budget = _LOOKED_BACK_BYTES - self._looked_back
        if mark is None or budget <= 0:
            return
        newline = self.log.rfind(b"\n" + mark, max(0, offset - budget), offset)
        self._looked_back += min(offset, budget) if newline is None else offset - newline
        if newline is not None:
            yield self._line_before(newline + 1)

    def _has_left_out_lines(self, tid: int) -> bool:
        """Tell whether the thread's line before is none that was given."""
        followed = self._followed.get(tid)
        return followed is None or followed.has_passed_over

    def _call_before(self, offset: int, text: str, pid: int | None) -> Iterator[NeededLine]:
        """Give the thread's line before a delivery, if a call is whole with it."""
        mark = _mark(text, pid) or b""
        budget = min(offset, _LOOKED_BACK_BYTES - self._looked_back)
        newline = self.log.rfind(b"\n" + mark, offset - budget, offset - 1)
        while newline is not None and not mark and self._is_frame(newline + 1):
            newline = self.log.rfind(b"\n", offset - budget, newline)
        self._looked_back += budget if newline is None else offset - newline
        if newline is None:
            return
        before, _ = self.log.line_at(newline + 1)
        if not is_call_with_result(before):
            return
        self._tell_passed(self.tid_of(pid), given=1)
        if _RESUMED in before:
            yield from self._beginning(newline + 1, before, pid)
        yield from self._with_frames(newline + 1, before)

    def _is_frame(self, offset: int) -> bool:
        return self.log.line_at(offset)[0].startswith(_FRAME)

    def _with_frames(self, offset: int, text: str) -> Generator[NeededLine, None, int]:
        """Give a line and the frames of ``-k`` beneath it; return where the line below begins."""
        number = self.log.number_of(offset)
        _, after = self.log.line_at(offset)
        below, below_ends = self.log.line_at(after)
        while below.startswith(_FRAME):
            yield NeededLine(number, text, None)
            number, text, after = number + 1, below, below_ends
            below, below_ends = self.log.line_at(after)
        yield NeededLine(number, text, below)
        return after

    def _line_before(self, offset: int) -> NeededLine:
        """Give the beginning of a call, of which it is known by now that it is needed."""
        text, _ = self.log.line_at(offset)
        return NeededLine(self.log.number_of(offset), text, None)

    def _give(
        self, offset: int, text: str, pid: int | None, lines_after: int = 0
    ) -> Iterator[NeededLine]:
        self._tell_passed(self.tid_of(pid))
        after = self._given_up_to = yield from self._with_frames(offset, text)
        tid = self.tid_of(pid)
        followed = self._followed.pop(tid, None)
        left = max(lines_after, 0 if followed is None else followed.lines_left - 1)
        need = EVERY_LINE if left > 0 else self.need(tid)
        if need is not None:
            self._followed[tid] = FollowedThread(_mark(text, pid), after, left, need)
            if len(self._followed) > _MOST_FOLLOWED:
                self._give_up(next(iter(self._followed)))
        else:
            self.passed_over(tid, 0)

    def _tell_passed(self, tid: int, given: int = 0) -> None:
        """Tell of the calls passed over, but for the last if that is to be ``given`` now."""
        followed = self._followed.get(tid)
        if followed is not None and followed.has_passed_over:
            self.passed_over(tid, max(followed.passed_over - given, 0))
            followed.told_passed()

    def _give_up(self, tid: int) -> None:
        del self._followed[tid]
        self.given_up.append(tid)

    def _follow(self, end: int) -> Iterator[NeededLine]:
        """Give the lines of the followed threads before ``end``, in their order."""
        while self._followed:
            nearest = min(one.next_needed(self.log, end) for one in self._followed.values())
            if nearest >= end:
                return
            text, after = self.log.line_at(nearest)
            pid = read_prefix(text)[0].pid
            for tid, followed in list(self._followed.items()):
                if followed.found == nearest:
                    began = followed.open_beginning(self.log) if _RESUMED in text else None
                    if began is not None:
                        yield self._line_before(began)
                    followed.line_taken(after)
                    self._learn_mark(tid, followed, pid)
            yield from self._give(nearest, text, pid)

    def _learn_mark(self, tid: int, followed: FollowedThread, pid: int | None) -> None:
        """Lines have a pid from now on, as strace has come to follow several threads."""
        if followed.mark is None and pid is not None:
            if tid == 0:
                self._give_up(tid)
            else:
                followed.mark = b"[pid %5d" % tid


def _mark(text: str, pid: int | None) -> bytes | None:
    """Give what all lines of the same thread begin with; ``None``: this one has no pid."""
    if pid is None:
        return None
    end = text.index(str(pid)) + len(str(pid))
    # Whatever follows the pid, it is no digit of a longer one.
    return text[: end + 1].encode("utf-8", "surrogateescape")
