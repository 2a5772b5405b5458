"""Verdicts on logs, from readable data: ``verdicts/*.yaml``.

A document has a ``log``, the version of ``python`` that the user gives (or none), and what to
``expect`` of each episode. A near miss has other lines in the place of some (``replace``), or is
``without`` those that contain a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from eintr_trace.analysis.judge import Judge
from eintr_trace.model.episodes import Outcome
from eintr_trace.model.report import Report
from eintr_trace.sources.strace_log.programs import given_interpreter
from eintr_trace.sources.strace_log.source import read_log
from tests.analysis.test_scenarios import ASKED, CONTAINED

_SPAN = re.compile(r"\d (s|ms|µs|ns)\b")
FIXTURES = Path(__file__).parent / "verdicts"


@dataclass(frozen=True)
class Log:
    """A log ready to be judged; ``expect`` has one mapping an episode."""

    name: str
    lines: tuple[str, ...]
    python: str | None
    expect: tuple[dict[str, Any], ...]


def all_logs() -> list[Log]:
    found = []
    for path in sorted(FIXTURES.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            found += list(_logs(document))
    return found


def _logs(document: dict[str, Any]) -> Iterator[Log]:
    yield _log(document, document["name"], document["log"])
    for miss in document.get("near_misses", ()):
        text = document["log"]
        for old, new in miss.get("replace", {}).items():
            assert old in text, f"{miss['name']}: no {old}"
            text = text.replace(old, new)
        left_out = miss.get("without", [])
        assert all(one in text for one in left_out), miss["name"]
        kept = [line for line in text.splitlines() if not any(one in line for one in left_out)]
        name = f"{document['name']} | but {miss['name']}"
        yield _log(document | miss, name, "\n".join([*kept, *miss.get("then", [])]))


def _log(document: dict[str, Any], name: str, text: str) -> Log:
    expect = document["expect"]
    python = document.get("python")
    return Log(
        name,
        tuple(text.splitlines()),
        None if python is None else str(python),
        tuple(expect if isinstance(expect, list) else [expect]),
    )


def judged(lines: tuple[str, ...], python: str | None) -> Report:
    interpreter = None if python is None else given_interpreter(python)
    trace = read_log(enumerate(lines, start=1), "log", interpreter)
    judge = Judge(trace.header)
    for event in trace.events:
        list(judge.feed(event))
    return judge.finish()


@pytest.mark.parametrize("log", all_logs(), ids=lambda one: one.name)
def test_a_log_is_judged(log: Log) -> None:
    episodes = judged(log.lines, log.python).episodes
    assert len(episodes) == len(log.expect), [one.headline for one in episodes]
    for episode, expect in zip(episodes, log.expect, strict=True):
        for key, wanted in expect.items():
            if key in CONTAINED:
                said = CONTAINED[key](episode)
                texts = wanted if isinstance(wanted, list) else [wanted]
                assert all(text in said for text in texts), f"{key}: {said}"
            elif key == "silent_on":
                said = CONTAINED["explains"](episode)
                assert not [text for text in wanted if text in said], said
            elif key == "notes":
                assert [line.note for line in episode.lines if line.note] == wanted
            else:
                asked = ASKED.get(key)
                value = getattr(episode, key) if asked is None else asked(episode)
                assert value == wanted, f"{key}: {episode.headline}"


@pytest.mark.parametrize("log", all_logs(), ids=lambda one: one.name)
def test_every_sentence_rests_on_something(log: Log) -> None:
    for episode in judged(log.lines, log.python).episodes:
        for sentence in episode.explanation:
            assert sentence.evidence, sentence.text


@pytest.mark.parametrize("log", all_logs(), ids=lambda one: one.name)
def test_a_log_without_times_gives_no_time(log: Log) -> None:
    report = judged(log.lines, log.python)
    is_timed = report.header.clock.is_timed
    for episode in report.episodes:
        said = " ".join(sentence.text for sentence in episode.explanation)
        assert is_timed or not _SPAN.search(said), said
        assert is_timed or all(evidence.time_ns is None for evidence in episode.evidence)
        if episode.follow_up is not None:
            assert (episode.follow_up.after_ns is not None) is is_timed


def test_what_a_log_cannot_show_is_said_once() -> None:
    report = judged(all_logs()[0].lines, None)
    assert sum("no Python frames and no memory" in text for text in report.warnings) == 1


def test_a_program_is_followed_until_it_has_printed_its_traceback() -> None:
    """CPython 3.13.0 looks for the sources of some 30 modules first: 300 calls."""
    lines = (
        "read(5, 0x7f01, 100) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
        "--- SIGINT {si_signo=SIGINT, si_code=SI_KERNEL} ---",
        "rt_sigreturn({mask=[]}) = -1 EINTR (Interrupted system call)",
        *[f'openat(AT_FDCWD, "module{number}.py", O_RDONLY) = 3' for number in range(320)],
        'write(2, "Traceback (most recent call last"..., 35) = 35',
        'write(2, "KeyboardInterrupt\\n", 18) = 18',
    )
    (episode,) = judged(lines, "3.13.0").episodes
    assert episode.outcome is Outcome.ABANDONED_BY_HANDLER
    said = CONTAINED["explains"](episode)
    assert "Python's handler of SIGINT raised KeyboardInterrupt, which ended the call." in said
    assert len(episode.lines) < 12
