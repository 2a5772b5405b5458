"""The rule for C code that makes an exception of its own of EINTR, without saying so in it."""

from __future__ import annotations

from dataclasses import replace

from eintr_trace.analysis.exceptions import holds_eintr
from eintr_trace.analysis.finding import Finding, exceptional
from eintr_trace.analysis.handler_end import handler_raised
from eintr_trace.analysis.kernel import KernelSide
from eintr_trace.analysis.receiver import is_foreign, reception
from eintr_trace.analysis.rule_conditions import came_out_of_the_call
from eintr_trace.analysis.trail import Trail
from eintr_trace.model.episodes import Confidence, KernelAction, Outcome


def raised_by_foreign_code(trail: Trail, kernel: KernelSide) -> Finding | None:
    """An exception came out of the interrupted call, and foreign code on its stack got EINTR.

    ODBC drivers and database libraries raise ``OperationalError``, with a text of their own.
    """
    other = trail.otherwise_raising
    if kernel.action is not KernelAction.EINTR or other is None or trail.reentered is not None:
        return None
    got_it = reception(trail)
    if got_it is None or not is_foreign(got_it) or not got_it.is_seen:
        return None
    if not came_out_of_the_call(trail, other) or handler_raised(trail) is not False:
        return None
    raised = exceptional(Outcome.RAISED, kernel, other)
    return replace(raised, confidence=Confidence.INFERRED)


def is_without_eintr(finding: Finding) -> bool:
    """Tell whether a finding rests on this rule."""
    is_inferred = finding.confidence is Confidence.INFERRED and not finding.by_table
    is_raised = finding.outcome is Outcome.RAISED and bool(finding.chain)
    return is_raised and is_inferred and not holds_eintr(finding.chain)
