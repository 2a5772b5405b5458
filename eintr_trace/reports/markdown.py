"""The report in Markdown, for an issue or an incident note, as GitHub shows it.

Those episodes that are alike have one section; those that did harm come first. What of a long
report GitHub would refuse (more than 65,536 characters) is counted instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import Final, TextIO

from eintr_trace.facts.reductions import REDUCTION_TEXTS
from eintr_trace.model.episodes import (
    Episode,
    EvidenceKind,
    Layer,
    Sentence,
)
from eintr_trace.model.python_state import CodeLocation
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceHeader
from eintr_trace.reports import heading, wording
from eintr_trace.reports.alike import groups
from eintr_trace.reports.detail import Detail
from eintr_trace.reports.layout import Tone
from eintr_trace.reports.markdown_text import code, fenced, prose, table
from eintr_trace.reports.outcome_rows import HEADINGS, outcome_rows
from eintr_trace.reports.outcome_tones import OUTCOME_TONES

_MOST_CHARACTERS: Final = 60_000  # of GitHub's 65,536; the rest is for a word of one's own
_MOST_PROCESSES: Final = 10
_MOST_NOTICES: Final = 10
_LONGEST_TITLE: Final = 250  # GitHub's own limit for the title of an issue is 256
_MOST_RUNS: Final = 12

_SEVERITY: Final = [Tone.BAD, Tone.WARN, Tone.GOOD]


def write_markdown(
    report: Report, stream: TextIO, detail: Detail, zone: tzinfo | None = None
) -> None:
    """Write the report; ``zone`` is the time zone of its times (``None``: local time)."""
    stream.write("".join(_document(report, detail, zone)))
    stream.flush()


def _document(report: Report, detail: Detail, zone: tzinfo | None) -> Iterator[str]:
    kinds = sorted(groups(report.episodes), key=lambda kind: _severity(kind[0]))
    top = "".join([f"# {_title(kinds)}\n\n", *_traced(report, zone), *_summary(report)])
    yield top
    if detail is Detail.SUMMARY:
        return
    if detail is Detail.EVIDENCE:
        for episode in report.episodes:
            yield _Section(report.header, zone, verbose=True).text([episode])
        return
    yield from _bounded(kinds, _Section(report.header, zone, verbose=False), len(top))


def _bounded(kinds: Sequence[Sequence[Episode]], section: _Section, used: int) -> Iterator[str]:
    """Yield the sections that find room; where only the evidence finds none, without it."""
    for index, kind in enumerate(kinds):
        text = section.text(kind)
        if used + len(text) > _MOST_CHARACTERS:
            text = section.text(kind, with_details=False)
        if used + len(text) > _MOST_CHARACTERS:
            yield _left_out(kinds[index:])
            return
        used += len(text)
        yield text


def _left_out(kinds: Sequence[Sequence[Episode]]) -> str:
    numbers = sorted(episode.id for kind in kinds for episode in kind)
    shown = wording.numbered(numbers, _MOST_RUNS).replace("#", "")
    count = f"{len(numbers)} more interruption{'' if len(numbers) == 1 else 's'}"
    return f"## And {count}\n\nThere is no room here for {shown}: `-v` shows each.\n"


def _severity(episode: Episode) -> int:
    return _SEVERITY.index(OUTCOME_TONES[episode.outcome])


def _title(kinds: Sequence[Sequence[Episode]]) -> str:
    """Say what happened: of the worst kind of episodes, and how many others there are."""
    if not kinds:
        return "No interruption was seen"
    worst = kinds[0][0]
    text = (worst.headline or wording.headline(worst))[:_LONGEST_TITLE]
    others = sum(len(kind) for kind in kinds) - 1
    more = f" (and {others} other interruption{'' if others == 1 else 's'})" if others else ""
    return f"{prose(text)}{more}"


def _traced(report: Report, zone: tzinfo | None) -> Iterator[str]:
    processes = heading.processes(report)
    rows = [(f"process {tgid}", code(program)) for tgid, program in processes[:_MOST_PROCESSES]]
    if len(processes) > _MOST_PROCESSES:
        rows.append(("", wording.more_processes(len(processes) - _MOST_PROCESSES)))
    rows += [(name, prose(value)) for name, value in heading.facts(report, zone)]
    rows.append(("by", prose(f"eintr-trace {report.header.tool_version}")))
    yield table(("traced", ""), rows)
    yield "\n"


def _summary(report: Report) -> Iterator[str]:
    if report.episodes:
        rows = [
            (code(outcome), count, prose(calls), prose(signals))
            for outcome, count, calls, signals in outcome_rows(report.episodes)
        ]
        yield table(HEADINGS, rows, right=(1,))
        yield "\n"
    notices = heading.notices(report)
    yield from _list(notices[:_MOST_NOTICES])
    if len(notices) > _MOST_NOTICES:
        yield f"- and {len(notices) - _MOST_NOTICES} more\n"
    if notices:
        yield "\n"


class _Section:
    """Writes the section of an episode, or of episodes that are alike by the first of them."""

    def __init__(self, header: TraceHeader, zone: tzinfo | None, verbose: bool) -> None:
        self._header = header
        self._zone = zone
        self._verbose = verbose

    def text(self, alike: Sequence[Episode], with_details: bool = True) -> str:
        """Return it; ``with_details``: with what is folded away at its end."""
        episode = alike[0]
        parts = [
            f"## {prose(_heading(alike))}\n\n",
            f"{prose(self._about(alike))}\n\n",
            f"**{prose(episode.headline)}**\n\n" if episode.headline else "",
            *self._calls(episode),
            *self._layers(episode),
            *self._exceptions(episode),
            *_titled("Cost", wording.not_said_yet(episode)),
            *_titled("What helps", episode.advice),
            *_titled("Reduced", [REDUCTION_TEXTS[kind] for kind in episode.reduced]),
            *(self._details(episode) if with_details else ()),
        ]
        return "".join(parts)

    def _about(self, alike: Sequence[Episode]) -> str:
        episode = alike[0]
        words = [
            f"At {wording.clock_time(self._header, episode.time_ns, self._zone)}",
            episode.confidence.value,
        ]
        if episode.tracer_induced is not None:
            words.append(f"tracer-induced: {episode.tracer_induced.value}")
        if len(alike) > 1:
            numbers = wording.numbered([one.id for one in alike], _MOST_RUNS).replace("#", "")
            words.append(f"{len(alike)} times alike (episodes {numbers}), this is the first")
        else:
            words.append(f"episode {episode.id}")
        return ", ".join(words) + "."

    def _calls(self, episode: Episode) -> Iterator[str]:
        syscall = episode.syscall
        if syscall is None:
            return
        lines = [f"{syscall.syscall.text} {wording.call_result(syscall, episode.kernel_action)}"]
        if episode.follow_up is not None:
            lines.append(wording.call_again(syscall, episode.follow_up))
        yield fenced(lines)
        yield "\n"

    def _layers(self, episode: Episode) -> Iterator[str]:
        for layer in Layer:
            sentences = [sentence for sentence in episode.explanation if sentence.layer is layer]
            if sentences:
                text = " ".join(_sentence(episode, sentence) for sentence in sentences)
                yield f"- **{layer.value}**: {prose(text)}\n"
        if episode.explanation:
            yield "\n"

    def _exceptions(self, episode: Episode) -> Iterator[str]:
        if not episode.exceptions:
            return
        yield "**Raised**\n\n"
        for number, raised in enumerate(episode.exceptions, start=1):
            where = "" if raised.raised_at is None else f" in {self._place(raised.raised_at)}"
            yield f"{number}. {code(wording.exception(raised))}{where}\n"
        yield f"\n{self._caught(episode)}\n\n"

    def _caught(self, episode: Episode) -> str:
        if episode.caught is None:
            return "Whether it was caught is not known."
        if not episode.caught:
            return "It was not caught."
        at = episode.caught_at
        return "It was caught." if at is None else f"It was caught in {self._place(at)}."

    def _place(self, location: CodeLocation) -> str:
        return code(wording.place(location, full_path=self._verbose))

    def _details(self, episode: Episode) -> Iterator[str]:
        yield from _folded("Lines of the trace", _lines(episode))
        yield from _folded(_evidence_title(episode), _evidence(episode))
        yield from _folded("Python stack, innermost first", self._stack(episode))

    def _stack(self, episode: Episode) -> list[str]:
        if episode.python is None or not episode.python.stack:
            return []
        places = [
            wording.place(frame.location, full_path=self._verbose) for frame in episode.python.stack
        ]
        return [fenced(places)]


def _heading(alike: Sequence[Episode]) -> str:
    times = "" if len(alike) == 1 else f"{len(alike)} × "
    return f"{times}{wording.headline(alike[0])} → {alike[0].outcome.value}"


def _sentence(episode: Episode, sentence: Sentence) -> str:
    by_rule = any(episode.evidence[index].kind is EvidenceKind.RULE for index in sentence.evidence)
    return f"{sentence.text} (inferred)" if by_rule else sentence.text


def _lines(episode: Episode) -> list[str]:
    """Return lines in strace's style, each with its note beneath it."""
    shown: list[str] = []
    for line in episode.lines:
        shown.append(line.text if line.number is None else f"{line.number}: {line.text}")
        if line.note is not None:
            shown.append(f"    {line.note}")
    return [fenced(shown)] if shown else []


def _evidence_title(episode: Episode) -> str:
    rules = sum(one.kind is EvidenceKind.RULE for one in episode.evidence)
    return f"Evidence: {len(episode.evidence) - rules} observed, {rules} inferred by a rule"


def _evidence(episode: Episode) -> list[str]:
    return [
        f"{number}. {one.kind.value}: {prose(one.text)}\n"
        for number, one in enumerate(episode.evidence, start=1)
    ]


def _folded(title: str, content: Sequence[str]) -> Iterator[str]:
    """Yield what a reader opens; ``title`` is HTML and never of the traced program."""
    if content:
        yield f"<details><summary>{title}</summary>\n\n"
        yield from content
        yield "\n</details>\n\n"


def _titled(title: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"**{title}**\n\n"
        yield from _list(items)
        yield "\n"


def _list(items: Iterable[str]) -> Iterator[str]:
    for item in items:
        yield f"- {prose(item)}\n"
