"""The evidence about who decided: samples, the C stack as the call was made again, or neither."""

from __future__ import annotations

from eintr_trace.analysis.answers import answer, stayed_in_c
from eintr_trace.analysis.c_stacks import inside_the_loop
from eintr_trace.analysis.decision import (
    TRIPPED_PROBE,
    Sampled,
    kept_frames,
    sampled_decision,
)
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.receiver_exhibits import stack_text
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import duration
from eintr_trace.facts.reductions import REDUCTION_TEXTS
from eintr_trace.model.c_stack import CFrame, CStack, StackEnd
from eintr_trace.model.episodes import Confidence, Evidence, EvidenceKind, KernelAction, Outcome

_CALLED_AGAIN_IN_C = (Outcome.RESUMED_BY_INTERPRETER, Outcome.RETRIED_BY_LIBRARY)


def decision(trail: Trail, finding: Finding) -> Evidence | None:
    """The sample that shows who decided."""
    sampled = sampled_decision(trail)
    if sampled is None or finding.kernel.action is not KernelAction.EINTR:
        return None
    sample = sampled.sample
    stack = CStack(_shown(sampled), sample.stack.end)
    text = (
        f"{duration(trail.after(sample.time_ns))} after the signal {_hit(sample.probe)}:"
        f" {stack_text(stack, trail.c_side.libraries)}"
    )
    return Evidence(EvidenceKind.SAMPLE, text, sample.time_ns)


def given_back(trail: Trail, finding: Finding) -> Evidence | None:
    """The sample that shows what the call gave back to the evaluation loop."""
    given = answer(trail)
    if given is None or finding.kernel.action is not KernelAction.EINTR:
        return None
    sample = given.sample
    what = "an object, so that no exception was set" if given.is_value else "NULL: an exception"
    text = (
        f"{duration(trail.after(sample.time_ns))} after the signal a breakpoint in the evaluation"
        f" loop was hit, where the interrupted call returns to: it gave {what} (Python/C API"
        " reference, Exception Handling)"
    )
    return Evidence(EvidenceKind.SAMPLE, text, sample.time_ns)


def not_returned(trail: Trail, finding: Finding) -> Evidence | None:
    """That the call was made again before it had come back to the evaluation loop."""
    last = trail.c_side.not_returned
    if last is None or not stayed_in_c(trail) or finding.kernel.action is not KernelAction.EINTR:
        return None
    text = (
        "until the call was made again, a breakpoint in the evaluation loop, where the interrupted"
        " call returns to, was not hit"
    )
    return Evidence(EvidenceKind.SAMPLE, text, last.time_ns)


def asked_in_c(trail: Trail, finding: Finding) -> Evidence | None:
    """Why code that is not CPython's, and asked for signal handlers, is taken to call again."""
    sampled = sampled_decision(trail)
    if finding.outcome is not Outcome.RETRIED_BY_LIBRARY or sampled is None:
        return None
    text = (
        "C code that asks for signal handlers in the middle of a call means to go on with it"
        " unless one raises (Python/C API reference, PyErr_CheckSignals)"
    )
    return Evidence(EvidenceKind.RULE, text)


def c_stack_again(trail: Trail, finding: Finding) -> Evidence | None:
    """The C frames that were at the call both times."""
    again, frames = trail.reentered, kept_frames(trail)
    if again is None or not frames or finding.outcome not in _CALLED_AGAIN_IN_C:
        return None
    stack = CStack(frames, StackEnd.OUTERMOST)
    text = (
        "as it was entered again, the C stack had these frames still:"
        f" {stack_text(stack, trail.c_side.libraries)}"
    )
    return Evidence(EvidenceKind.MEMORY, text, again.time_ns)


def unwatched(trail: Trail, finding: Finding) -> Evidence | None:
    """Why there is no sample, where one could have shown more."""
    reason = trail.c_side.unwatched
    if reason is None or finding.kernel.action is not KernelAction.EINTR:
        return None
    if finding.confidence is Confidence.OBSERVED and finding.reason is None:
        return None
    return Evidence(EvidenceKind.PROC, REDUCTION_TEXTS[reason], trail.interruption.time_ns)


def _shown(sampled: Sampled) -> tuple[CFrame, ...]:
    """Give the sample's frames, out to the evaluation loop."""
    frames = sampled.sample.stack.frames
    inside = inside_the_loop(frames)
    return frames[: len(inside) + 1]


def _hit(probe: str | None) -> str:
    if probe is None:
        return "a breakpoint was hit"
    if probe == TRIPPED_PROBE:
        return "the watchpoint on CPython's mark for the signal was hit"
    return f"a breakpoint on {probe} was hit"
