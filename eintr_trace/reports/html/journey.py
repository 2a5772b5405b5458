"""How far an interruption travelled: what each layer did with it, for the lanes of a timeline."""

from __future__ import annotations

from enum import StrEnum

from eintr_trace.model.episodes import (
    DecisionKind,
    DelayBound,
    Episode,
    KernelAction,
    Outcome,
)


class Pass(StrEnum):
    """What a layer did with an interruption that reached it."""

    ON = "on"  # handed it on, ran the handler, caught the exception
    AGAIN = "again"  # made the call again: it went no further
    RAISED = "raised"  # made an exception of it, or got one
    COST = "cost"  # paid for it
    DIED = "died"


_AGAIN_IN_C = frozenset({Outcome.RESUMED_BY_INTERPRETER, Outcome.RETRIED_BY_LIBRARY})
_RAISED_IN_C = frozenset({Outcome.RAISED, Outcome.RETRIED_BY_PROGRAM, Outcome.ABANDONED_BY_HANDLER})
_BY_DECISION = {
    DecisionKind.RAISE: Pass.RAISED,
    DecisionKind.CALL_AGAIN: Pass.AGAIN,
    DecisionKind.NONE: Pass.ON,
}


def journey(episode: Episode) -> tuple[Pass | None, Pass | None, Pass | None, Pass | None]:
    """Return what the kernel, C, Python and the program did; ``None``: it was not seen there."""
    return _kernel(episode), _c(episode), _python(episode), _program(episode)


def _kernel(episode: Episode) -> Pass:
    if episode.outcome is Outcome.DIED:
        return Pass.DIED
    return Pass.AGAIN if episode.kernel_action is KernelAction.RESTART else Pass.ON


def _c(episode: Episode) -> Pass | None:
    if episode.kernel_action is not KernelAction.EINTR:
        return None
    if episode.outcome in _AGAIN_IN_C:
        return Pass.AGAIN
    if episode.decision is not None:
        return _BY_DECISION[episode.decision.kind]
    if episode.outcome in _RAISED_IN_C:
        return Pass.RAISED
    return Pass.ON


def _python(episode: Episode) -> Pass | None:
    if episode.exceptions:
        return Pass.RAISED
    handler = None if episode.python is None else episode.python.handler
    ran = handler is not None and handler.delay_bound in (DelayBound.EXACT, DelayBound.AT_MOST)
    return Pass.ON if ran else None


def _program(episode: Episode) -> Pass | None:
    if episode.consequences:
        return Pass.COST
    if episode.outcome is Outcome.RETRIED_BY_PROGRAM:
        return Pass.AGAIN
    if not episode.exceptions or episode.caught is None:
        return None
    return Pass.ON if episode.caught else Pass.RAISED
