"""Who decided about EINTR, in words, as far as a sample or the C stacks show it."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.answers import answer, stayed_in_c
from eintr_trace.analysis.c_stacks import frame_name
from eintr_trace.analysis.decision import (
    Sampled,
    is_called_directly,
    kept_library,
    sampled_decision,
)
from eintr_trace.analysis.draft import Draft
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.no_more_waiting import waited_long_enough
from eintr_trace.analysis.receiver_sentences import receiver_named
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import called
from eintr_trace.facts.pep475 import Behaviour
from eintr_trace.model.c_stack import CFrame, CodeRole, PathEnd
from eintr_trace.model.episodes import DecisionKind, KernelAction, Layer, Outcome

_OUTCOMES_OF = {
    Behaviour.RETRIES: (Outcome.RESUMED_BY_INTERPRETER, Outcome.ABANDONED_BY_HANDLER),
    Behaviour.LOOPS_IN_C: (Outcome.RESUMED_BY_INTERPRETER,),
    Behaviour.RAISES: (
        Outcome.RAISED,
        Outcome.RETRIED_BY_PROGRAM,
        Outcome.ABANDONED_BY_HANDLER,
    ),
}


def decision_sentences(trail: Trail, finding: Finding) -> Iterator[Draft]:
    """Say who decided, and where the table of CPython's behaviour knows it otherwise."""
    if finding.kernel.action is not KernelAction.EINTR:
        return
    sampled = sampled_decision(trail)
    if sampled is not None:
        if not _is_in_another_sentence(finding, sampled):
            yield _decided(trail, finding, sampled)
        yield from _otherwise_by_table(trail, finding, sampled)
    elif finding.outcome is Outcome.RETRIED_BY_LIBRARY:
        yield from _seen_both_times(trail, finding)
    elif finding.outcome is Outcome.RETRIED_BY_PROGRAM and is_called_directly(trail):
        text = (
            "Between the C library and ctypes there is no code that could make a call again: so"
            " Python code did."
        )
        yield Draft(Layer.C, text, (Topic.C_STACK,))
    yield from _given_back(trail, finding)


def made_again(trail: Trail) -> str:
    """Say that the call was made again, or what was called instead to go on."""
    again, call = trail.reentered, trail.interruption.call
    if waited_long_enough(trail):
        return "had no need to wait again: its time was up, or what it waited for had come"
    if again is None or again.call is None or call is None:
        return "called again"
    if again.call.name == call.syscall.name:
        return "made the same call again"
    return f"carried on with {again.call.name}"


def _is_in_another_sentence(finding: Finding, sampled: Sampled) -> bool:
    """Tell whether what is said of CPython's calling again says it."""
    is_asking = sampled.kind is DecisionKind.CALL_AGAIN
    return is_asking and finding.outcome is Outcome.RESUMED_BY_INTERPRETER


def _decided(trail: Trail, finding: Finding, sampled: Sampled) -> Draft:
    who, name, decider = _who(trail, finding, sampled), _call(trail), frame_name(sampled.decider)
    asked = f"{who} asked whether signal handlers were due"
    is_handlers = finding.outcome is Outcome.ABANDONED_BY_HANDLER
    match sampled.kind:
        case DecisionKind.RAISE | DecisionKind.CALL_AGAIN if is_handlers:
            text = (
                f"{who} ran Python's signal handlers from inside the call; an exception from one of"
                " them ended it."
            )
            return _draft(text, Topic.EXCEPTION, Topic.HANDLER_END)
        case DecisionKind.RAISE if sampled.function is sampled.decider:
            return _draft(f"{decider} made an exception of EINTR.")
        case DecisionKind.RAISE if _was_stepped_to(trail):
            return _draft(f"{who} made an exception of EINTR.")
        case DecisionKind.RAISE:
            return _draft(f"{who} made an exception of EINTR, with {decider}.")
        case DecisionKind.CALL_AGAIN if finding.outcome is Outcome.RETRIED_BY_LIBRARY:
            return _asked_and_called(trail, asked)
        case DecisionKind.CALL_AGAIN:
            return _draft(f"{asked}.")
        case DecisionKind.NONE if sampled.callers:
            return _draft(f"{asked}, and came back without making the call again.")
        case _:
            subject = "It" if _is_receiver_called(trail, finding) else name
            text = (
                f"{subject} came back without making the call again: CPython ran the Python handler"
                " only afterwards, in its evaluation loop."
            )
            return _draft(text)


def _asked_and_called(trail: Trail, asked: str) -> Draft:
    again = f"{asked}, and {made_again(trail)}"
    if stayed_in_c(trail):
        text = f"{again} without coming back to Python."
        return _draft(text, Topic.REENTERED, Topic.NOT_RETURNED)
    text = f"{again}; a loop in Python that called it again would look the same."
    return _draft(text, Topic.REENTERED, Topic.ASKED_IN_C)


def _was_stepped_to(trail: Trail) -> bool:
    """Tell whether the way from EINTR ends in what makes the exception, and so names it."""
    path = trail.c_side.path
    return path is not None and path.end is PathEnd.DECISION


def _draft(text: str, *topics: Topic) -> Draft:
    return Draft(Layer.C, text, (Topic.DECISION, *topics))


def _who(trail: Trail, finding: Finding, sampled: Sampled) -> str:
    """Name the function that decided; ``It``: the sentence before this one has named it."""
    if receiver_named(trail, finding) == frame_name(sampled.function):
        return "It"
    return _whose(sampled)


def _is_receiver_called(trail: Trail, finding: Finding) -> bool:
    """Tell whether what Python called is what was said to have got EINTR."""
    return receiver_named(trail, finding) == _call(trail)


def _whose(sampled: Sampled) -> str:
    """Name the function that decided: CPython's own, or with the file it lies in."""
    frame = sampled.function
    if sampled.role is CodeRole.CPYTHON:
        return f"CPython's {frame_name(frame)}"
    return f"{frame_name(frame)}{_of_file(frame)}"


def _of_file(frame: CFrame) -> str:
    if frame.function is None or frame.file is None:
        return ""
    return f" of {frame.file.rpartition('/')[2]}"


def _otherwise_by_table(trail: Trail, finding: Finding, sampled: Sampled) -> Iterator[Draft]:
    decision, interpreter = trail.interruption.pep475, trail.interruption.interpreter
    if decision is None or interpreter is None or sampled.kind is DecisionKind.NONE:
        return
    expected = _OUTCOMES_OF.get(decision.behaviour)
    if expected is None or finding.outcome in expected or finding.reason is not None:
        return
    text = (
        f"The table of CPython's behaviour knows {_call(trail)} of CPython {interpreter.version}"
        f" as one that {_SAYS[decision.behaviour]}: what was seen counts."
    )
    yield Draft(Layer.C, text, (Topic.DECISION, Topic.PEP475))


_SAYS = {
    Behaviour.RETRIES: "calls again",
    Behaviour.LOOPS_IN_C: "calls again",
    Behaviour.RAISES: "raises EINTR",
}


def _seen_both_times(trail: Trail, finding: Finding) -> Iterator[Draft]:
    library = kept_library(trail)
    if library is None:
        return
    who = f"{frame_name(library)}{_of_file(library)}"
    if receiver_named(trail, finding) == frame_name(library):
        who = "It"
    text = (
        f"{who} {made_again(trail)}: it was on the C stack both times, and no Python code had run"
        " in between."
    )
    shown_by = (Topic.C_STACK, Topic.C_STACK_AGAIN, Topic.REENTERED)
    yield Draft(Layer.C, text, (*shown_by, Topic.NOT_RETURNED, Topic.C_PATH))


def _given_back(trail: Trail, finding: Finding) -> Iterator[Draft]:
    given = answer(trail)
    if given is None or finding.chain or finding.outcome is Outcome.ABANDONED_BY_HANDLER:
        return
    who = "It" if _is_receiver_called(trail, finding) else _call(trail)
    what = "a value, without an exception" if given.is_value else "NULL: it had raised an exception"
    yield Draft(Layer.C, f"{who} gave CPython {what}.", (Topic.ANSWER,))


def _call(trail: Trail) -> str:
    call = trail.interruption.call
    return "the call" if call is None else called(trail.interruption.frame, call.syscall)
