"""Outcomes that the kernel alone decided."""

from __future__ import annotations

from eintr_trace.analysis.calls import was_interrupted
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.kernel import KernelSide, ShownBy
from eintr_trace.analysis.trail import Trail
from eintr_trace.model.episodes import Confidence, KernelAction, Outcome


def died(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The default action of the signal ended the process, and the process ended by it."""
    exited = trail.exited
    if not trail.interruption.is_fatal or exited is None:
        return None
    signal = trail.interruption.signal
    if signal is None or exited.signo != signal.signo:
        return None
    return Finding(Outcome.DIED, Confidence.OBSERVED, kernel)


def not_blocking(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The thread was in no call."""
    if trail.interruption.call is not None:
        return None
    return Finding(Outcome.NOT_BLOCKING, Confidence.OBSERVED, kernel)


def completed(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The register held a result, so that there was nothing to restart."""
    if trail.interruption.call is None or was_interrupted(trail.interruption.call):
        return None
    return Finding(Outcome.COMPLETED, Confidence.OBSERVED, kernel)


def restarted(trail: Trail, kernel: KernelSide) -> Finding | None:
    """The kernel let the call begin again."""
    if kernel.action is not KernelAction.RESTART:
        return None
    match kernel.shown_by:
        case ShownBy.SIGNAL_FRAME | ShownBy.FOLLOWING_CALL:
            confidence = Confidence.OBSERVED
        case _:
            # Nothing was seen to follow yet; once the trail ends, the kernel's rule remains.
            if trail.ending is None and trail.quiet is None:
                return None
            confidence = Confidence.INFERRED
    sighting = trail.reentered
    return Finding(Outcome.RESTARTED_BY_KERNEL, confidence, kernel, sighting=sighting)
