"""Parts of lines, as they come, to lines in the order in which strace prints them.

strace writes a call when it is entered and its result when it comes back. Where another thread
has something to say in between, the line is broken: ``read(3, … <unfinished ...>``, and later
``<... read resumed>) = 4``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from eintr_trace.analysis.lines.strace_results import with_result
from eintr_trace.facts.given_arguments import FIRST_GIVEN_ARGUMENT
from eintr_trace.model.report import EpisodeUpdate, Report
from eintr_trace.model.trace import TraceClock, TraceHeader
from eintr_trace.model.trace_lines import LinePart, TraceLine
from eintr_trace.reports.escaping import escape

_US_PER_S = 1_000_000


@dataclass(frozen=True)
class PrintedLine:
    """A line to be printed; ``text`` is not escaped."""

    time_ns: int
    tid: int
    text: str
    note: str | None = None


class StraceOrder:
    """Puts the parts of lines into strace's order; at most one line is open at a time."""

    def __init__(self) -> None:
        self._open: LinePart | None = None
        self._unfinished: set[int] = set()

    def take(self, part: LinePart) -> Iterator[PrintedLine]:
        """Give the lines that are complete with this part."""
        if self._open is not None and self._open.tid != part.tid:
            yield from self.break_open()
        if part.line is None:
            self._open = part
            return
        self._open = None
        if part.tid not in self._unfinished or part.opened is None:
            yield PrintedLine(part.line.time_ns, part.tid, part.line.text, part.line.note)
            return
        self._unfinished.remove(part.tid)
        if part.result is not None:
            text = _resumed(part, part.opened, part.line, part.result)
            yield PrintedLine(part.time_ns, part.tid, text, part.line.note)

    def break_open(self) -> Iterator[PrintedLine]:
        """Give the line that is open, if one is, as far as it goes: something else comes first."""
        part, self._open = self._open, None
        if part is not None and part.opened is not None:
            self._unfinished.add(part.tid)
            text = f"{part.opened[: _printed_first(part.call, part.opened)]} <unfinished ...>"
            yield PrintedLine(part.time_ns, part.tid, text)


def _resumed(part: LinePart, opened: str, line: TraceLine, result: str) -> str:
    """Return the end of a line whose beginning has been printed."""
    call = line.text[: -len(f"= {result}")].rstrip()
    rest = call[_printed_first(part.call, opened) :]
    return with_result(f"<... {part.call} resumed>{rest}", result)


def _printed_first(name: str | None, call: str) -> int:
    """Return how much of a call strace prints before it comes back: up to what it will give."""
    index = FIRST_GIVEN_ARGUMENT.get(name or "")
    if index is None:
        return len(call.removesuffix(")"))
    at = call.index("(") + 1
    for _ in range(index):
        at = _after_argument(call, at)
    return at


def _after_argument(call: str, at: int) -> int:
    """Return where the next argument begins; those before have strings and structures in them."""
    depth, quoted = 0, False
    while at < len(call):
        char = call[at]
        if quoted:
            at += char == "\\"
            quoted = char != '"'
        elif char == '"':
            quoted = True
        elif char in "{[(":
            depth += 1
        elif char in "}])":
            depth -= 1
        elif char == "," and not depth:
            return at + 2
        at += 1
    return len(call)


class StraceLog:
    """Writes the lines alone, as ``strace -f -ttt -o FILE`` does: ``PID SECONDS.MICROS LINE``."""

    def __init__(self, stream: TextIO, header: TraceHeader) -> None:
        self._stream = stream
        monotonic = header.clock is TraceClock.MONOTONIC
        self._to_epoch_ns = (
            header.realtime_anchor_ns - header.monotonic_anchor_ns if monotonic else 0
        )
        self._order = StraceOrder()

    def line(self, part: LinePart) -> None:
        """Write what is complete with this part of a line."""
        self._write(self._order.take(part))

    def update(self, update: EpisodeUpdate) -> None:
        """Nothing: strace makes no verdicts."""

    def finish(self, report: Report) -> None:  # noqa: ARG002 - strace sums nothing up
        """Write what is left."""
        self._write(self._order.break_open())

    def _write(self, lines: Iterator[PrintedLine]) -> None:
        for line in lines:
            seconds, micros = divmod((line.time_ns + self._to_epoch_ns) // 1000, _US_PER_S)
            self._stream.write(f"{line.tid:<5} {seconds}.{micros:06d} {escape(line.text)}\n")
        self._stream.flush()
