"""Two runs compared: the same steps beside each other, and where they part.

The strings of the enums are the interface (docs/comparison.schema.json).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from eintr_trace.model.episodes import Confidence, Episode, Layer
from eintr_trace.model.report import Report


class StepKind(StrEnum):
    """What kind of thing happened; in the order in which they happen."""

    SIGNAL = "signal"  # a signal comes to a thread
    CALL = "call"  # which is in this call
    TRACER_INDUCED = "tracer-induced"  # and would not be interrupted, or not here, untraced
    RESTART_CODE = "restart-code"  # the kernel gives the call up
    KERNEL_ACTION = "kernel-action"  # and hands out EINTR or restarts it
    RECEIVER = "receiver"  # C code gets EINTR
    DECISION = "decision"  # and makes an exception of it, or calls again
    HANDLER = "handler"  # the Python signal handler runs
    EXCEPTION = "exception"  # an exception is raised, or becomes another one
    CAUGHT = "caught"  # and somebody catches it, or nobody
    RETURN = "return"  # the call is made again, or comes back, and gives this
    CONSEQUENCE = "consequence"  # what it cost
    OUTCOME = "outcome"


STEP_LAYERS: dict[StepKind, Layer] = {
    StepKind.SIGNAL: Layer.KERNEL,
    StepKind.CALL: Layer.KERNEL,
    StepKind.TRACER_INDUCED: Layer.KERNEL,
    StepKind.RESTART_CODE: Layer.KERNEL,
    StepKind.KERNEL_ACTION: Layer.KERNEL,
    StepKind.RECEIVER: Layer.C,
    StepKind.DECISION: Layer.C,
    StepKind.HANDLER: Layer.PYTHON,
    StepKind.EXCEPTION: Layer.PYTHON,
    StepKind.CAUGHT: Layer.PYTHON,
    StepKind.RETURN: Layer.PROGRAM,
    StepKind.CONSEQUENCE: Layer.PROGRAM,
    StepKind.OUTCOME: Layer.PROGRAM,
}


@dataclass(frozen=True)
class Step:
    """One thing that happened in one layer of an episode.

    ``identity`` is what makes it the same step in another run: no process, address, line or
    time is in it. An element of it that is ``None`` is not known; if the first is, the step
    itself was not seen. ``evidence`` are indices into the episode's.
    """

    kind: StepKind
    text: str
    identity: tuple[str | bool | None, ...]
    evidence: tuple[int, ...] = ()
    confidence: Confidence = Confidence.OBSERVED

    @property
    def was_seen(self) -> bool:
        """Whether it is known what happened."""
        return self.identity[0] is not None


class Relation(StrEnum):
    """How a step of one run and the step beside it compare."""

    SAME = "same"
    DIFFERENT = "different"
    ONE_SIDED = "one-sided"  # it happened in one of them only
    NOT_KNOWN = "not-known"  # one of them cannot show it


PARTING = frozenset({Relation.DIFFERENT, Relation.ONE_SIDED})


@dataclass(frozen=True)
class StepRow:
    """A step of each run; ``None``: there it did not happen. Never both."""

    kind: StepKind
    left: Step | None
    right: Step | None
    relation: Relation


@dataclass(frozen=True)
class Pair:
    """An episode of each run, or of one only, step by step.

    From row ``parts_at`` on they part; ``None``: they do not, as far as both can be seen.
    ``reason`` says in one sentence why, ``None`` where they do not part.
    """

    left: Episode | None
    right: Episode | None
    rows: tuple[StepRow, ...]
    parts_at: int | None
    reason: str | None = None
    confidence: Confidence = Confidence.OBSERVED

    @property
    def parts(self) -> bool:
        """Whether the runs differ here: a step of the two does, or only one has the episode."""
        return self.parts_at is not None or self.left is None or self.right is None

    @property
    def parting_row(self) -> StepRow | None:
        """The first row in which they differ."""
        return None if self.parts_at is None else self.rows[self.parts_at]


def is_told_of_a_way(step: Step) -> bool:
    """Tell whether a step is told where a run goes on alone: what was not seen is no way."""
    return step.was_seen or step.kind is StepKind.OUTCOME


@dataclass(frozen=True)
class ComparedRun:
    """One of the two: what to call it, and its report."""

    name: str
    report: Report


@dataclass(frozen=True)
class Comparison:
    """Two runs, in order of time. ``first`` is the index of the pair where they first part.

    Of the pairs that have an episode of each run the first that parts; where none does, the
    first episode that only one run has. ``reason`` is the whole in one sentence.
    """

    left: ComparedRun
    right: ComparedRun
    pairs: tuple[Pair, ...]
    first: int | None
    reason: str

    @property
    def first_pair(self) -> Pair | None:
        """The pair where the runs first part."""
        return None if self.first is None else self.pairs[self.first]
