"""What a rule found out about an interruption; the outcome with what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.analysis.catching import NOT_KNOWN, Catching, who_caught
from eintr_trace.analysis.exceptions import Chain
from eintr_trace.analysis.kernel import KernelSide
from eintr_trace.analysis.sightings import Sighting
from eintr_trace.model.episodes import Confidence, Outcome


@dataclass(frozen=True)
class Finding:
    """What a rule found. ``sighting`` is what it rests on besides the kernel's half.

    ``by_table``: the PEP 475 table was needed. ``reason`` is given for ``unknown`` only.
    """

    outcome: Outcome
    confidence: Confidence
    kernel: KernelSide
    sighting: Sighting | None = None
    chain: Chain = ()
    catching: Catching = NOT_KNOWN
    by_table: bool = False
    reason: str | None = None


def exceptional(
    outcome: Outcome,
    kernel: KernelSide,
    raising: Sighting,
    sighting: Sighting | None = None,
    by_table: bool = False,
) -> Finding:
    """Find an outcome with the exceptions that ``raising`` shows, and who caught them."""
    catching = NOT_KNOWN
    # A look at a running thread (no call) shows that it was raised, not yet where it ends.
    if raising.snapshot is not None and raising.call is not None:
        catching = who_caught(raising.chain, raising.snapshot, raising.survival)
    return Finding(
        outcome=outcome,
        confidence=Confidence.INFERRED if by_table else Confidence.OBSERVED,
        kernel=kernel,
        sighting=sighting or raising,
        chain=raising.chain,
        catching=catching,
        by_table=by_table,
    )


def early(kernel: KernelSide, sighting: Sighting, confidence: Confidence) -> Finding:
    """Find that the call came back before its time."""
    return Finding(Outcome.RETURNED_EARLY, confidence, kernel, sighting=sighting, by_table=True)
