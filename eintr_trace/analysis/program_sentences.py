"""What it came to for the program, in words."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.consequences import consequences
from eintr_trace.analysis.draft import Draft
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import later, result
from eintr_trace.model.episodes import Confidence, Layer, Outcome

_CALLED_AGAIN = frozenset(
    {Outcome.RESTARTED_BY_KERNEL, Outcome.RESUMED_BY_INTERPRETER, Outcome.RETRIED_BY_PROGRAM}
)


def program_sentences(trail: Trail, finding: Finding) -> Iterator[Draft]:
    """Say how the call ended for the program, and what was lost."""
    if finding.reason is not None:
        yield _draft(f"The outcome is not known: {finding.reason}.", *_SEEN)
    if finding.outcome in _CALLED_AGAIN:
        yield from _follow_up(trail)
    for consequence in consequences(trail, finding):
        yield _draft(consequence.text, *consequence.topics)
    yield from _unharmed(finding)


_SEEN = (
    Topic.DELIVERY,
    Topic.SIGNAL_FRAME,
    Topic.REENTERED,
    Topic.STATE,
    Topic.INTERPRETER,
    Topic.LOST,
    Topic.REDUCED,
    Topic.ENDING,
)


def _draft(text: str, *topics: Topic) -> Draft:
    return Draft(Layer.PROGRAM, text, topics)


def _follow_up(trail: Trail) -> Iterator[Draft]:
    again = trail.reentered
    if again is None or again.call is None:
        return
    name = again.call.name
    if trail.follow_up is not None:
        given = result(name, trail.follow_up.retval)
        after = later(trail.follow_up.after_ns, trail.interruption.what_came)
        text = f"The call made again {given}{after}."
        yield _draft(text, Topic.FOLLOW_UP)
    elif trail.reentry_interrupted:
        text = "The call made again was interrupted in turn: see the next interruption."
        yield _draft(text, Topic.FOLLOW_UP)


def _unharmed(finding: Finding) -> Iterator[Draft]:
    match finding.outcome:
        case Outcome.RESTARTED_BY_KERNEL:
            text = "For the program the call simply went on."
            seen = finding.confidence is Confidence.OBSERVED
            rule = () if seen else (Topic.KERNEL_RULE,)
            yield _draft(text, Topic.SIGNAL_FRAME, Topic.REENTERED, *rule)
        case Outcome.RESUMED_BY_INTERPRETER:
            text = "The Python code that made the call did not notice that it was interrupted."
            seen = finding.confidence is Confidence.OBSERVED
            shown_by = (Topic.DECISION, Topic.C_STACK_AGAIN) if seen else (Topic.PEP475,)
            yield _draft(text, Topic.REENTERED, Topic.STATE, *shown_by)
        case Outcome.COMPLETED:
            text = "There was nothing left to restart: the program gets this result."
            yield _draft(text, Topic.DELIVERY)
        case _:
            return
