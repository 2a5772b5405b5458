"""A report of very many episodes, made of recorded and hand-made ones with other numbers."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import eintr_trace.lab
from eintr_trace.analysis.judge import Judge
from eintr_trace.model.episodes import Episode, Outcome
from eintr_trace.model.report import Report
from eintr_trace.sources.recording.reader import read_recording
from tests.reports import samples

_RECORDING = Path(eintr_trace.lab.__file__).parent / "recordings" / "thrift-python2.7.jsonl"
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+\.\d+")
_THREADS = 40


@cache
def recorded() -> Episode:
    """The episode of the Thrift experiment under Python 2.7, with all that was seen of it."""
    with _RECORDING.open("rb") as stream:
        trace = read_recording(stream, _RECORDING.name)
        judge = Judge(trace.header)
        for event in trace.events:
            for _ in judge.feed(event):
                pass
    return judge.finish().episodes[0]


def many(count: int) -> Report:
    """A report of so many episodes, on 40 threads, in an hour, in bursts."""
    return samples.report(*_episodes(count, random.Random(5)))


def _episodes(count: int, chance: random.Random) -> Iterator[Episode]:
    resumed = replace(
        recorded(),
        outcome=Outcome.RESUMED_BY_INTERPRETER,
        exceptions=(),
        consequences=(),
        advice=(),
        headline="SIGUSR1 met recvfrom in read (TSocket.py:157): CPython made the call again",
    )
    kinds = [recorded(), resumed, *samples.EPISODES]
    at_ns = 0
    for number in range(1, count + 1):
        burst = chance.random() < 0.9
        at_ns += int(chance.expovariate(1) * (2_000_000 if burst else 3_000_000_000))
        kind = chance.choices(kinds, [2, 9, 1, 3, 4, 1, 1, 1, 1])[0]
        yield _moved(kind, number, at_ns, chance)


def _moved(kind: Episode, number: int, at_ns: int, chance: random.Random) -> Episode:
    by_ns = at_ns - kind.time_ns
    thread = chance.randrange(_THREADS)

    def other(text: str) -> str:
        return _NUMBER.sub(lambda found: _like(found.group(), chance), text)

    evidence = tuple(
        replace(
            one,
            text=other(one.text),
            time_ns=None if one.time_ns is None else one.time_ns + by_ns,
        )
        for one in kind.evidence
    )
    return replace(
        kind,
        id=number,
        tgid=4700,
        tid=4700 + thread,
        main_thread=thread == 0,
        time_ns=at_ns,
        end_ns=kind.end_ns + by_ns,
        evidence=evidence,
    )


def _like(number: str, chance: random.Random) -> str:
    if number.startswith("0x"):
        return hex(0x7F0000000000 + chance.getrandbits(32))
    return f"{chance.uniform(0.1, 90):.3g}"
