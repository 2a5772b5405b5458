"""Interruptions that only the tracer's presence caused; one rule each.

None of them is the program's doing (ptrace(2), signal(7)): a traced process is stopped for
signals that the kernel would drop, traps for SIGCONT in every thread, gets a signal in another
thread while the first is held, and gets one of several that were sent while a thread was held.
strace can put an error in the place of a call's result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eintr_trace.analysis.interruption import Interruption, Trigger
from eintr_trace.analysis.merged import merged_by_the_tracer
from eintr_trace.facts.signals import DefaultAction
from eintr_trace.model.episodes import TracerInduced
from eintr_trace.model.events import Disposition


@dataclass(frozen=True)
class Induced:
    """What the tracer did: ``text`` is the whole sentence."""

    kind: TracerInduced
    text: str


def tracer_induced(interruption: Interruption) -> Induced | None:
    """Say whether this episode happened, or happened here, only because of the tracer."""
    for rule in _RULES:
        induced = rule(interruption)
        if induced is not None:
            return induced
    return None


def _ignored(interruption: Interruption) -> Induced | None:
    if interruption.trigger is not Trigger.DELIVERY:
        return None
    name = interruption.signal_name
    if interruption.disposition is Disposition.IGNORED:
        why = f"The program ignores {name}"
    elif interruption.default_action is DefaultAction.IGNORE:
        why = f"{name} is ignored by default"
    else:
        return None
    return Induced(
        TracerInduced.IGNORED,
        f"{why}: without a tracer the kernel drops it and no call is interrupted;"
        " to a traced process it is delivered, so that the tracer can see it.",
    )


def _injected(interruption: Interruption) -> Induced | None:
    if not interruption.injected:
        return None
    return Induced(
        TracerInduced.INJECTED,
        "The error is strace's doing (-e inject): without it the call would not have been"
        " interrupted here.",
    )


def _sigcont(interruption: Interruption) -> Induced | None:
    delivered = interruption.default_action is DefaultAction.CONTINUE
    if interruption.trigger is not Trigger.CONTINUE_TRAP and not delivered:
        return None
    if interruption.ended_stop:
        return None
    return Induced(
        TracerInduced.SIGCONT,
        "SIGCONT was sent to a process that was not stopped: without a tracer that interrupts no"
        " call; under one, every thread leaves its call for the tracer to see it.",
    )


def _rerouted(interruption: Interruption) -> Induced | None:
    if interruption.rerouted_from is None:
        return None
    return Induced(
        TracerInduced.REROUTED,
        f"The kernel would have given this signal to thread {interruption.rerouted_from}, which"
        " the tracer was holding at that moment; so it went to this one.",
    )


def _coalesced(interruption: Interruption) -> Induced | None:
    text = merged_by_the_tracer(interruption)
    return None if text is None else Induced(TracerInduced.COALESCED, text)


_RULES: tuple[Callable[[Interruption], Induced | None], ...] = (
    _injected,
    _ignored,
    _sigcont,
    _rerouted,
    _coalesced,
)
