"""Who decided about EINTR, in words, as far as a sample or the C stacks show it."""

from __future__ import annotations

from collections.abc import Iterator

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
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import called
from eintr_trace.facts.pep475 import Behaviour
from eintr_trace.model.c_stack import CFrame, CodeRole
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
        if finding.outcome is not Outcome.RESUMED_BY_INTERPRETER:
            yield Draft(Layer.C, _decided(trail, finding, sampled), (Topic.DECISION,))
        yield from _otherwise_by_table(trail, finding, sampled)
    elif finding.outcome is Outcome.RETRIED_BY_LIBRARY:
        yield from _seen_both_times(trail)
    elif finding.outcome is Outcome.RETRIED_BY_PROGRAM and is_called_directly(trail):
        text = (
            "Between the C library and ctypes there is no code that could make a call again: so"
            " Python code did."
        )
        yield Draft(Layer.C, text, (Topic.C_STACK,))


def decider_sentence(trail: Trail, finding: Finding) -> Iterator[Draft]:
    """Say who decided, to follow upon what is said of CPython's calling again."""
    sampled = sampled_decision(trail)
    if sampled is not None:
        yield Draft(Layer.C, _decided(trail, finding, sampled), (Topic.DECISION,))


def _decided(trail: Trail, finding: Finding, sampled: Sampled) -> str:
    whose, name = _whose(sampled), _call(trail)
    match sampled.kind:
        case DecisionKind.RAISE:
            function = frame_name(sampled.decider)
            by = function if sampled.function is sampled.decider else f"{whose}, with {function}"
            return f"What made an exception of EINTR was {by}: a sample shows it."
        case DecisionKind.CALL_AGAIN:
            then = f" before {name} was called again" if _was_called_again(finding) else ""
            return f"{whose} looked whether signal handlers were due{then}: a sample shows it."
        case DecisionKind.NONE if sampled.callers:
            return (
                f"{whose} looked whether signal handlers were due, and came back without calling"
                f" {name} again: a sample shows it."
            )
        case _:
            return (
                "A sample shows CPython run the Python handler from its evaluation loop: by then"
                f" {name} had come back, and no C code had called it again."
            )


def _was_called_again(finding: Finding) -> bool:
    return finding.outcome in {Outcome.RESUMED_BY_INTERPRETER, Outcome.RETRIED_BY_LIBRARY}


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


def _seen_both_times(trail: Trail) -> Iterator[Draft]:
    library = kept_library(trail)
    if library is None:
        return
    text = (
        f"{frame_name(library)}{_of_file(library)} was on the C stack both times, and CPython had"
        " run nothing in between."
    )
    yield Draft(Layer.C, text, (Topic.C_STACK, Topic.C_STACK_AGAIN))


def _call(trail: Trail) -> str:
    call = trail.interruption.call
    return "the call" if call is None else called(trail.interruption.frame, call.syscall)
