"""The frames that an exception left before it was caught, and what they were doing."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.frames import Stack
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import bare_name
from eintr_trace.facts.thrift import APACHE_THRIFT, RECEIVE_PREFIX, ThriftFact, thrift_facts_for
from eintr_trace.model.episodes import Outcome

RAISING = frozenset({Outcome.RAISED, Outcome.ABANDONED_BY_HANDLER})


def lost_frames(trail: Trail, finding: Finding) -> Stack:
    """Give the frames that the exception left before it was caught, innermost first."""
    python = trail.interruption.python
    caught_in = finding.catching.frame_address
    if finding.outcome not in RAISING or python is None or caught_in is None:
        return ()
    addresses = [frame.address for frame in python.frames]
    return python.frames[: addresses.index(caught_in)] if caught_in in addresses else ()


def thrift_facts(frames: Stack) -> Iterator[ThriftFact]:
    """Give what is known of Thrift's functions among ``frames``, newest release's fact each."""
    for frame in frames:
        yield from thrift_facts_for(frame.location.file, frame.location.function)[-1:]


def lost_reply_of(frames: Stack) -> str | None:
    """Name the Thrift method whose reply was being read in ``frames``.

    The Thrift compiler's Python code: `get_image` sends, then `recv_get_image` reads the reply.
    """
    names = [bare_name(frame.location.function) for frame in frames]
    for name in names:
        method = name.removeprefix(RECEIVE_PREFIX)
        if method != name and method in names:
            return method
    return None


def goes_through_thrift(trail: Trail, finding: Finding) -> bool:
    """Tell whether the exception left a function of Apache Thrift's Python library."""
    facts = thrift_facts(lost_frames(trail, finding))
    return any(fact.library == APACHE_THRIFT for fact in facts)


def is_out_of_step(trail: Trail, finding: Finding) -> bool:
    """Tell whether library code was left that cannot go on reading where it was."""
    return any(fact.retry_is_safe is False for fact in thrift_facts(lost_frames(trail, finding)))
