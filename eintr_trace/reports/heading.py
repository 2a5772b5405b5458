"""What a page says of a trace before its episodes: what was traced, when, and how it ended."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from eintr_trace.facts.reductions import REDUCTION_TEXTS
from eintr_trace.model.events import ProcessSeen
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceClock, TraceHeader, TraceMode, TraceSource
from eintr_trace.reports import wording

_MOST_RUNS = 12
_NS_PER_S = 1_000_000_000
_NOT_KNOWN = "not known"  # as TraceHeader has it
_LONGEST_TITLE = 90  # characters

_SOURCES = {
    TraceSource.LIVE: "traced live",
    TraceSource.STRACE_LOG: "a log of strace",
    TraceSource.RECORDING: "a recording",
}
_MODES = {
    TraceMode.SIGNAL_ARMED: "from signal to outcome only",
    TraceMode.EVERY_SYSCALL: "every system call",
}


def title(report: Report) -> str:
    """Return the page's heading: the program that the first episode is of, or the first seen."""
    programs = {seen.tgid: seen for seen in report.processes}
    first = next((episode.tgid for episode in report.episodes), None)
    seen = programs.get(first) if first is not None else next(iter(programs.values()), None)
    if seen is None:
        return "A trace"
    words = [_program_name(seen), *map(_short, seen.argv[1:])] if seen.argv else []
    text = " ".join(words) or seen.exe or f"process {seen.tgid}"
    return text if len(text) <= _LONGEST_TITLE else text[: _LONGEST_TITLE - 1] + "…"


def processes(report: Report) -> list[tuple[int, str]]:
    """Return the program that each process was last."""
    last: dict[int, ProcessSeen] = {seen.tgid: seen for seen in report.processes}
    return [(tgid, wording.process(seen)) for tgid, seen in last.items()]


def facts(report: Report, zone: tzinfo | None) -> list[tuple[str, str]]:
    """Return names and values: the machine, the time, how it was traced, the end."""
    header = report.header
    rows = [
        ("kernel", _kernel(header)),
        ("when", when(header, zone)),
        ("how", f"{_SOURCES[header.source]}, {_MODES[header.mode]}"),
        ("end", _end(report)),
    ]
    return [(name, value) for name, value in rows if value]


def when(header: TraceHeader, zone: tzinfo | None) -> str:
    """Return the date and time at which a trace began, as far as its clock says it."""
    if header.clock is not TraceClock.MONOTONIC:
        return ""
    try:
        began = datetime.fromtimestamp(header.realtime_anchor_ns // _NS_PER_S, UTC)
        return f"{began.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
    except (ValueError, OverflowError, OSError):  # all three: datetime.fromtimestamp's page
        return "time not known"


def _kernel(header: TraceHeader) -> str:
    """Return the system, as far as it is known: a log of strace does not say it."""
    return ", ".join(
        text
        for prefix, value in (("Linux ", header.kernel), ("", header.arch))
        if value != _NOT_KNOWN
        for text in [prefix + value]
    )


def notices(report: Report) -> list[str]:
    """Return what the reader should know before trusting the rest."""
    summary = report.summary
    found = [_sentence(warning) for warning in report.warnings]
    if summary.by_tracer_induced:
        found.append(f"Tracer-induced: {wording.induced(report)}.")
    if summary.lost:
        found.append(f"{wording.lost(summary.lost)}.")
    if summary.passed:
        found.append(f"{wording.passed(summary.passed)}.")
    if summary.merged:
        found.append(f"{wording.merged(summary.merged)}.")
    for kind, _count in summary.by_reduction:
        numbers = [episode.id for episode in report.episodes if kind in episode.reduced]
        found.append(f"In {wording.numbered(numbers, _MOST_RUNS)}, {REDUCTION_TEXTS[kind]}.")
    return found


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _program_name(seen: ProcessSeen) -> str:
    name = seen.argv[0]
    if name.endswith("...") and seen.exe is not None:  # cut by strace, as of -s N characters
        name = seen.exe
    return _short(name)


def _short(word: str) -> str:
    return word.rpartition("/")[2] or word


def _end(report: Report) -> str:
    if report.ended is None:
        return "the recording breaks off: what came after is not in it"
    return wording.end_of_trace(report.header, report.ended)
