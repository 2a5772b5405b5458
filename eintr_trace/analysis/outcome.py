"""A trail's outcome: small rules, asked in order; the first that applies decides.

A rule answers ``None`` as long as its evidence is not there. What no rule can tell once the
trail has ended is ``unknown``, with the reason (module ``reasons``).
"""

from __future__ import annotations

from collections.abc import Callable

from eintr_trace.analysis import (
    again_rules,
    early_rules,
    foreign_rules,
    kernel_rules,
    raising_rules,
)
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.kernel import KernelSide, kernel_side
from eintr_trace.analysis.logs import rules as log_rules
from eintr_trace.analysis.logs.reasons import why_a_log_does_not_tell
from eintr_trace.analysis.reasons import why_unknown
from eintr_trace.analysis.trail import Trail
from eintr_trace.model.episodes import Confidence, Outcome


def judge(trail: Trail) -> Finding | None:
    """Give the outcome of ``trail`` as far as it is known by now; ``None``: not yet."""
    kernel = kernel_side(trail)
    if trail.interruption.is_fatal and trail.ending is None:
        return None
    is_log = trail.interruption.vantage.is_log
    for rule in _LOG_RULES if is_log else _RULES:
        finding = rule(trail, kernel)
        if finding is not None:
            return finding
    if trail.ending is None and trail.quiet is None:
        return None
    return Finding(
        Outcome.UNKNOWN,
        Confidence.OBSERVED,
        kernel,
        sighting=trail.latest,
        reason=(why_a_log_does_not_tell if is_log else why_unknown)(trail, kernel),
    )


Rule = Callable[[Trail, KernelSide], Finding | None]

_RULES: tuple[Rule, ...] = (
    kernel_rules.died,
    kernel_rules.not_blocking,
    kernel_rules.completed,
    kernel_rules.restarted,
    raising_rules.abandoned,
    raising_rules.abandoned_unseen,
    raising_rules.retried_by_program,
    raising_rules.raised,
    raising_rules.raised_and_replaced,
    foreign_rules.raised_by_foreign_code,
    early_rules.connect_not_made,
    again_rules.called_again_in_c,
    again_rules.called_again_as_sampled,
    again_rules.came_back_and_called_again,
    again_rules.called_again,
    raising_rules.raised_as_sampled,
    raising_rules.raised_as_answered,
    early_rules.gave_back_a_value,
    again_rules.need_not_wait_again,
    early_rules.returned_early,
    early_rules.handed_over_part,
    raising_rules.raised_unseen,
)

# An strace log has no Python frames: what became of EINTR is told by the calls that follow.
_LOG_RULES: tuple[Rule, ...] = (
    kernel_rules.died,
    log_rules.died,
    log_rules.interrupted_nothing,
    log_rules.completed,
    kernel_rules.restarted,
    early_rules.connect_not_made,
    log_rules.called_again,
    log_rules.handler_raised,
    log_rules.not_called_again,
)
