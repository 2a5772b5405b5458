"""Whether an outcome is good or bad news: the tone that text has it in."""

from __future__ import annotations

from eintr_trace.model.episodes import Outcome
from eintr_trace.reports.layout import Tone

OUTCOME_TONES: dict[Outcome, Tone] = {
    Outcome.RESTARTED_BY_KERNEL: Tone.GOOD,
    Outcome.RESUMED_BY_INTERPRETER: Tone.GOOD,
    Outcome.RETRIED_BY_LIBRARY: Tone.GOOD,
    Outcome.RETRIED_BY_PROGRAM: Tone.GOOD,
    Outcome.COMPLETED: Tone.GOOD,
    Outcome.NOT_BLOCKING: Tone.GOOD,
    Outcome.RAISED: Tone.BAD,
    Outcome.DIED: Tone.BAD,
    Outcome.ABANDONED_BY_HANDLER: Tone.WARN,
    Outcome.RETURNED_EARLY: Tone.WARN,
    Outcome.UNKNOWN: Tone.WARN,
}
