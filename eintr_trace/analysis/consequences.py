"""What an interruption cost the program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from eintr_trace.analysis.calls import is_meant_to_end
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.frames import Stack
from eintr_trace.analysis.outcome import Finding
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import bare_name, duration
from eintr_trace.facts.thrift import OnEintr, ThriftFact, thrift_facts_for
from eintr_trace.model.episodes import Outcome

# The Thrift compiler's Python code: `get_image` sends, then `recv_get_image` reads the reply.
_THRIFT_RECEIVE_PREFIX = "recv_"
_RAISING = frozenset({Outcome.RAISED, Outcome.ABANDONED_BY_HANDLER})


@dataclass(frozen=True)
class Consequence:
    """One sentence and the topics of the evidence it rests on."""

    text: str
    topics: tuple[Topic, ...]


def consequences(trail: Trail, finding: Finding) -> tuple[Consequence, ...]:
    """List what the interruption cost, most important first."""
    found = (make(trail, finding) for make in _MAKERS)
    return tuple(consequence for consequence in found if consequence is not None)


def lost_frames(trail: Trail, finding: Finding) -> Stack:
    """Give the frames that the exception left before it was caught, innermost first."""
    python = trail.interruption.python
    caught_in = finding.catching.frame_address
    if finding.outcome not in _RAISING or python is None or caught_in is None:
        return ()
    addresses = [frame.address for frame in python.frames]
    return python.frames[: addresses.index(caught_in)] if caught_in in addresses else ()


def thrift_facts(frames: Stack) -> Iterator[ThriftFact]:
    """Give what is known of Thrift's functions among ``frames``, newest release's fact each."""
    for frame in frames:
        yield from thrift_facts_for(frame.location.file, frame.location.function)[-1:]


def _lost_result(trail: Trail, finding: Finding) -> Consequence | None:
    lost = lost_frames(trail, finding)
    if not lost:
        return None
    topics = (Topic.STACK, Topic.CATCHER)
    names = [bare_name(frame.location.function) for frame in lost]
    for name in names:
        method = name.removeprefix(_THRIFT_RECEIVE_PREFIX)
        if method != name and method in names:
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


def _unread(trail: Trail, finding: Finding) -> Consequence | None:
    if finding.outcome not in _RAISING or not trail.unread_bytes:
        return None
    text = f"The socket was closed with {trail.unread_bytes} bytes that nobody had read."
    return Consequence(text, (Topic.UNREAD,))


def _early(trail: Trail, finding: Finding) -> Consequence | None:
    sighting = finding.sighting
    if finding.outcome is not Outcome.RETURNED_EARLY or sighting is None:
        return None
    call = trail.interruption.call
    if call is None or is_meant_to_end(call.syscall):
        return None
    after = duration(sighting.time_ns - trail.interruption.time_ns)
    text = (
        f"The program went on at most {after} after the signal, with no exception to tell it"
        " that the call had not run its course."
    )
    return Consequence(text, (Topic.STATE, Topic.REENTERED))


def _thread_ends(_: Trail, finding: Finding) -> Consequence | None:
    if not finding.catching.by_thread_bootstrap:
        return None
    text = "Only threading's own code caught it, which prints the exception and ends the thread."
    return Consequence(text, (Topic.CATCHER,))


def _process_ended(trail: Trail, finding: Finding) -> Consequence | None:
    exited = trail.exited
    if exited is None or finding.outcome not in _RAISING:
        return None
    if exited.signo is not None:
        how = f"by {exited.signal_name or f'signal {exited.signo}'}"
    else:
        how = f"with status {exited.status}"
    if finding.catching.caught is False and trail.interruption.is_main_thread:
        text = f"The uncaught exception ended the process {how}."
        return Consequence(text, (Topic.CATCHER, Topic.ENDING))
    after = duration(exited.time_ns - trail.interruption.time_ns)
    return Consequence(f"The process ended {how}, {after} after the signal.", (Topic.ENDING,))


_MAKERS: tuple[Callable[[Trail, Finding], Consequence | None], ...] = (
    _lost_result,
    _lost_bytes,
    _unread,
    _early,
    _thread_ends,
    _process_ended,
)
