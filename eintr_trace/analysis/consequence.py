"""One thing that an interruption cost the program."""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.analysis.exhibits import Topic


@dataclass(frozen=True)
class Consequence:
    """One sentence and the topics of the evidence it rests on."""

    text: str
    topics: tuple[Topic, ...]
