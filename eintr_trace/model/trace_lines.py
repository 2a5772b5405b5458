"""Lines as strace writes them: the evidence that can be read beside an strace window."""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.model.events import Event, InterruptedCall


@dataclass(frozen=True)
class LogLine(Event):
    """A line of an strace log, verbatim; told before the events that were read from it.

    ``number`` counts from 1. ``text`` has no newline; bytes that are no UTF-8 are lone
    surrogates (PEP 383). Of a log only lines that an interruption needs are told.
    """

    number: int
    text: str


@dataclass(frozen=True)
class CallInterrupted(Event):
    """A call came back interrupted, and no signal was delivered with it, as far as was seen.

    A log whose signals were filtered out (``-e signal=none``), or an error that strace put in
    the place of a result (``injected``: ``-e inject``).
    """

    call: InterruptedCall
    injected: bool = False


@dataclass(frozen=True)
class LinePart:
    """A line of a live trace as it comes: a call that was entered, then the whole line.

    ``opened`` is the call as it was entered, ``None`` in a line that is no call's or whose
    beginning was not seen. ``line`` is ``None`` until it is whole, and ``result`` what stands
    after its equals sign. ``call`` is the call's name, ``signo`` the signal's number that the
    line is about.
    """

    time_ns: int
    tgid: int
    tid: int
    opened: str | None = None
    line: TraceLine | None = None
    result: str | None = None
    call: str | None = None
    signo: int | None = None


@dataclass(frozen=True)
class TraceLine:
    """A line of a trace in strace's style, and what it means.

    ``number`` is that of a log's line, ``None`` where the line was made from events. ``note``
    is its explanation, ``None`` where it needs none.
    """

    time_ns: int
    tgid: int
    tid: int
    text: str
    number: int | None = None
    note: str | None = None
