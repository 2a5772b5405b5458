"""What of an episode's evidence a step of a comparison rests on."""

from __future__ import annotations

from eintr_trace.model.comparison import STEP_LAYERS, StepKind
from eintr_trace.model.episodes import Episode, EvidenceKind, Layer

_AT_ONCE = frozenset({StepKind.CALL})
"""Kinds of which only what was seen in the moment of the interruption counts."""

_SHOWN_BY: dict[StepKind, tuple[frozenset[Layer], frozenset[EvidenceKind]]] = {
    StepKind.SIGNAL: (
        frozenset({Layer.KERNEL}),
        frozenset({EvidenceKind.PROC, EvidenceKind.WAIT_STATUS}),
    ),
    StepKind.CALL: (
        frozenset({Layer.KERNEL, Layer.PYTHON}),
        frozenset({EvidenceKind.REGISTER, EvidenceKind.MEMORY}),
    ),
    StepKind.RESTART_CODE: (frozenset({Layer.KERNEL}), frozenset({EvidenceKind.REGISTER})),
    StepKind.KERNEL_ACTION: (
        frozenset({Layer.KERNEL}),
        frozenset({EvidenceKind.SIGNAL_FRAME, EvidenceKind.FOLLOWING_CALL, EvidenceKind.RULE}),
    ),
    StepKind.RECEIVER: (
        frozenset({Layer.C}),
        frozenset({EvidenceKind.MEMORY, EvidenceKind.RULE}),
    ),
    StepKind.DECISION: (
        frozenset({Layer.C}),
        frozenset({EvidenceKind.SAMPLE, EvidenceKind.REGISTER, EvidenceKind.FOLLOWING_CALL}),
    ),
    StepKind.HANDLER: (frozenset({Layer.PYTHON}), frozenset({EvidenceKind.SAMPLE})),
    StepKind.RETURN: (
        frozenset({Layer.C, Layer.PROGRAM}),
        frozenset({EvidenceKind.FOLLOWING_CALL}),
    ),
}
"""The layers whose sentences cite it, and the kinds of evidence that show such a step."""


def supporting_evidence(episode: Episode, kind: StepKind) -> tuple[int, ...]:
    """Give the indices of the evidence; where none is of the step's own kinds, its layer's."""
    layer = STEP_LAYERS[kind]
    layers, kinds = _SHOWN_BY.get(kind, (frozenset({layer}), frozenset(EvidenceKind)))
    cited = _cited(episode, layers)
    own = tuple(
        index
        for index in cited
        if episode.evidence[index].kind in kinds
        and (kind not in _AT_ONCE or episode.evidence[index].time_ns == episode.time_ns)
    )
    return own or _cited(episode, frozenset({layer}))


def _cited(episode: Episode, layers: frozenset[Layer]) -> tuple[int, ...]:
    indices = {
        index
        for sentence in episode.explanation
        if sentence.layer in layers
        for index in sentence.evidence
    }
    return tuple(sorted(indices))
