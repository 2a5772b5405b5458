"""One episode as an annotated block of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from eintr_trace.analysis.fork import is_whole
from eintr_trace.facts.reductions import REDUCTION_TEXTS
from eintr_trace.model.episodes import (
    Confidence,
    Episode,
    Evidence,
    EvidenceKind,
    Layer,
    Outcome,
    Sentence,
)
from eintr_trace.model.python_state import CodeLocation
from eintr_trace.model.report import EpisodeUpdate
from eintr_trace.model.trace import TraceHeader
from eintr_trace.reports import wording
from eintr_trace.reports.layout import Layout, Span, Tone
from eintr_trace.reports.outcome_tones import OUTCOME_TONES
from eintr_trace.reports.text_lines import annotated

_INDENT = 11
_MARGIN = "  "


class BlockWriter:
    """Turns episodes into blocks of lines; ``verbose`` adds the evidence and the stack."""

    def __init__(
        self, header: TraceHeader, layout: Layout, verbose: bool, zone: tzinfo | None
    ) -> None:
        self._header = header
        self._layout = layout
        self._verbose = verbose
        self._zone = zone

    def block(self, episode: Episode, *, with_lines: bool = True) -> str:
        """Return the block of an episode, with the blank line that ends it.

        ``with_lines``: with the trace's lines that it has; ``False``: in short, since they stand
        above already.
        """
        shows_calls = not episode.lines
        lines = [
            self._headline(episode),
            *(annotated(episode.lines, self._layout) if with_lines else ()),
            *(self._calls(episode) if shows_calls else ()),
            *self._layers(episode),
            *self._exceptions(episode),
            *self._listed("cost", wording.not_said_yet(episode)),
            *self._listed("advice", episode.advice),
            *self._listed("reduced", [REDUCTION_TEXTS[kind] for kind in episode.reduced]),
            *self._python_stack(episode),
            *self._c_path(episode),
            *(self._evidence(episode) if with_lines or self._verbose else ()),
        ]
        return "".join(lines) + "\n"

    def line(self, episode: Episode, like: int) -> str:
        """Return the first line alone of an episode that is ``like`` an earlier one."""
        return self._first_line(episode, Span(f", like #{like}", Tone.FAINT))

    def amendment(self, update: EpisodeUpdate, outcome_before: Outcome | None) -> str:
        """Return what has become known about an earlier block, and what advice comes of that."""
        episode = update.episode
        time = wording.clock_time(self._header, update.time_ns, self._zone)
        spans = [Span(f"{time}  "), Span(update.amendment or "judged again")]
        if episode.outcome is not outcome_before:
            spans += _verdict(episode)
        news = self._layout.paragraph(Span(f"#{episode.id} now", Tone.STRONG), spans, _INDENT)
        return news + "".join(self._listed("advice", update.advice))

    def _first_line(self, episode: Episode, *more: Span) -> str:
        time = wording.clock_time(self._header, episode.time_ns, self._zone)
        what = wording.headline(episode)
        spans = [Span(f"{time}  "), Span(what, Tone.STRONG), *_verdict(episode), *more]
        lead = f"#{episode.id}"
        return self._layout.paragraph(Span(lead, Tone.STRONG), spans, max(4, len(lead) + 1))

    def _headline(self, episode: Episode) -> str:
        first = self._first_line(episode)
        if not episode.headline:
            return first
        return first + self._layout.paragraph(Span(""), [Span(episode.headline)], len(_MARGIN))

    def _calls(self, episode: Episode) -> Iterator[str]:
        syscall = episode.syscall
        if syscall is None:
            return
        result = wording.call_result(syscall, episode.kernel_action)
        yield self._entry("call", [Span(f"{syscall.syscall.text} "), Span(result, whole=True)])
        if episode.follow_up is not None:
            again = wording.call_again(syscall, episode.follow_up)
            yield self._entry("", [Span(again)])

    def _layers(self, episode: Episode) -> Iterator[str]:
        for layer in Layer:
            sentences = [sentence for sentence in episode.explanation if sentence.layer is layer]
            if self._verbose:
                labels = [layer.value] + [""] * len(sentences)
                for label, sentence in zip(labels, sentences, strict=False):
                    yield self._entry(label, _sentence(episode, sentence, numbers=True))
            elif sentences:
                spans = [span for s in sentences for span in _sentence(episode, s, numbers=False)]
                yield self._entry(layer.value, spans)
            if layer is Layer.C:
                yield from self._decision(episode, "" if sentences else layer.value)

    def _decision(self, episode: Episode, label: str) -> Iterator[str]:
        """Show who called what decided, unless the sentences, or the way from EINTR, name all."""
        path = episode.c_path
        if episode.decision is None or not episode.decision.c_stack:
            return
        if path is not None and is_whole(path):
            return
        functions = wording.decision_path(episode.decision, whole=self._verbose)
        said = " ".join(sentence.text for sentence in episode.explanation)
        if all(function in said for function in functions):
            return
        yield self._entry(label, [Span("the decision: "), Span(" → ".join(functions))])

    def _exceptions(self, episode: Episode) -> Iterator[str]:
        label = "raised"
        for raised in episode.exceptions:
            where = "" if raised.raised_at is None else f", in {self._place(raised.raised_at)}"
            turned = "" if label else "became "
            yield self._entry(label, [Span(f"{turned}{wording.exception(raised)}{where}")])
            label = ""
        if episode.exceptions:
            yield self._entry("", [Span(self._caught(episode))])

    def _caught(self, episode: Episode) -> str:
        if episode.caught is None:
            return "caught: not known"
        if not episode.caught:
            return "not caught"
        at = episode.caught_at
        return "caught" if at is None else f"caught in {self._place(at)}"

    def _listed(self, label: str, items: Sequence[str]) -> Iterator[str]:
        for item in items:
            yield self._entry(label, [Span(item)])
            label = ""

    def _python_stack(self, episode: Episode) -> Iterator[str]:
        if not self._verbose or episode.python is None:
            return
        label = "stack"
        for frame in episode.python.stack:
            calls = "" if frame.calls is None else f", at its call of {frame.calls}"
            yield self._entry(label, [Span(f"{self._place(frame.location)}{calls}")])
            label = ""
        if episode.python.problem is not None:
            yield self._entry(label, [Span(episode.python.problem, Tone.FAINT)])

    def _c_path(self, episode: Episode) -> Iterator[str]:
        path = episode.c_path
        if not self._verbose or path is None or path.seen_in is not None:
            return
        yield from self._listed("path", [wording.path_step(step) for step in path.steps])

    def _evidence(self, episode: Episode) -> Iterator[str]:
        if not episode.evidence:
            return
        if not self._verbose:
            yield self._entry("evidence", [Span(_counted(episode), Tone.FAINT)])
            return
        label = "evidence"
        for number, evidence in enumerate(episode.evidence, start=1):
            when = self._when(evidence, episode)
            spans = [
                Span(f"[{number}] "),
                Span(f"{evidence.kind.value}{when}: ", Tone.FAINT),
                Span(evidence.text),
            ]
            yield self._entry(label, spans)
            label = ""

    def _when(self, evidence: Evidence, episode: Episode) -> str:
        """Say how long after the interruption it was seen, where the trace's clock tells."""
        if evidence.time_ns is None:
            return ""
        span_ns = self._header.clock.span_ns(episode.time_ns, evidence.time_ns)
        return "" if span_ns is None else f", {wording.duration(span_ns)} after"

    def _place(self, location: CodeLocation) -> str:
        return wording.place(location, full_path=self._verbose)

    def _entry(self, label: str, spans: list[Span]) -> str:
        return self._layout.paragraph(Span(_MARGIN + label, Tone.LABEL), spans, _INDENT)


def _verdict(episode: Episode) -> list[Span]:
    tone = OUTCOME_TONES[episode.outcome]
    spans = [Span(" "), Span("→ ", whole=True), Span(episode.outcome.value, tone)]
    if episode.confidence is Confidence.INFERRED:
        spans.append(Span(" (inferred)", Tone.FAINT))
    if episode.tracer_induced is not None:
        spans.append(Span(f" [tracer-induced: {episode.tracer_induced.value}]", Tone.WARN))
    return spans


def _sentence(episode: Episode, sentence: Sentence, numbers: bool) -> list[Span]:
    kinds = {episode.evidence[index].kind for index in sentence.evidence}
    spans = [Span(sentence.text)]
    if EvidenceKind.RULE in kinds:
        spans.append(Span(" (inferred)", Tone.FAINT))
    if numbers and sentence.evidence:
        indices = ", ".join(str(index + 1) for index in sentence.evidence)
        spans.append(Span(f" [{indices}]", Tone.FAINT))
    return [*spans, Span(" ")]


def _counted(episode: Episode) -> str:
    kinds = [evidence.kind for evidence in episode.evidence]
    seen = sorted({kind.value for kind in kinds} - {EvidenceKind.RULE.value})
    rules = kinds.count(EvidenceKind.RULE)
    observed = f"{len(kinds) - rules} observed ({', '.join(seen)})" if seen else "none observed"
    return f"{observed}, {rules} inferred by a rule; -v shows each"
