"""The report as trace events, for ui.perfetto.dev and chrome://tracing.

Threads are tracks and episodes slices, from the signal until the outcome was known or the call
that was made again had come back. An arrow leads from who sent the signal to each, and on to the
Python handler where it is known until when that ran. Where the report has lines in strace's
style, they are slices as far as their ends are known, else instants.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final, TextIO

from eintr_trace.model.episodes import DelayBound, Episode, Layer
from eintr_trace.model.report import Report
from eintr_trace.model.trace_lines import TraceLine
from eintr_trace.reports import wording
from eintr_trace.reports.escaping import escape_strings
from eintr_trace.reports.trace_events import (
    Arrow,
    Instant,
    Json,
    Scale,
    Slice,
    Track,
    TrackNames,
    encoded,
    naming,
    nested,
)

_NO_PID: Final = 2**22  # no process has it: PID_MAX_LIMIT, include/linux/threads.h, 64 bit
# Lines as strace writes them.
_SIGNAL: Final = re.compile(r"(?:^|[ \]])--- ")
_RESUMED: Final = re.compile(r"<\.\.\. (\w+) resumed>")
_CALL: Final = re.compile(r"(?:^|[ \]])(\w+)\(")
_SPENT: Final = re.compile(r"<(\d{1,9})\.(\d{6,9})>$")  # -T


def write_perfetto(report: Report, stream: TextIO) -> None:
    """Write the trace events and a newline, in ASCII; strings are escaped as for a terminal."""
    json.dump(escape_strings(perfetto_object(report)), stream)
    stream.write("\n")
    stream.flush()


def perfetto_object(report: Report) -> Json:
    """Return the trace events as what ``json`` writes."""
    drawing = _Drawing(report)
    scale = Scale(drawing.first_ns(), drawing.unit_ns)
    slices, instants = nested(drawing.slices), drawing.instants
    return {
        "displayTimeUnit": "ns",
        "otherData": _other_data(report, scale),
        "traceEvents": [*naming(_names(report)), *encoded(slices, instants, drawing.arrows, scale)],
    }


class _Drawing:
    """All that is drawn; ``unit_ns`` of the trace's times are a microsecond of the drawing."""

    def __init__(self, report: Report) -> None:
        self.unit_ns = 1000 if report.header.clock.is_timed else 1
        self.slices: list[Slice] = []
        self.instants: list[Instant] = []
        self.arrows: list[Arrow] = []
        main_threads = {one.tgid: one.tid for one in report.episodes if one.main_thread}
        for episode, end_ns in _until_the_next(report.episodes):
            whole = _whole(episode, max(end_ns, episode.time_ns + self.unit_ns))
            self.arrows.append(Arrow(_signal(episode), whole))
            self._add([whole, *_called_again(episode, end_ns)])
            self._add(_exceptions(episode))
            self._add_handler(whole, _handler(episode, main_threads))
        self._add(_lines(report))

    def first_ns(self) -> int:
        """Return the first moment of all, 0 if nothing is drawn."""
        starts = [one.start_ns for one in self.slices] + [one.time_ns for one in self.instants]
        return min(starts, default=0)

    def _add_handler(self, whole: Slice, handler: Slice | Instant | None) -> None:
        """Draw the handler, if it lasts with an arrow to it from the episode that it is of."""
        if isinstance(handler, Slice):
            self.arrows.append(Arrow(whole, handler))
        if handler is not None:
            self._add([handler])

    def _add(self, drawn: Iterable[Slice | Instant]) -> None:
        for one in drawn:
            if isinstance(one, Slice):
                self.slices.append(one)
            else:
                self.instants.append(one)


def _until_the_next(episodes: Iterable[Episode]) -> list[tuple[Episode, int]]:
    """Return each episode with its end: at the latest where the thread's next one begins."""
    found: list[tuple[Episode, int]] = []
    next_ns: dict[Track, int] = {}
    for episode in sorted(episodes, key=lambda one: one.time_ns, reverse=True):
        after_ns = None if episode.follow_up is None else episode.follow_up.after_ns
        end_ns = max(episode.end_ns, episode.time_ns + (after_ns or 0))
        end_ns = min(end_ns, next_ns.get(_track(episode), end_ns))
        next_ns[_track(episode)] = episode.time_ns
        found.append((episode, end_ns))
    return found[::-1]


def _track(episode: Episode | TraceLine) -> Track:
    return Track(episode.tgid, episode.tid)


def _signal_name(episode: Episode) -> str:
    return "no signal" if episode.signal is None else episode.signal.name


def _whole(episode: Episode, end_ns: int) -> Slice:
    name = f"#{episode.id} {_call_name(episode)} → {episode.outcome.value}"
    category = f"episode,{episode.outcome.value}"
    return Slice(_track(episode), name, category, episode.time_ns, end_ns, _args(episode))


def _call_name(episode: Episode) -> str:
    return "no call" if episode.syscall is None else episode.syscall.syscall.name


def _args(episode: Episode) -> Json:
    """Return what a viewer shows of a slice that was clicked."""
    induced = episode.tracer_induced
    args: Json = {
        "what": wording.headline(episode),
        "in short": episode.headline,
        "outcome": episode.outcome.value,
        "confidence": episode.confidence.value,
        "tracer-induced": None if induced is None else induced.value,
        "call": None if episode.syscall is None else episode.syscall.syscall.text,
        "kernel action": episode.kernel_action.value,
        "explanation": {
            layer.value: [one.text for one in episode.explanation if one.layer is layer]
            for layer in Layer
        },
        "exceptions": [wording.exception(raised) for raised in episode.exceptions],
        "cost": list(episode.consequences),
        "advice": list(episode.advice),
        "evidence": [f"{one.kind.value}: {one.text}" for one in episode.evidence],
    }
    return {key: value for key, value in args.items() if value not in (None, "", [], {})}


def _signal(episode: Episode) -> Instant:
    """Draw the signal, where it was delivered, on a track of who sent it."""
    signal = episode.signal
    args: Json = {"episode": episode.id, "to": episode.tid}
    if signal is not None:
        args |= {"code": signal.code, "uid": signal.sender_uid, "command": signal.sender_command}
        args["when"] = "delivered here; when it was sent is not known"
    args = {key: value for key, value in args.items() if value is not None}
    return Instant(_sender(episode), _signal_name(episode), "signal", episode.time_ns, args)


def _sender(episode: Episode) -> Track:
    """Return a track of its own: of a sender its process is known, not its thread."""
    pid = None if episode.signal is None else episode.signal.sender_pid
    return Track(pid or _NO_PID, _NO_PID + (pid or 0))


def _called_again(episode: Episode, end_ns: int) -> Iterator[Slice]:
    """Draw the call that was made again, from when the outcome was known until it came back."""
    follow_up = episode.follow_up
    if follow_up is None or episode.end_ns >= end_ns:
        return
    name = f"{_call_name(episode)} again = {follow_up.retval}"
    yield Slice(_track(episode), name, "again", episode.end_ns, end_ns, {"episode": episode.id})


def _exceptions(episode: Episode) -> Iterator[Instant]:
    if not episode.exceptions:
        return
    name = " → ".join(raised.type_name for raised in episode.exceptions)
    args: Json = {
        "episode": episode.id,
        "exceptions": [wording.exception(raised) for raised in episode.exceptions],
        "caught": {None: "not known", False: "nobody caught it", True: "yes"}[episode.caught],
        "when": "not known: drawn where the outcome was known",
    }
    if episode.caught_at is not None:
        args["caught"] = f"in {wording.place(episode.caught_at, full_path=True)}"
    yield Instant(_track(episode), name, "exception", episode.end_ns, args)


def _handler(episode: Episode, main_threads: dict[int, int]) -> Slice | Instant | None:
    """Draw the Python handler: until CPython called again, else only where it began.

    It runs in Python's main thread, which is known if that had an episode of its own.
    """
    run = None if episode.python is None else episode.python.handler
    main_tid = main_threads.get(episode.tgid)
    if run is None or run.delay_ns is None or main_tid is None:
        return None
    if run.delay_bound is DelayBound.AT_LEAST:
        return None
    name = "handler" if run.location is None else f"handler {wording.place(run.location)}"
    args: Json = {"episode": episode.id}
    track, began_ns = Track(episode.tgid, main_tid), episode.time_ns + run.delay_ns
    if run.delay_bound is DelayBound.EXACT and run.ended_within_ns is not None:
        args["ended"] = "right before the end of this slice, where CPython made the call again"
        ended_ns = episode.time_ns + run.ended_within_ns
        return Slice(track, name, "handler", began_ns, ended_ns, args)
    args["began"] = "by here" if run.delay_bound is DelayBound.AT_MOST else "here"
    args["ended"] = "not seen"
    return Instant(track, name, "handler", began_ns, args)


def _lines(report: Report) -> Iterator[Slice | Instant]:
    """Draw each line once, but for those of the signals, which are drawn already."""
    told: set[TraceLine] = set()
    for episode in report.episodes:
        call = _interrupted(episode)
        for line in episode.lines:
            if line not in told and _SIGNAL.search(line.text) is None:
                told.add(line)
                yield _line(line, episode.time_ns - 1 if line is call else _end(line))


def _interrupted(episode: Episode) -> TraceLine | None:
    """Return the line of the interrupted call, which the signal ended."""
    before = [line for line in episode.lines if line.time_ns < episode.time_ns - 1]
    named = [line for line in before if _name(line) == _call_name(episode)]
    return named[-1] if named else None


def _end(line: TraceLine) -> int | None:
    """Return when the call of a line ended, where strace -T says it."""
    spent = _SPENT.search(line.text)
    if spent is None or _RESUMED.search(line.text) is not None:
        return None
    return line.time_ns + int(spent[1]) * 10**9 + int(spent[2].ljust(9, "0"))


def _line(line: TraceLine, end_ns: int | None) -> Slice | Instant:
    args: Json = {"line": line.text}
    if line.number is not None:
        args["number"] = line.number
    if line.note is not None:
        args["note"] = line.note
    if end_ns is None:
        return Instant(_track(line), _name(line), "line", line.time_ns, args)
    return Slice(_track(line), _name(line), "line", line.time_ns, end_ns, args)


def _name(line: TraceLine) -> str:
    """Return the name of a line's call, which pid and time may stand before."""
    for pattern, ending in ((_RESUMED, " resumed"), (_CALL, "")):
        found = pattern.search(line.text)
        if found is not None:
            return f"{found[1]}{ending}"
    return line.text or "line"


def _names(report: Report) -> TrackNames:
    processes = {_NO_PID: "sender not known, or the kernel"}
    threads: dict[Track, str] = {}
    for episode in report.episodes:
        sender = _sender(episode)
        threads[sender] = "signals sent"
        if episode.signal is not None and episode.signal.sender_command is not None:
            processes[sender.pid] = episode.signal.sender_command
        threads[_track(episode)] = "main thread" if episode.main_thread else "thread"
    processes |= {seen.tgid: wording.process(seen) for seen in report.processes}
    used = {track.pid for track in threads}
    return TrackNames({pid: processes[pid] for pid in processes if pid in used}, threads)


def _other_data(report: Report, scale: Scale) -> Json:
    header, summary = report.header, report.summary
    data: Json = {
        "made by": f"eintr-trace {header.tool_version}",
        "source": header.source.value,
        "kernel": f"{header.kernel} {header.arch}",
        "clock": header.clock.value,
        "0 µs": wording.clock_time(header, scale.first_ns, None),
        "passed on unread": summary.passed,
        "events lost": summary.lost,
        "warnings": list(report.warnings),
    }
    if not header.clock.is_timed:
        data["times"] = "the log has none: a microsecond is a line of it, and no duration is known"
    return data
