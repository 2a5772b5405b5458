"""The evidence of a verdict on an strace log: its lines, by number."""

from __future__ import annotations

from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.interruption import Trigger
from eintr_trace.analysis.kernel import ShownBy
from eintr_trace.analysis.logs.interrupt_key import has_default_int_handler
from eintr_trace.analysis.logs.side import Moment
from eintr_trace.analysis.trail import Trail
from eintr_trace.model.episodes import Evidence, EvidenceKind, Outcome
from eintr_trace.model.events import Disposition
from eintr_trace.model.trace_lines import LogLine

_MOST_SHOWN = 160


def delivery(trail: Trail, _: Finding) -> Evidence | None:
    """The interrupted call with its restart code, and the signal."""
    call, signal = _line(trail, Moment.CALL), _line(trail, Moment.DELIVERY)
    call = call or _line(trail, Moment.BEFORE)
    if call is None or signal is None:
        return _shown(trail, Moment.CALL) or _shown(trail, Moment.DELIVERY)
    text = f"{_said(call)}; {_said(signal)}"
    return Evidence(EvidenceKind.LOG_LINE, text, _time(trail, signal))


def disposition(trail: Trail, _: Finding) -> Evidence | None:
    """Whether the program has a handler: from rt_sigaction, or from what followed."""
    interruption = trail.interruption
    if interruption.trigger is not Trigger.DELIVERY or interruption.disposition is None:
        return None
    name = interruption.signal_name
    match interruption.disposition:
        case Disposition.CAUGHT:
            text = f"the program has a handler for {name}"
        case Disposition.IGNORED:
            text = f"the program ignores {name}"
        case Disposition.DEFAULT:
            text = f"the default action of {name}, {interruption.default_action}, applies"
    if trail.learned_disposition:
        text = f"{text}, to go by what followed: whether a handler returned, whether it lived on"
        return Evidence(EvidenceKind.FOLLOWING_CALL, text)
    installed = interruption.installed
    if installed is not None:
        return Evidence(EvidenceKind.LOG_LINE, f"line {installed.line}: {_cut(installed.text)}")
    return Evidence(EvidenceKind.LOG_LINE, f"rt_sigaction, as far as the log has it: {text}")


def default_int_handler(trail: Trail, _: Finding) -> Evidence | None:
    """Whose handler of SIGINT it is, by when it was installed."""
    if not has_default_int_handler(trail):
        return None
    text = (
        "the first handler of SIGINT since execve, and none after it: CPython's own, which raises"
        " KeyboardInterrupt whenever it is called (Modules/signalmodule.c,"
        " signal_default_int_handler())"
    )
    return Evidence(EvidenceKind.RULE, text)


def signal_frame(trail: Trail, finding: Finding) -> Evidence | None:
    """What rt_sigreturn put back."""
    if trail.restored is None or finding.kernel.shown_by is not ShownBy.SIGNAL_FRAME:
        return None
    return _shown(trail, Moment.HANDLER_RETURN)


def reentered(trail: Trail, _: Finding) -> Evidence | None:
    """The call made again."""
    return None if trail.reentered is None else _shown(trail, Moment.AGAIN)


def follow_up(trail: Trail, _: Finding) -> Evidence | None:
    """The result of the call made again."""
    if trail.reentered is None:
        return None
    if trail.follow_up is not None:
        return _shown(trail, Moment.CAME_BACK)
    if trail.reentry_interrupted:
        text = "the call made again was interrupted in turn"
        return Evidence(EvidenceKind.FOLLOWING_CALL, text)
    return None


def state(trail: Trail, finding: Finding) -> Evidence | None:
    """What the thread did instead of making the call again."""
    resting = {Outcome.RAISED, Outcome.RETURNED_EARLY, Outcome.ABANDONED_BY_HANDLER}
    if finding.outcome not in resting | {Outcome.UNKNOWN}:
        return None
    return _shown(trail, Moment.NEXT_CALL)


def exception(trail: Trail, finding: Finding) -> Evidence | None:
    """An exception that was printed."""
    if finding.outcome is not Outcome.ABANDONED_BY_HANDLER:
        return None
    return _shown(trail, Moment.EXCEPTION)


def ending(trail: Trail, _: Finding) -> Evidence | None:
    """How the process ended."""
    return None if trail.exited is None else _shown(trail, Moment.ENDED)


def _line(trail: Trail, moment: Moment) -> LogLine | None:
    return None if trail.log is None else trail.log.lines.get(moment)


def _shown(trail: Trail, moment: Moment) -> Evidence | None:
    line = _line(trail, moment)
    if line is None:
        return None
    return Evidence(EvidenceKind.LOG_LINE, _said(line), _time(trail, line))


def _said(line: LogLine) -> str:
    return f"line {line.number}: {_cut(line.text)}"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _time(trail: Trail, line: LogLine) -> int | None:
    return line.time_ns if trail.interruption.vantage.clock.is_timed else None
