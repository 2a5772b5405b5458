"""An strace log, or a stream of one that is still being written, to a trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from eintr_trace import __version__
from eintr_trace.errors import MalformedInputError
from eintr_trace.model.events import Event, TraceEnded, Warned
from eintr_trace.model.python_state import Interpreter
from eintr_trace.model.trace import Trace, TraceClock, TraceHeader, TraceMode, TraceSource
from eintr_trace.sources.strace_log.clock import LogClock, clock_of
from eintr_trace.sources.strace_log.items import Item
from eintr_trace.sources.strace_log.lexer import read_line
from eintr_trace.sources.strace_log.lines import NO_PREFIX, AttachedLine, NoticeLine, StackLine
from eintr_trace.sources.strace_log.log_end import end_of_files, end_shown_by
from eintr_trace.sources.strace_log.own_effects import attaching, detaching
from eintr_trace.sources.strace_log.parser import Malformed, Parser
from eintr_trace.sources.strace_log.teller import Teller
from eintr_trace.sources.strace_log.threads import Threads

NumberedText = tuple[int, str]
"""A line's number, from 1, and its text without the newline."""

_LOOKED_AT: Final = 2000
"""So many lines at the beginning are searched for one of strace's."""
_MOST_MALFORMED: Final = 5
_MOST_SHOWN: Final = 5
_NOT_KNOWN: Final = "not known"
_REMEDY: Final = (
    "Give a recording of eintr-trace -o, or a log of strace: strace -f -tt -T -o LOG -p PID"
)


def read_log(
    lines: Iterable[NumberedText],
    path: str,
    interpreter: Interpreter | None = None,
    own_pid: int | None = None,
) -> Trace:
    """Return the trace of a log; its lines are taken as its events are asked for.

    ``path`` names the log in messages. ``interpreter`` is what the user says of the processes,
    ``own_pid`` the thread of lines that have no pid (``-ff``: the file's name ends in it).

    Raises MalformedInputError when no line at the beginning is one of strace's.
    """
    whole = iter(lines)
    first = first_lines(whole, path)
    clock = LogClock(clock_of_lines(first))
    story = LogStory(Teller(Threads(), interpreter))
    parser = story.parser(clock, own_pid)
    return Trace(log_header(clock.kind), _events(story, parser, chain(first, whole)))


def _events(story: LogStory, parser: Parser, lines: Iterable[NumberedText]) -> Iterator[Event]:
    for number, text in lines:
        yield from story.line(parser, number, text)
    yield from story.end()


def log_header(clock: TraceClock) -> TraceHeader:
    """Return the header of a log's trace."""
    return TraceHeader(
        source=TraceSource.STRACE_LOG,
        mode=TraceMode.EVERY_SYSCALL,
        arch=_NOT_KNOWN,
        kernel=_NOT_KNOWN,
        realtime_anchor_ns=0,
        monotonic_anchor_ns=0,
        tool_version=__version__,
        clock=clock,
    )


def first_lines(lines: Iterator[NumberedText], path: str) -> list[NumberedText]:
    """Take lines up to the first of strace's that is of a thread. Raises MalformedInputError."""
    taken: list[NumberedText] = []
    for number, text in lines:
        taken.append((number, text))
        read = read_line(text)
        if read is not None and not isinstance(read, NoticeLine | StackLine | AttachedLine):
            return taken
        if len(taken) == _LOOKED_AT:
            break
    if not taken:
        raise MalformedInputError(path, None, "the file is empty", _REMEDY)
    what = f"none of the first {len(taken):,} lines is strace's"
    if len(taken) == 1:
        what = "its only line is not strace's"
    raise MalformedInputError(path, None, f"{what}, and it is no recording", _REMEDY)


def clock_of_lines(lines: list[NumberedText]) -> TraceClock:
    """Say what clock a log with these first lines has."""
    read = (read_line(text) for _, text in lines)
    return clock_of(getattr(line, "prefix", NO_PREFIX) for line in read if line is not None)


class LogStory:
    """One log, in one file or several, on its way to events."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._parsers: list[Parser] = []
        self._now_ns = 0
        self._malformed = 0

    def parser(self, clock: LogClock, own_pid: int | None) -> Parser:
        """Give the parser of one more file."""
        parser = Parser(clock, self._teller.threads, own_pid)
        self._parsers.append(parser)
        return parser

    def line(self, parser: Parser, number: int, text: str, file: str = "") -> Iterator[Event]:
        """Tell the next line of ``file``, which is named where there are several."""
        yield from self._tell(parser, parser.feed(number, text), file)

    def passed(self, parser: Parser, number: int, below: str) -> Iterator[Event]:
        """Learn the time of the line below the last one, and with it when a call came back."""
        yield from self._tell(parser, parser.passed(number, below), "")

    def gave_up(self, tid: int) -> Iterator[Event]:
        """Follow a thread no more: its next lines are not told."""
        yield from self._timed(self._teller.give_up(tid, self._now_ns))

    def end(self) -> Iterator[Event]:
        """Tell what is left at the end of all files."""
        for parser in self._parsers:
            yield from self._tell(parser, parser.finish(), "")
        ends = list(filter(None, (end_shown_by(parser.last_text) for parser in self._parsers)))
        yield from self._timed(self._teller.finish())
        yield from self._summed_up()
        yield from self._guessed()
        for text in self._own_effects():
            yield Warned(self._now_ns, 0, 0, text)
        yield TraceEnded(
            self._now_ns,
            0,
            0,
            reason=end_of_files(ends),
            deliveries=self._teller.deliveries,
            passed=0,
            lost=0,
        )

    def _own_effects(self) -> Iterator[str]:
        if not self._teller.began_with_exec:
            yield attaching()
        yield from detaching(name for parser in self._parsers for name in parser.detached_from)

    def _tell(
        self, parser: Parser, items: Iterator[Item | Malformed], file: str
    ) -> Iterator[Event]:
        for item in items:
            if isinstance(item, Malformed):
                yield from self._skipped(item, file)
            else:
                self._teller.native = not parser.other_abi
                yield from self._timed(self._teller.tell(item))

    def _timed(self, events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            self._now_ns = max(self._now_ns, event.time_ns)
            yield event

    def _skipped(self, item: Malformed, file: str) -> Iterator[Event]:
        self._malformed += 1
        if self._malformed <= _MOST_MALFORMED:
            of = f" of {file}" if file else ""
            text = f"line {item.number:,}{of} is none of strace's, or is cut: left out"
            yield Warned(self._now_ns, 0, 0, text)

    def _guessed(self) -> Iterator[Event]:
        """Say which threads that were interrupted may belong to another process."""
        guessed = sorted(self._teller.told_of_guessed)
        if guessed:
            shown = ", ".join(map(str, guessed[:_MOST_SHOWN]))
            more = "" if len(guessed) <= _MOST_SHOWN else f" and {len(guessed) - _MOST_SHOWN} more"
            text = (
                f"how {shown}{more} came into being is not in the log: whether each is a process "
                "or a thread of another is not known, and it is shown as a process"
            )
            yield Warned(self._now_ns, 0, 0, text)

    def _summed_up(self) -> Iterator[Event]:
        more = self._malformed - _MOST_MALFORMED
        if more > 0:
            lines = "line is" if more == 1 else "lines are"
            text = f"{more:,} more {lines} none of strace's, or cut: left out"
            yield Warned(self._now_ns, 0, 0, text)
