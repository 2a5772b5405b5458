"""A sentence of an explanation before its evidence is numbered."""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.analysis.exhibits import Exhibits, Topic
from eintr_trace.model.episodes import Layer, Sentence


@dataclass(frozen=True)
class Draft:
    """One sentence and the topics it rests on; topics without an exhibit are left out."""

    layer: Layer
    text: str
    topics: tuple[Topic, ...]

    def sentence(self, exhibits: Exhibits) -> Sentence:
        """Number the evidence: positions in the order of ``exhibits``."""
        order = list(exhibits)
        indices = tuple(sorted(order.index(topic) for topic in self.topics if topic in exhibits))
        return Sentence(self.layer, self.text, indices)
