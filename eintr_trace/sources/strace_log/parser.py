"""Lines to items: the parts of a call joined, each line given to its thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from eintr_trace.sources.strace_log.arguments import without_names
from eintr_trace.sources.strace_log.clock import LogClock
from eintr_trace.sources.strace_log.items import (
    CallBegan,
    CallEnded,
    Item,
    NumberedLine,
    SignalArrived,
    ThreadBecameProcess,
    ThreadGone,
    ThreadStopped,
)
from eintr_trace.sources.strace_log.lexer import read_line, read_prefix
from eintr_trace.sources.strace_log.lines import (
    AttachedLine,
    CallLine,
    CallPart,
    EndedLine,
    NoticeLine,
    SignalLine,
    StackLine,
    StoppedLine,
    SupersededLine,
)
from eintr_trace.sources.strace_log.stacks import MOST_FRAMES
from eintr_trace.sources.strace_log.threads import Threads

ThreadLine = CallLine | SignalLine | StoppedLine | EndedLine | SupersededLine

_MOST_BEGINNINGS: Final = 65536  # one a thread: more than threads-max of most machines
_DETACHED: Final = "<detached ...>"
_INTERRUPTED: Final = frozenset(
    {"EINTR", "ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND", "ERESTART_RESTARTBLOCK"}
)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that is none of strace's, or a call without its end."""

    number: int


@dataclass(slots=True)
class _Held:
    """A call that came back on the last line; ``is_exact``: its time of coming back is known."""

    call: CallEnded
    is_exact: bool


class Parser:
    """Feeds on the lines of one log in their order and gives what they say.

    The time of a line with a whole call is that of its beginning. Without ``-T`` such a call is
    held until the next line, which strace wrote after the call had come back. So are calls
    while the log shows stacks, whose frames come behind them, and interrupted calls.
    """

    def __init__(self, clock: LogClock, threads: Threads, own_pid: int | None = None) -> None:
        self.threads = threads
        self.other_abi = False
        self.detached_from: list[str] = []  # calls in which strace left a thread
        self.last_text = ""  # of the lines that say something of a thread, or that are none
        self._clock = clock
        self._own_pid = own_pid
        self._beginnings: dict[int, CallBegan] = {}
        self._held: _Held | None = None
        self._frames: list[StackLine] = []
        self._shows_stacks = False
        self._cut: CallBegan | None = None

    def feed(self, number: int, text: str) -> Iterator[Item | Malformed]:
        """Take in the next line, without its newline."""
        read = read_line(text)
        match read:
            case None:
                self.last_text = text or self.last_text
                yield Malformed(number)
            case StackLine():
                self._shows_stacks = True
                if len(self._frames) < MOST_FRAMES:
                    self._frames.append(read)
            case AttachedLine():
                self.threads.attached(read.pid, read.threads)
            case NoticeLine():
                self.other_abi |= read.other_abi
            case _:
                self.last_text = text
                line = NumberedLine(number, text, self._clock.time_of(number, read.prefix))
                yield from self.flush(line.time_ns)
                yield from self._take(read, line)

    def flush(self, now_ns: int | None = None) -> Iterator[Item]:
        """Give what is held; ``now_ns`` is the next line's time, ``None`` if there is none."""
        held, self._held = self._held, None
        if held is not None:
            ended_ns = held.call.ended_ns
            if now_ns is not None and not held.is_exact:
                ended_ns = max(now_ns, ended_ns)
            yield replace(held.call, ended_ns=ended_ns, frames=tuple(self._frames))
        self._frames.clear()

    @property
    def is_holding(self) -> bool:
        """Whether a call is held until its next line."""
        return self._held is not None

    def passed(self, number: int, below: str) -> Iterator[Item]:
        """Give what is held, with the time of the line below it, which is not taken in."""
        if self._held is not None:
            yield from self.flush(self._clock.time_of(number, read_prefix(below)[0]))

    def finish(self) -> Iterator[Item | Malformed]:
        """Give what is left at the end of the log."""
        yield from self.flush()
        yield from self._give_up_cut()

    def tid_of(self, pid: int | None) -> int:
        """Give the thread of a line from the pid before it."""
        return self.threads.tid_of(self._own_pid if pid is None else pid)

    def _take(self, read: ThreadLine, line: NumberedLine) -> Iterator[Item | Malformed]:
        if isinstance(read, CallLine):
            yield from self._call(read, line)
            return
        yield from self._give_up_cut()
        tid = self.tid_of(read.prefix.pid)
        match read:
            case SignalLine():
                yield SignalArrived(tid, line, read.signo, read.fields, read.prefix.ip)
            case StoppedLine():
                yield ThreadStopped(tid, line, read.signo)
            case EndedLine():
                self._beginnings.pop(tid, None)
                yield ThreadGone(tid, line, read.status, read.signo)
            case SupersededLine():
                self._beginnings.pop(tid, None)
                yield ThreadBecameProcess(tid, line, read.by)

    def _call(self, read: CallLine, line: NumberedLine) -> Iterator[Item | Malformed]:
        if read.part is CallPart.CUT_REST:
            yield from self._cut_rest(read, line)
            return
        yield from self._give_up_cut()
        tid = self.tid_of(read.prefix.pid)
        beginning = self._beginnings.pop(tid, None)
        match read.part:
            case CallPart.WHOLE:
                yield from self._ended(tid, read, line, None)
            case CallPart.REST:
                same = beginning is not None and beginning.name == read.name
                yield from self._ended(tid, read, line, beginning if same else None)
            case CallPart.BEGINNING:
                began = _began(tid, read, line)
                self._remember(began)
                self.threads.began(began)
                yield replace(began, arguments=_unnamed(read.name, began.arguments))
            case CallPart.CUT_BEGINNING:
                self._cut = _began(tid, read, line)
            case CallPart.ABANDONED:
                if line.text.endswith(_DETACHED) and len(self.detached_from) < _MOST_BEGINNINGS:
                    self.detached_from.append(read.name)

    def _cut_rest(self, read: CallLine, line: NumberedLine) -> Iterator[Item | Malformed]:
        """The end of a call within whose line the program itself wrote to the same place."""
        cut, self._cut = self._cut, None
        if cut is None:
            yield Malformed(line.number)
        else:
            yield from self._ended(cut.tid, replace(read, name=cut.name), line, cut)

    def _give_up_cut(self) -> Iterator[Malformed]:
        cut, self._cut = self._cut, None
        if cut is not None:
            yield Malformed(cut.line.number)

    def _remember(self, began: CallBegan) -> None:
        self._beginnings[began.tid] = began
        if len(self._beginnings) > _MOST_BEGINNINGS:
            del self._beginnings[next(iter(self._beginnings))]

    def _ended(
        self, tid: int, read: CallLine, line: NumberedLine, beginning: CallBegan | None
    ) -> Iterator[Item]:
        if read.result is None:
            return
        is_whole = read.part is CallPart.WHOLE
        began = line if is_whole else None if beginning is None else beginning.line
        before = "" if beginning is None else beginning.arguments
        ended_ns = line.time_ns
        if is_whole and read.spent_ns is not None and self._clock.kind.is_timed:
            ended_ns += read.spent_ns
        call = CallEnded(
            tid=tid,
            began=began,
            ended=line,
            ended_ns=ended_ns,
            name=read.name,
            arguments=_unnamed(read.name, _joined(before, read.arguments)),
            result=read.result,
            ip=read.prefix.ip,
            nr=read.prefix.nr,
        )
        tid_now = self.threads.ended(call)
        if tid_now != tid:
            call = replace(call, tid=tid_now)
        is_exact = not is_whole or read.spent_ns is not None or not self._clock.kind.is_timed
        if is_exact and not self._shows_stacks and read.result.error not in _INTERRUPTED:
            yield call
        else:
            if is_whole and not self._shows_stacks:
                yield CallBegan(call.tid, line, call.name, call.arguments, call.ip, call.nr, True)
            self._held = _Held(call, is_exact)


def _began(tid: int, read: CallLine, line: NumberedLine) -> CallBegan:
    return CallBegan(tid, line, read.name, read.arguments, read.prefix.ip, read.prefix.nr)


def _unnamed(call: str, arguments: str) -> str:
    """Leave names out that -N adds; clone(2) has had its own always."""
    return arguments if call.startswith("clone") else without_names(arguments)


def _joined(beginning: str, rest: str) -> str:
    """Put the arguments of two lines together, with a comma between two arguments.

    strace ends an unfinished call within its arguments, after a comma or (from 6.x on for some)
    before it.
    """
    if not beginning or not rest:
        return beginning or rest
    if rest.startswith((",", "}", "]", ")", "=>")) or beginning.endswith(("(", "{", "[")):
        space = " " if rest.startswith("=>") else ""
        return f"{beginning}{space}{rest}"
    return f"{beginning} {rest}" if beginning.endswith(",") else f"{beginning}, {rest}"
