"""The tones of outcomes in a page: those of the text report, as names of CSS classes."""

from __future__ import annotations

from eintr_trace.model.episodes import Outcome
from eintr_trace.reports.layout import Tone
from eintr_trace.reports.outcome_tones import OUTCOME_TONES

_CLASSES = {Tone.GOOD: "good", Tone.WARN: "warn", Tone.BAD: "bad"}

TONE_CLASSES: dict[Outcome, str] = {
    outcome: _CLASSES[tone] for outcome, tone in OUTCOME_TONES.items()
}
"""``good``, ``warn`` or ``bad``: each with its colour and its shape (``#mark-good``)."""
