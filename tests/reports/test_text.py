"""The text report against golden files; EINTR_TRACE_REGENERATE=1 writes them anew."""

from __future__ import annotations

import io
import os
import re
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from eintr_trace.facts.reductions import REDUCTION_TEXTS
from eintr_trace.model.episodes import Episode, Outcome
from eintr_trace.model.events import EndReason, Reduction
from eintr_trace.model.report import EpisodeUpdate
from eintr_trace.reports.detail import Detail
from eintr_trace.reports.layout import Layout
from eintr_trace.reports.outcome_tones import OUTCOME_TONES
from eintr_trace.reports.text import TextReport, TextStyle
from tests.reports import samples

GOLDEN = Path(__file__).parent / "golden"

BLOCKS = {
    "raised": samples.RAISED,
    "resumed": samples.RESUMED,
    "restarted": samples.RESTARTED,
    "not_blocking": samples.NOT_BLOCKING,
    "tracer_induced": samples.INDUCED,
    "died": samples.DIED,
    "unknown": samples.UNKNOWN,
}


def _rendered(*updates: EpisodeUpdate, style: TextStyle | None = None) -> str:
    stream = io.StringIO()
    text = TextReport(stream, samples.HEADER, style or _style())
    for update in updates:
        text.update(update)
    return stream.getvalue()


def _style(width: int = 90, colour: bool = False, detail: Detail = Detail.BLOCKS) -> TextStyle:
    return TextStyle(Layout(width, colour), detail, zone=UTC)


def _summary(*episodes: Episode, style: TextStyle | None = None) -> str:
    stream = io.StringIO()
    report = samples.report(*episodes, warnings=("Half of it could not be seen.",), passed=12)
    TextReport(stream, samples.HEADER, style or _style()).finish(report)
    return stream.getvalue()


def _equals_golden(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("EINTR_TRACE_REGENERATE"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block(name: str) -> None:
    _equals_golden(name, _rendered(samples.told(BLOCKS[name])))


@pytest.mark.parametrize("name", ["raised", "resumed"])
def test_a_block_with_its_evidence(name: str) -> None:
    style = _style(detail=Detail.EVIDENCE)
    _equals_golden(f"{name}_verbose", _rendered(samples.told(BLOCKS[name]), style=style))


def test_a_narrow_terminal() -> None:
    _equals_golden("raised_narrow", _rendered(samples.told(samples.RAISED), style=_style(48)))


def test_colour() -> None:
    text = _rendered(samples.told(samples.RAISED), style=_style(colour=True))
    _equals_golden("raised_colour", text.replace("\x1b", "␛"))
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == _rendered(samples.told(samples.RAISED))


def test_an_amendment_is_one_line_that_names_its_block() -> None:
    block, *amendment = _rendered(samples.told(samples.RAISED), samples.AMENDED).split("#1 now")
    _equals_golden("amendment", "#1 now".join(["", *amendment]))
    assert block == _rendered(samples.told(samples.RAISED))


def test_an_amendment_says_when_the_outcome_is_another() -> None:
    retried = replace(samples.RAISED, outcome=Outcome.RETRIED_BY_PROGRAM)
    amended = EpisodeUpdate(retried, 1_800_000_000, amended=True, amendment="it called again")
    text = _rendered(samples.told(samples.RAISED), amended, samples.AMENDED)
    assert "it called again → retried-by-program\n" in text
    assert text.endswith("status 1 → raised\n\n")


def test_an_amendment_brings_the_advice_that_comes_of_it() -> None:
    amended = replace(samples.AMENDED, advice=("do this", "or that"))
    text = _rendered(samples.told(samples.RAISED), amended)
    assert text.endswith("status 1\n  advice   do this\n           or that\n\n")


def test_the_summary() -> None:
    _equals_golden("summary", _summary(*samples.EPISODES))


def test_the_summary_of_nothing() -> None:
    _equals_golden("summary_of_nothing", _summary())


def test_quiet_is_the_summary_only() -> None:
    style = _style(detail=Detail.SUMMARY)
    assert _rendered(samples.told(samples.RAISED), samples.AMENDED, style=style) == ""
    assert _summary(samples.RAISED, style=style) == _summary(samples.RAISED)


@pytest.mark.parametrize("width", [20, 40, 79, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    updates = [samples.told(episode) for episode in samples.EPISODES]
    text = _rendered(*updates, samples.AMENDED, style=_style(width, detail=Detail.EVIDENCE))
    # Below 20 columns beside the labels nothing would be readable: lines are then longer.
    assert max(len(line) for line in text.splitlines()) <= max(width, 20 + 11)


def test_nothing_of_the_tracee_reaches_the_terminal_raw() -> None:
    evil = "a\x1b[2J\u202e\u200b\x9b\r\n\udcff\ud800"
    location = replace(samples.HANDLER, function=evil, file=evil)
    signal = replace(samples.USR1, sender_command=evil)
    syscall = replace(samples.RECV, text=evil, name=evil)
    raised = samples.RAISED.exceptions[0]
    episode = replace(
        samples.RAISED,
        signal=signal,
        syscall=replace(samples.RECV_INTERRUPTED, syscall=syscall),
        exceptions=(replace(raised, message=evil, type_name=evil, raised_at=location),),
        caught_at=location,
        consequences=(evil,),
        advice=(evil,),
        evidence=tuple(replace(e, text=evil) for e in samples.RAISED.evidence),
        explanation=tuple(replace(s, text=evil) for s in samples.RAISED.explanation),
    )
    style = _style(detail=Detail.EVIDENCE)
    update = EpisodeUpdate(episode, 0, amended=True, amendment=evil)
    text = _rendered(samples.told(episode), update, style=style) + _summary(episode)
    assert text.replace("\n", "").isprintable()
    assert r"a\x1b[2J\u202e\u200b\x9b\r\n\xff\ud800" in text.replace("\n", "")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_told_where_words_are_explained() -> None:
    raised = samples.RAISED
    assert raised.syscall is not None
    hostile = replace(raised, syscall=replace(raised.syscall, restart_code="$(reboot)"))
    stream = _Terminal()
    report = samples.report(raised, hostile)
    TextReport(stream, samples.HEADER, _style()).finish(report)
    last = stream.getvalue().splitlines()[-1]
    assert last == "words      eintr-trace explain raised ERESTARTSYS says what they mean"
    assert "eintr-trace explain" not in _summary(raised)


def test_every_outcome_has_a_tone() -> None:
    assert set(OUTCOME_TONES) == set(Outcome)


@pytest.mark.parametrize("reason", EndReason)
def test_every_end_is_said(reason: EndReason) -> None:
    report = samples.report(samples.RAISED)
    assert report.ended is not None
    stream = io.StringIO()
    text = TextReport(stream, samples.HEADER, _style())
    text.finish(replace(report, ended=replace(report.ended, reason=reason)))
    assert stream.getvalue().splitlines()[-1].startswith("trace ")


def test_a_process_is_shown_as_the_program_it_was_last() -> None:
    stream = io.StringIO()
    report = samples.report(samples.RAISED)
    (seen, *_) = report.processes
    shims = tuple(replace(seen, argv=("shim", str(n)), interpreter=None) for n in range(3))
    TextReport(stream, samples.HEADER, _style()).finish(replace(report, processes=(*shims, seen)))
    assert "shim" not in stream.getvalue()
    assert "after 3 other programs" in stream.getvalue()


def test_the_episodes_with_reduced_evidence_are_named() -> None:
    reduced = (Reduction.MEMORY_UNREAD,)
    episodes = [replace(samples.RAISED, id=n, reduced=reduced if n > 2 else ()) for n in range(6)]
    said = " ".join(_summary(*episodes).split())
    assert f"reduced in #3 to #5, {REDUCTION_TEXTS[reduced[0]]}" in said
    block = " ".join(_rendered(samples.told(episodes[5])).split())
    assert f"reduced {REDUCTION_TEXTS[reduced[0]]}" in block


def test_every_reduction_has_its_text() -> None:
    assert set(REDUCTION_TEXTS) == set(Reduction)


def test_what_is_alike_has_one_line_and_the_summary_counts_it() -> None:
    stream = io.StringIO()
    report = TextReport(stream, samples.HEADER, _style(width=200))
    alike = [replace(samples.RESUMED, id=number, tid=number) for number in range(1, 6)]
    for episode in (*alike, samples.RAISED):
        report.update(samples.told(episode))
    report.finish(samples.report(*alike, samples.RAISED))
    text = stream.getvalue()
    assert text.count("\n  call ") == 4
    (fourth, fifth, after) = text.partition("\n#4 ")[2].splitlines()[:3]
    assert "thread 4 " in fourth
    assert fourth.endswith(", like #1")
    assert fifth.startswith("#5 ")
    assert after == ""
    assert "2 are one line each, like others before them" in text
