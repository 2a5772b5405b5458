"""What an interruption cost the program."""

from __future__ import annotations

from collections.abc import Callable

from eintr_trace.analysis.calls import is_meant_to_end
from eintr_trace.analysis.connecting import waits_for_no_connect
from eintr_trace.analysis.consequence import Consequence
from eintr_trace.analysis.early_rules import is_without_exception
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.logs.side import Moment
from eintr_trace.analysis.lost_frames import RAISING, lost_frames, lost_reply_of, thrift_facts
from eintr_trace.analysis.sightings import Sighting
from eintr_trace.analysis.socket_consequences import (
    closed_unread,
    left_unread,
    received_next,
    sent_again,
    sent_twice,
)
from eintr_trace.analysis.timeout_consequences import timeout_began_again
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import after_the_signal, bare_name, later
from eintr_trace.facts.thrift import OnEintr
from eintr_trace.model.episodes import Outcome


def consequences(trail: Trail, finding: Finding) -> tuple[Consequence, ...]:
    """List what the interruption cost, most important first."""
    found = (make(trail, finding) for make in _MAKERS)
    return tuple(consequence for consequence in found if consequence is not None)


def _lost_result(trail: Trail, finding: Finding) -> Consequence | None:
    lost = lost_frames(trail, finding)
    if not lost:
        return None
    topics = (Topic.STACK, Topic.CATCHER)
    names = [bare_name(frame.location.function) for frame in lost]
    method = lost_reply_of(lost)
    if method is not None:
        text = f"The reply of {method} is lost: the exception left {names[0]}, which was"
        return Consequence(f"{text} waiting for it, and {method} gave no result.", topics)
    way = names[0] if len(names) == 1 else f"{names[0]} and its callers up to {names[-1]}"
    return Consequence(f"{names[-1]} gave no result: the exception left {way}.", topics)


def _lost_bytes(trail: Trail, finding: Finding) -> Consequence | None:
    lost = lost_frames(trail, finding)
    for fact in thrift_facts(lost):
        if fact.on_eintr is OnEintr.LOSES_DATA:
            return Consequence(f"{fact.text}.", (Topic.STACK, Topic.CATCHER))
    return None


def _early(trail: Trail, finding: Finding) -> Consequence | None:
    sighting = finding.sighting
    if finding.outcome is not Outcome.RETURNED_EARLY or sighting is None:
        return None
    if waits_for_no_connect(trail):
        text = (
            "connect is reported as done, but the socket is not connected: the next send on it"
            " fails with ENOTCONN."
        )
        return Consequence(text, (Topic.UNCONNECTED, Topic.REENTERED))
    call = trail.interruption.call
    if call is None or is_meant_to_end(call.syscall):
        return None
    went_on = f"The program went on{_at_most(trail, sighting)}"
    text = f"{went_on}, with no exception to tell it that the call had not run its course."
    if not is_without_exception(trail, finding):
        text = f"{went_on}, although the call had not run its course."
    return Consequence(text, (Topic.STATE, Topic.REENTERED))


def _thread_ends(_: Trail, finding: Finding) -> Consequence | None:
    if not finding.catching.by_thread_bootstrap:
        return None
    text = "Only threading's own code caught it, which prints the exception and ends the thread."
    return Consequence(text, (Topic.CATCHER,))


def _process_ended(trail: Trail, finding: Finding) -> Consequence | None:
    exited = trail.exited
    if exited is None or finding.outcome not in RAISING:
        return None
    if exited.signo is not None:
        how = f"by {exited.signal_name or f'signal {exited.signo}'}"
    else:
        how = f"with status {exited.status}"
    if finding.catching.caught is False and trail.interruption.is_main_thread:
        text = f"The uncaught exception ended the process {how}."
        return Consequence(text, (Topic.CATCHER, Topic.ENDING))
    after = later(trail.span_after(exited.time_ns), trail.interruption.what_came)
    return Consequence(f"The process ended {how}{after}.", (Topic.ENDING,))


def _at_most(trail: Trail, sighting: Sighting) -> str:
    """Say by when it had gone on: by the next call that a log shows, or by the sighting."""
    line = None if trail.log is None else trail.log.lines.get(Moment.NEXT_CALL)
    span_ns = trail.span_after(sighting.time_ns if line is None else line.time_ns)
    after = after_the_signal(span_ns, trail.interruption.what_came)
    return "" if span_ns is None else f" at most {after}"


_MAKERS: tuple[Callable[[Trail, Finding], Consequence | None], ...] = (
    _lost_result,
    _lost_bytes,
    left_unread,
    sent_again,
    received_next,
    closed_unread,
    sent_twice,
    timeout_began_again,
    _early,
    _thread_ends,
    _process_ended,
)
