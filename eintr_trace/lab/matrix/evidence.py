"""A batch's recording, judged, and taken apart by program."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from eintr_trace.analysis.judge import Judge
from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.matrix.compare import CellEvidence
from eintr_trace.model.episodes import Episode
from eintr_trace.model.events import DeliveryPassed
from eintr_trace.sources.recording.reader import read_recording


def evidence_of(recording: Path) -> dict[int, CellEvidence]:
    """Judge a recording; give what it holds about each process, by pid.

    Raises EintrTraceError when it cannot be read, or is not whole.
    """
    passed: Counter[int] = Counter()
    try:
        stream = recording.open("rb")
    except OSError as error:
        raise EintrTraceError(f"the recording cannot be read: {error.strerror}") from error
    with stream:
        trace = read_recording(stream, str(recording))
        judge = Judge(trace.header)
        for event in trace.events:
            if isinstance(event, DeliveryPassed):
                passed[event.tgid] += event.count
            for _ in judge.feed(event):
                pass  # only the last word on each is compared
    report = judge.finish()
    if report.summary.lost:
        raise EintrTraceError(f"the recording lacks {report.summary.lost} events")
    episodes: defaultdict[int, list[Episode]] = defaultdict(list)
    for episode in report.episodes:
        episodes[episode.tgid].append(episode)
    return {pid: CellEvidence(tuple(episodes[pid]), passed[pid]) for pid in {*episodes, *passed}}
