"""What to change so that an interruption costs less: by its consequences."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.lost_frames import is_out_of_step
from eintr_trace.analysis.socket_consequences import left_unread, sent_again, sent_twice
from eintr_trace.analysis.timeout_consequences import timeout_began_again
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.advice import RemedyId
from eintr_trace.model.episodes import Outcome


def cost_remedies(trail: Trail, finding: Finding) -> Iterator[RemedyId]:
    """Give the remedies for what was seen to be lost, sent twice or waited for again."""
    if timeout_began_again(trail, finding) is not None:
        by_python = finding.outcome is Outcome.RESUMED_BY_INTERPRETER
        yield RemedyId.USE_SETTIMEOUT if by_python else RemedyId.RETRY_WITH_DEADLINE
    if sent_twice(trail, finding) is not None:
        yield RemedyId.COUNT_WHAT_IS_SENT
    owes = left_unread(trail, finding) or sent_again(trail, finding)
    # Thrift's own remedy says it already.
    if owes is not None and not is_out_of_step(trail, finding):
        yield RemedyId.READ_THE_ANSWER
