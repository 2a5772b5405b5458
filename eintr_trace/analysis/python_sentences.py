"""What Python code saw of it, in words: the handler, the exception, who caught it."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.connecting import waits_for_no_connect
from eintr_trace.analysis.draft import Draft
from eintr_trace.analysis.early_rules import is_without_exception
from eintr_trace.analysis.exceptions import describe
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.handler import is_default_int_handler
from eintr_trace.analysis.handler_delay import delay_sentences
from eintr_trace.analysis.replaced_handler import handler_was_replaced
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import bare_name, called, duration, exception, place
from eintr_trace.model.episodes import Confidence, Layer, Outcome, RaisedException


def python_sentences(trail: Trail, finding: Finding) -> Iterator[Draft]:
    """Say where Python was, which handler ran, what was raised and who caught it."""
    yield from _where(trail)
    yield from _handler(trail, finding)
    yield from _raised(trail, finding)
    yield from _caught(finding)
    yield from _again(trail, finding)


def _draft(text: str, *topics: Topic) -> Draft:
    return Draft(Layer.PYTHON, text, topics)


def _where(trail: Trail) -> Iterator[Draft]:
    frame = trail.interruption.frame
    if frame is None:
        return
    calling = "running" if frame.calls is None else f"calling {frame.calls}"
    thread = "" if trail.interruption.is_main_thread else " in a thread that is not the main one"
    yield _draft(
        f"Python was {calling} in {place(frame.location)}{thread}.", Topic.STACK, Topic.THREAD
    )


def _handler(trail: Trail, finding: Finding) -> Iterator[Draft]:
    if trail.interruption.python_handler is None or handler_was_replaced(trail):
        return
    if not trail.interruption.is_main_thread:
        yield _draft(
            "CPython runs Python signal handlers in the main thread only, so this thread was"
            " interrupted without running the handler.",
            Topic.THREAD,
        )
    elif trail.handler_run is None:
        yield from _seen_later(trail)
    yield from delay_sentences(trail, finding)


def _seen_later(trail: Trail) -> Iterator[Draft]:
    handler, seen = trail.interruption.python_handler, trail.handler_seen
    location = None if handler is None else handler.location
    name = "(not Python code)" if location is None else place(location)
    if seen is not None:
        after = duration(trail.after(seen.time_ns))
        text = f"The Python handler {name} was seen running {after} after the signal."
        yield _draft(text, Topic.HANDLER)
    elif trail.handler_done_ns is not None:
        after = duration(trail.after(trail.handler_done_ns))
        text = f"The Python handler {name} was called within {after} of the signal."
        yield _draft(text, Topic.HANDLER)


def _raised(trail: Trail, finding: Finding) -> Iterator[Draft]:
    frame = trail.interruption.frame
    raised = describe(finding.chain, None if frame is None else frame.location)
    if not raised:
        return
    first, *others = raised
    where = "" if first.raised_at is None else f" in {place(first.raised_at)}"
    text = f"{exception(first)} was raised{where}"
    if others:
        text += "".join(f", became {exception(other)}{_how(other)}" for other in others)
    yield _draft(f"{text}.", Topic.EXCEPTION)


def _how(other: RaisedException) -> str:
    return "" if other.raised_at is None else f" in {place(other.raised_at)}"


def _caught(finding: Finding) -> Iterator[Draft]:
    if not finding.chain:
        return
    catching = finding.catching
    if catching.caught_at is not None:
        yield _draft(f"It was caught in {place(catching.caught_at)}.", Topic.CATCHER)
    elif catching.caught is False:
        yield _draft("Nobody caught it.", Topic.CATCHER)
    else:
        yield _draft("Who caught it, if anyone, was not seen.", Topic.EXCEPTION)


def _again(trail: Trail, finding: Finding) -> Iterator[Draft]:
    frame, again = trail.interruption.frame, finding.sighting
    if again is None or again.call is None:
        return
    by_table = (Topic.PEP475,) if finding.confidence is Confidence.INFERRED else ()
    match finding.outcome:
        case Outcome.RETRIED_BY_PROGRAM:
            snapshot = again.snapshot
            innermost = snapshot.frames[0] if snapshot is not None and snapshot.frames else None
            where = "" if innermost is None else f" from {place(innermost.location)}"
            text = f"The program then made the same call again{where}."
            yield _draft(text, Topic.REENTERED, *by_table)
        case Outcome.RETURNED_EARLY if not waits_for_no_connect(trail):
            name = bare_name(called(frame, again.call))
            text = f"{name} came back to Python without an exception, and the program went on."
            if not is_without_exception(trail, finding):
                text = (
                    f"{name} came back to Python, and the program went on. No exception was seen;"
                    " one that is caught leaves no trace."
                )
            yield _draft(text, Topic.STATE, Topic.REENTERED, *by_table)
        case Outcome.ABANDONED_BY_HANDLER if not finding.chain:
            topics = (Topic.STATE, Topic.HANDLER_END, Topic.DEFAULT_INT_HANDLER)
            yield _draft(_abandoned_unseen(trail), *topics)
        case Outcome.RAISED if not finding.chain:
            text = (
                "The program has gone on since: the exception had been caught before the thread"
                " was next seen, or waits while a `finally` block runs."
            )
            yield _draft(text, Topic.STATE, Topic.PEP475, Topic.HANDLER_END)
        case _:
            return


def _abandoned_unseen(trail: Trail) -> str:
    what = "an exception"
    if is_default_int_handler(trail.interruption.python_handler):
        what = "KeyboardInterrupt"
    went_on = "made the call again" if trail.reentered is not None else "gone on to another call"
    return (
        f"That handler ended in {what}, and the program has {went_on}; the exception itself was"
        " not seen."
    )
