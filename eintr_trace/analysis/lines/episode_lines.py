"""The lines of a trace given to the episodes that they belong to, each with its note.

A line belongs to an episode if its thread wrote it between the interrupted call and the outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from eintr_trace.analysis.calls import RESTART_SYSCALL
from eintr_trace.analysis.case import Case
from eintr_trace.analysis.lines.notes import LineContext, note_of
from eintr_trace.analysis.lines.trace_lines import TraceLines
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.restart_codes import restart_code
from eintr_trace.model.events import (
    Event,
    FollowEnded,
    HandlerReturning,
    ProcessExited,
    SyscallEntered,
    SyscallExited,
    ThreadExited,
)
from eintr_trace.model.trace import TraceHeader, TraceMode, TraceSource
from eintr_trace.model.trace_lines import LinePart, LogLine, TraceLine

_MOST_RECENT = 4  # a call in two parts, and signals that met it before this one
_FIRST_KEPT = 10
_LAST_KEPT = 4
_PLAIN_KEPT = 3  # of a log: those that neither have a note nor are evidence
_MOST_TAKEN = 500  # a thread that is followed for longer tells no more by its lines


@dataclass
class _Line:
    """One line whose note may still change, as more of its events come."""

    line: TraceLine
    events: list[Event]

    def annotate(self, trail: Trail | None) -> None:
        """Explain it by its events; ``trail`` is the interruption that it belongs to."""
        if trail is None and self.line.number is None and _is_plain(self.events[-1:]):
            return
        note = note_of(self.events, LineContext(self.line.text, trail))
        if note != self.line.note:
            self.line = replace(self.line, note=note)


def _is_plain(latest: list[Event]) -> bool:
    """Tell, for less than the notes would cost, of a call that nothing has interrupted."""
    return (
        bool(latest)
        and isinstance(latest[0], SyscallExited)
        and latest[0].name != RESTART_SYSCALL
        and restart_code(latest[0].retval) is None
    )


@dataclass(eq=False)
class _Collecting:
    """An episode that takes its thread's lines."""

    case: Case
    lines: list[_Line]
    taken: int

    def take(self, line: _Line) -> None:
        self.taken += 1
        self.lines.append(line)
        if len(self.lines) > _FIRST_KEPT + _LAST_KEPT:
            del self.lines[_FIRST_KEPT]

    def told(self) -> tuple[TraceLine, ...]:
        """The lines, of which the one before those that were left out says so."""
        lines = [line.line for line in self.lines]
        if self.case.trail.log is not None:
            return self._told_of_a_log(lines)
        left_out = self.taken - len(lines)
        if left_out:
            gap = f"Lines of this thread that are left out here: {left_out}."
            lines[_FIRST_KEPT - 1] = _with_note(lines[_FIRST_KEPT - 1], gap)
        return tuple(lines)

    def _told_of_a_log(self, lines: list[TraceLine]) -> tuple[TraceLine, ...]:
        """Leave out those that tell nothing, but for the first.

        How many are left out is not said: of those that follow a log's source tells a part.
        """
        telling = self._telling()
        plain = [at for at, line in enumerate(lines) if not (line.note or line.number in telling)]
        dropped = frozenset(plain[_PLAIN_KEPT:])
        if dropped:
            before = min(dropped) - 1
            gap = "Lines of this thread are left out from here on."
            lines[before] = _with_note(lines[before], gap)
        return tuple(line for at, line in enumerate(lines) if at not in dropped)

    def _telling(self) -> set[int]:
        """Number the lines of a log that the verdict rests on."""
        log = self.case.trail.log
        return set() if log is None else {line.number for line in log.lines.values()}

    @property
    def is_complete(self) -> bool:
        """Whether the line that is still open, if one is, is the last."""
        trail = self.case.trail
        if trail.ending is not None or self.taken > _MOST_TAKEN:
            return True
        return self.case.takes_no_calls and not trail.in_c_handler


def _with_note(line: TraceLine, text: str) -> TraceLine:
    return replace(line, note=f"{line.note} {text}" if line.note else text)


@dataclass
class _Thread:
    """``recent`` are the lines of the call that is going on, or was interrupted.

    ``call_is_open``: the line of that call is still to come.
    """

    recent: list[_Line] = field(default_factory=list)
    collecting: list[_Collecting] = field(default_factory=list)
    call_is_open: bool = False

    def wrote(self, line: _Line) -> None:
        self.call_is_open = False
        self.recent = [*self.recent, line][-_MOST_RECENT:]
        for one in self.collecting:
            one.take(line)

    @property
    def trail(self) -> Trail | None:
        """The interruption that the thread's lines belong to now: the latest."""
        return self.collecting[-1].case.trail if self.collecting else None


class EpisodeLines:
    """Collects the lines of a trace that has them: an strace log, or a trace of every call.

    ``tell`` gets those of the latter as they come.
    """

    def __init__(self, header: TraceHeader, tell: Callable[[LinePart], None]) -> None:
        live = header.source is not TraceSource.STRACE_LOG
        self._makes_lines = live and header.mode is TraceMode.EVERY_SYSCALL
        self._made = TraceLines()
        self._tell = tell
        self._threads: dict[int, _Thread] = {}
        self._untold: list[tuple[LinePart, _Line | None]] = []
        self._collecting: dict[int, _Collecting] = {}
        self._lines: dict[int, tuple[TraceLine, ...]] = {}  # of those that take no more

    def of(self, episode_id: int) -> tuple[TraceLine, ...]:
        """The lines of an episode, as many as there are by now."""
        collecting = self._collecting.get(episode_id)
        return self._lines.get(episode_id, ()) if collecting is None else collecting.told()

    def before(self, event: Event) -> None:
        """Take the lines that an event makes, before it is judged."""
        if isinstance(event, LogLine):
            text = TraceLine(event.time_ns, event.tgid, event.tid, event.text, event.number)
            self._thread(event.tid).wrote(_Line(text, []))
        elif self._makes_lines:
            self._make(event)
        elif (thread := self._threads.get(event.tid)) is not None and thread.recent:
            # Of a log: it was read from the line told before it.
            thread.recent[-1].events.append(event)
            if isinstance(event, FollowEnded):
                thread.recent.clear()  # the next line that is told can be far away
            elif isinstance(event, SyscallEntered | HandlerReturning):
                del thread.recent[:-1]

    def _make(self, event: Event) -> None:
        for made in self._made.feed(event):
            part, line = made.part, None
            thread = self._thread(part.tid)
            if part.line is None:
                thread.recent.clear()
                thread.call_is_open = True
            else:
                line = _Line(part.line, list(made.events))
                thread.wrote(line)
            self._untold.append((part, line))

    def began(self, case: Case) -> None:
        """An episode begins with the lines of the call that was interrupted, and the signal's."""
        thread = self._threads.get(case.trail.interruption.tid)
        if thread is not None:
            # What is settled is watched no longer: these lines are the new one's.
            self._put_away(thread, [one for one in thread.collecting if one.case.is_settled])
            recent = list(thread.recent)
            collecting = _Collecting(case, recent, len(recent))
            thread.collecting.append(collecting)
            self._collecting[case.trail.interruption.id] = collecting

    def after(self, event: Event) -> None:
        """Explain the event's lines, now that it was judged."""
        thread = self._threads.get(event.tid)
        if thread is not None and not self._makes_lines and thread.recent:
            thread.recent[-1].annotate(thread.trail)
        self._tell_parts()
        if thread is None:
            return
        is_over = isinstance(event, ThreadExited | ProcessExited)
        if thread.collecting and (is_over or not thread.call_is_open):
            self._put_away(thread, [one for one in thread.collecting if is_over or one.is_complete])
        if is_over:
            del self._threads[event.tid]

    def _put_away(self, thread: _Thread, done: list[_Collecting]) -> None:
        """Keep the lines of the episodes that take no more, and nothing else of these."""
        for one in done:
            number = one.case.trail.interruption.id
            self._lines[number] = one.told()
            del self._collecting[number]
        if done:
            thread.collecting = [one for one in thread.collecting if one not in done]

    def _tell_parts(self) -> None:
        for part, line in self._untold:
            told = part
            if line is not None:
                line.annotate(self._thread(part.tid).trail)
                if line.line is not part.line:
                    told = replace(part, line=line.line)
            self._tell(told)
        self._untold.clear()

    def _thread(self, tid: int) -> _Thread:
        return self._threads.setdefault(tid, _Thread())
