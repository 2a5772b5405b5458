"""Short phrases for parts of an episode, for renderers that write for people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from eintr_trace.analysis.wording import child_news
from eintr_trace.facts.c_functions import CFunctionRole, role_of
from eintr_trace.facts.restart_codes import RestartCode
from eintr_trace.model.c_stack import PathStep
from eintr_trace.model.episodes import (
    Decision,
    Episode,
    FollowUp,
    InterruptedSyscall,
    KernelAction,
    Outcome,
    RaisedException,
)
from eintr_trace.model.events import EndReason, ProcessSeen, SignalInfo, TraceEnded
from eintr_trace.model.python_state import CodeLocation
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceClock, TraceHeader, TraceSource

_ARGV_SHOWN = 300
_WORDS_SHOWN = 3
_NS_PER_S = 1_000_000_000
_S_PER_DAY = 86_400

_END_PHRASES: dict[EndReason, str] = {
    EndReason.DETACHED: "ended by a signal to eintr-trace",
    EndReason.DURATION: "ended after the time that --duration asked for",
    EndReason.COUNT: "ended after the number of signals that --count asked for",
    EndReason.TRACEES_GONE: "ended with the program",
    EndReason.CUT_SHORT: "cut short: what came after is not in it",
}

_ENDS_OF_LOGS: dict[EndReason, str] = {
    EndReason.DETACHED: "ended with the log, which does not show the program end",
    EndReason.CUT_SHORT: "ended with the log, whose last line is cut: what came after is not in it",
}


def end_of_trace(header: TraceHeader, ended: TraceEnded) -> str:
    """Return why a trace ends where it does; what ended strace, its log does not say."""
    if header.source is TraceSource.STRACE_LOG:
        return _ENDS_OF_LOGS.get(ended.reason, _END_PHRASES[ended.reason])
    return _END_PHRASES[ended.reason]


def clock_time(header: TraceHeader, time_ns: int, zone: tzinfo | None) -> str:
    """Return a moment of a trace as people read it; ``zone`` ``None``: local time.

    The wall clock, to the millisecond. A log's own time of day is not shifted by a time zone; a
    log with times since its first line has these, one without any the numbers of its lines. A
    recording may hold any number: what is in no year that datetime knows is not known.
    """
    match header.clock:
        case TraceClock.LINE_NUMBERS:
            return f"line {time_ns}"
        case TraceClock.RELATIVE:
            return f"+{time_ns / _NS_PER_S:.3f} s"
        case TraceClock.TIME_OF_DAY:
            return _time_of_day(time_ns)
        case TraceClock.MONOTONIC | TraceClock.EPOCH:
            return _wall_clock(header, time_ns, zone)


def _time_of_day(time_ns: int) -> str:
    """Return ``13:05:07.123``; without a fraction where the log is in whole seconds."""
    seconds, below_ns = divmod(time_ns, _NS_PER_S)
    hours, seconds = divmod(seconds % _S_PER_DAY, 3600)
    text = f"{hours:02d}:{seconds // 60:02d}:{seconds % 60:02d}"
    return f"{text}.{below_ns // 1_000_000:03d}" if below_ns else text


def _wall_clock(header: TraceHeader, time_ns: int, zone: tzinfo | None) -> str:
    realtime_ns = time_ns - header.monotonic_anchor_ns + header.realtime_anchor_ns
    seconds, below_ns = divmod(realtime_ns, _NS_PER_S)
    try:
        when = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):  # all three: datetime.fromtimestamp's page
        return "time not known"
    return f"{when:%H:%M:%S}.{below_ns // 1_000_000:03d}"


def duration(span_ns: int) -> str:
    """Return a span of time with three digits: ``34.0 µs``, ``1.20 s``."""
    for unit, unit_ns in (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)):
        if span_ns >= unit_ns:
            value = span_ns / unit_ns
            digits = max(0, 3 - len(str(int(value))))
            return f"{value:.{digits}f} {unit}"
    return f"{span_ns} ns"


def numbered(numbers: Iterable[int], most: int | None = None) -> str:
    """Return ascending episode numbers, runs of them as their ends: ``#2, #4 to #9``.

    Of more than ``most`` runs the later ones are counted: ``… and 12 more``.
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    shown = ", ".join(" to ".join(f"#{end}" for end in run) for run in runs[:most])
    left = sum(run[-1] - run[0] + 1 for run in runs[len(runs[:most]) :])
    return f"{shown} and {left} more" if left else shown


def headline(episode: Episode) -> str:
    """Return who was interrupted by what, and where; without the outcome."""
    what = "No signal" if episode.signal is None else _signal(episode.signal)
    return f"{what} while {_thread(episode)} {_activity(episode)}"


def _thread(episode: Episode) -> str:
    if not episode.tid:
        return "the thread"  # of a log that does not tell its number
    return f"main thread {episode.tid}" if episode.main_thread else f"thread {episode.tid}"


def _signal(signal: SignalInfo) -> str:
    news = child_news(signal)
    if news is not None:
        return f"{signal.name} ({news})"
    if signal.sender_pid:
        command = f" ({signal.sender_command})" if signal.sender_command else ""
        return f"{signal.name} from {signal.sender_pid}{command}"
    return f"{signal.name} ({signal.code})" if signal.code else signal.name


def _activity(episode: Episode) -> str:
    syscall = episode.syscall
    if syscall is None and episode.outcome is Outcome.UNKNOWN:
        return "is not shown in a call"  # an strace log does not tell whether one was ending
    if syscall is None:
        return "was in no system call"
    if syscall.restart_code is None:
        return f"came back from {syscall.syscall.name}"
    return f"waited in {syscall.syscall.name}"


def counted(count: int, noun: str) -> str:
    """Return ``1 pair``, ``2 pairs``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def more_processes(count: int) -> str:
    """Say how many processes a list leaves out."""
    return f"and {count} more {'process' if count == 1 else 'processes'}"


def lost(count: int) -> str:
    """Say that so many events are not in a report."""
    are = "is" if count == 1 else "are"
    return f"{counted(count, 'event')} {are} missing: the report could not keep up"


def passed(count: int) -> str:
    """Say how many deliveries nobody looked at."""
    return f"{counted(count, 'signal')} went by unread, so that the program made progress"


def merged(count: int) -> str:
    """Say how many signals the tracer's holds have merged."""
    into = "another" if count == 1 else "others"
    return f"{counted(count, 'signal')} merged into {into} while the tracer held a thread"


def words_explained(report: Report) -> str:
    """Say how to learn what the outcomes and restart codes of a report mean; some of them."""
    calls = (episode.syscall for episode in report.episodes)
    seen = {call.restart_code for call in calls if call is not None}
    # A recording may hold any text, and this line is there to be copied to a shell.
    codes = [code.name for code in RestartCode if code.name in seen]
    words = [*(outcome.value for outcome, _ in report.summary.by_outcome), *codes]
    return f"eintr-trace explain {' '.join(words[:_WORDS_SHOWN])} says what they mean"


def call_result(syscall: InterruptedSyscall, action: KernelAction) -> str:
    """Return the result of the interrupted call as strace writes it, then what became of it."""
    code = syscall.restart_code
    if code == "EINTR":
        return "= -1 EINTR"
    if code is None:
        return f"= {syscall.retval}"
    after = {
        KernelAction.EINTR: ", handed out as EINTR",
        KernelAction.RESTART: ", restarted",
        KernelAction.NONE: "",
    }[action]
    return f"= ? {code}{after}"


def call_again(syscall: InterruptedSyscall, follow_up: FollowUp) -> str:
    """Return what the call gave when it was made again, and how long after the signal."""
    after_ns = follow_up.after_ns
    after = "" if after_ns is None else f", {duration(after_ns)} after the signal"
    return f"{syscall.syscall.name} again = {follow_up.retval}{after}"


def place(location: CodeLocation, full_path: bool = False) -> str:
    """Return ``function (file:line)``; the file without its directory if not in full."""
    path = location.file if full_path else location.file.rpartition("/")[2]
    line = "" if location.line is None else f":{location.line}"
    return f"{location.function} ({path}{line})"


def decision_path(decision: Decision, whole: bool) -> list[str]:
    """Return the functions that led to a decision, outermost first.

    ``whole``: with those of CPython that only hand a call on.
    """
    functions = [*reversed(decision.c_stack), decision.function]
    if whole:
        return functions
    return [name for name in functions if role_of(name) is not CFunctionRole.CALL_PROTOCOL]


def path_step(step: PathStep) -> str:
    """Return ``recv+0x19, 7 instructions (/usr/lib/libc.so.6)``."""
    count = f"{step.instructions} instruction{'' if step.instructions == 1 else 's'}"
    offset = "" if step.offset is None else f"+{step.offset:#x}"
    file = step.file or "no file"
    if step.function is None:
        return f"{file}{offset}, {count}"
    return f"{step.function}{offset}, {count} ({file})"


def exception(raised: RaisedException) -> str:
    """Return ``type [Errno n]: message``, as far as known; CPython's own message has both."""
    message = "" if raised.message is None else f": {raised.message}"
    number = "" if raised.errno is None else f"[Errno {raised.errno}]"
    if not number or number in message:
        return f"{raised.type_name}{message}"
    return f"{raised.type_name} {number}{message}"


def not_said_yet(episode: Episode) -> list[str]:
    """Return the consequences that are no sentence of the explanation as well."""
    said = {sentence.text for sentence in episode.explanation}
    return [consequence for consequence in episode.consequences if consequence not in said]


def induced(report: Report) -> str:
    """Return the counts of what the tracer brought about, apart from the program's own."""
    kinds = ", ".join(f"{count} {kind.value}" for kind, count in report.summary.by_tracer_induced)
    own = ", ".join(f"{count} {outcome.value}" for outcome, count in report.own_outcomes)
    count = sum(count for _, count in report.summary.by_tracer_induced)
    return (
        f"without the tracer, {count} of the {len(report.episodes)} would not have come, or not"
        f" like this ({kinds}). The program's own: {own or 'none'}"
    )


def process(seen: ProcessSeen) -> str:
    """Return what runs in a process; a long command line is cut."""
    argv = " ".join(seen.argv) or seen.exe or "command line not known"
    if len(argv) > _ARGV_SHOWN:
        argv = argv[:_ARGV_SHOWN] + "…"
    if seen.interpreter is not None and seen.interpreter_problem is None:
        return f"{seen.interpreter.name}: {argv}"
    if seen.interpreter_problem is not None:
        return f"{argv} ({seen.interpreter_problem})"
    return argv
