"""The way of the thread through C, in words: how it was seen, and what that cost."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.c_path import c_path
from eintr_trace.analysis.c_path_exhibit import PATH_ENDS
from eintr_trace.analysis.draft import Draft
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import duration
from eintr_trace.model.episodes import Layer


def c_path_sentences(trail: Trail, finding: Finding) -> Iterator[Draft]:
    """Say where the path led and how long the tracer held the thread for it."""
    path, walked = c_path(trail, finding), trail.c_side.path
    if path is None:
        return
    led = f"The way from EINTR, {' → '.join(path.functions)}, led to {PATH_ENDS[path.end]}"
    if path.seen_in is not None or walked is None:
        text = f"{led}; it was seen in #{path.seen_in}, at the same call with the same outcome."
    else:
        held = duration(walked.took_ns)
        text = f"{led}. To see it by single steps, eintr-trace held the thread for {held}."
    yield Draft(Layer.C, text, (Topic.C_PATH,))
