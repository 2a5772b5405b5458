"""What the scripts of the page show: the episodes of a report as JSON, every string escaped.

The page's own format, made for its scripts: ``--format json`` is the one for programs. Times
are nanoseconds since the first episode, or numbers of lines where a log has no times.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

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
from eintr_trace.model.python_state import CodeLocation, PythonFrame
from eintr_trace.model.report import Report
from eintr_trace.model.trace_lines import TraceLine
from eintr_trace.reports import wording
from eintr_trace.reports.html.excerpts import Excerpts
from eintr_trace.reports.html.interning import Patterns, Text
from eintr_trace.reports.html.journey import journey
from eintr_trace.reports.html.tones import TONE_CLASSES
from eintr_trace.reports.html.words import words_of
from eintr_trace.reports.source_lines import SourceLines

Json = dict[str, Any]

_LAYERS = list(Layer)
_KINDS = list(EvidenceKind)


def document(
    report: Report, source_lines: SourceLines, figures: dict[int, int], zone: tzinfo | None
) -> Json:
    """Return what ``page(data=…)`` takes; ``figures``: episode to the drawing of its way."""
    maker = _Maker(report, source_lines, figures, zone)
    episodes = [maker.episode(episode) for episode in report.episodes]
    return {
        "timed": report.header.clock.is_timed,
        "tones": {outcome.value: TONE_CLASSES[outcome] for outcome in Outcome},
        "layers": [layer.value for layer in _LAYERS],
        "kinds": [kind.value for kind in _KINDS],
        "threads": maker.threads,
        "episodes": episodes,
        "excerpts": maker.excerpts.table,
        "patterns": maker.patterns.table,
        "parts": maker.parts,
    }


class _Maker:
    """Makes the JSON of one episode after the other, and what they have in common."""

    def __init__(
        self,
        report: Report,
        source_lines: SourceLines,
        figures: dict[int, int],
        zone: tzinfo | None,
    ) -> None:
        self._header = report.header
        self._figures = figures
        self._zone = zone
        times = [episode.time_ns for episode in report.episodes]
        self._start_ns = min(times, default=0) if report.header.clock.is_timed else 0
        self._several = len({episode.tgid for episode in report.episodes}) > 1
        self._thread_indices: dict[tuple[int, int], int] = {}
        self._part_indices: dict[str, int] = {}
        self.threads: list[Json] = []
        self.parts: list[object] = []
        self.patterns = Patterns()
        self.excerpts = Excerpts(source_lines)

    def episode(self, episode: Episode) -> Json:
        """Return one episode; what it has none of is left out."""
        text = self.patterns.text
        signal, syscall = episode.signal, episode.syscall
        made: Json = {
            "id": episode.id,
            "thread": self._thread(episode),
            "at": episode.time_ns - self._start_ns,
            "took": self._header.clock.span_ns(episode.time_ns, episode.end_ns),
            "clock": text(wording.clock_time(self._header, episode.time_ns, self._zone)),
            "outcome": episode.outcome.value,
            "inferred": episode.confidence is Confidence.INFERRED,
            "induced": None if episode.tracer_induced is None else episode.tracer_induced.value,
            "signal": None if signal is None else text(signal.name),
            "call": None if syscall is None else text(syscall.syscall.name),
            "what": text(wording.headline(episode)),
            "headline": text(episode.headline),
            "journey": journey(episode),
            "seen": self._seen(episode),
            "met": self._met(episode),
            "words": self._words(episode),
            "sentences": [self._sentence(episode, one) for one in episode.explanation],
            "evidence": [self._evidence(episode, one) for one in episode.evidence],
            "raised": self._raised(episode),
            "costs": self.patterns.texts(wording.not_said_yet(episode)),
            "advice": self.patterns.texts(episode.advice),
            "python": self._python(episode),
            "decision": self._decision(episode),
            "path": self._path(episode),
            "figure": self._figures.get(episode.id),
            "lines": [self._line(episode, line) for line in episode.lines],
            "reduced": self.patterns.texts([REDUCTION_TEXTS[kind] for kind in episode.reduced]),
        }
        return {name: value for name, value in made.items() if not _is_none(value)}

    def _thread(self, episode: Episode) -> int:
        key = (episode.tgid, episode.tid)
        if key not in self._thread_indices:
            self._thread_indices[key] = len(self.threads)
            name = f"main thread {episode.tid}" if episode.main_thread else f"thread {episode.tid}"
            if not episode.tid:
                name = "the thread"  # of a log that does not tell its number
            if self._several and episode.tid != episode.tgid:
                name += f" of {episode.tgid}"
            self.threads.append({"tid": episode.tid, "name": name})
        return self._thread_indices[key]

    def _part(self, value: object) -> int:
        """Return the index of a value that other episodes may have, too."""
        index = self._part_indices.setdefault(repr(value), len(self.parts))
        if index == len(self.parts):
            self.parts.append(value)
        return index

    def _met(self, episode: Episode) -> list[Text]:
        """Return the call as strace writes it, its result, and what the call again gave."""
        syscall, again = episode.syscall, episode.follow_up
        if syscall is None:
            return []
        lines = [syscall.syscall.text, wording.call_result(syscall, episode.kernel_action)]
        if again is not None:
            lines.append(wording.call_again(syscall, again))
        return self.patterns.texts(lines)

    def _words(self, episode: Episode) -> int | None:
        """Return the words of the episode that the glossary has, each with its sentences."""
        known = [self.patterns.texts(pair) for pair in words_of(episode)]
        return self._part(known) if known else None

    def _sentence(self, episode: Episode, sentence: Sentence) -> list[object]:
        inferred = any(
            episode.evidence[index].kind is EvidenceKind.RULE for index in sentence.evidence
        )
        cited = self._part([index + 1 for index in sentence.evidence])
        layer = _LAYERS.index(sentence.layer)
        return [layer, self.patterns.text(sentence.text), cited, int(inferred)]

    def _evidence(self, episode: Episode, evidence: Evidence) -> list[object]:
        span_ns = self._since(episode, evidence.time_ns)
        after = None
        if span_ns is not None:
            after = self.patterns.text(
                f"{wording.duration(span_ns)} after" if span_ns else "at the signal"
            )
        return [_KINDS.index(evidence.kind), self.patterns.text(evidence.text), after]

    def _seen(self, episode: Episode) -> list[int]:
        """Return when each layer was seen at it: never before the layer above it."""
        seen = [0]
        for layer in _LAYERS[1:]:
            cited = {
                index
                for sentence in episode.explanation
                if sentence.layer is layer
                for index in sentence.evidence
            }
            times = [self._since(episode, episode.evidence[index].time_ns) for index in cited]
            seen.append(max(seen[-1], min(filter(None, times), default=0)))
        return seen if seen[-1] else []

    def _since(self, episode: Episode, time_ns: int | None) -> int | None:
        if time_ns is None:
            return None
        return self._header.clock.span_ns(episode.time_ns, time_ns)

    def _raised(self, episode: Episode) -> int | None:
        """Return the exceptions from the first to the last, and who caught it."""
        if not episode.exceptions:
            return None
        chain = [
            {
                "what": self.patterns.text(wording.exception(raised)),
                "place": self._place(raised.raised_at),
            }
            for raised in episode.exceptions
        ]
        return self._part(
            {"chain": chain, "caught": episode.caught, "by": self._place(episode.caught_at)}
        )

    def _python(self, episode: Episode) -> int | None:
        side = episode.python
        if side is None:
            return None
        return self._part(
            {
                "stack": [self._frame(frame) for frame in side.stack],
                "problem": None if side.problem is None else self.patterns.text(side.problem),
                "handler": None if side.handler is None else self._place(side.handler.location),
            }
        )

    def _frame(self, frame: PythonFrame) -> Json:
        calls = None if frame.calls is None else self.patterns.text(frame.calls)
        return {"place": self._place(frame.location), "calls": calls}

    def _place(self, location: CodeLocation | None) -> Json | None:
        if location is None:
            return None
        return {
            "short": self.patterns.text(wording.place(location)),
            "whole": self.patterns.text(wording.place(location, full_path=True)),
            "excerpt": self.excerpts.index(location),
        }

    def _decision(self, episode: Episode) -> int | None:
        decision = episode.decision
        if decision is None:
            return None
        return self._part(self.patterns.texts(wording.decision_path(decision, whole=True)))

    def _path(self, episode: Episode) -> int | None:
        path = episode.c_path
        if path is None:
            return None
        steps = [wording.path_step(step) for step in path.steps]
        return self._part({"steps": self.patterns.texts(steps), "of": path.seen_in})

    def _line(self, episode: Episode, line: TraceLine) -> list[object]:
        note = None if line.note is None else self.patterns.text(line.note)
        return [self._line_label(episode, line), self.patterns.text(line.text), note]

    def _line_label(self, episode: Episode, line: TraceLine) -> str | None:
        """Return the number of a log's line, or when a line made from events was made."""
        if line.number is not None:
            return str(line.number)
        span_ns = self._since(episode, line.time_ns)
        return None if span_ns is None else f"+{wording.duration(span_ns)}"


def _is_none(value: object) -> bool:
    """Tell whether there is nothing to say; 0 is something."""
    return value is None or value is False or value == []
