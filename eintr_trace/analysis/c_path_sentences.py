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
from eintr_trace.facts.c_functions import CFunctionRole, role_of
from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.episodes import CPath, Layer

# The path's last function says itself where it led.
_SHOWN_BY_THE_LAST = frozenset({PathEnd.DECISION, PathEnd.HANDLER_DUE, PathEnd.CALLED_AGAIN})


def c_path_sentences(trail: Trail, finding: Finding) -> Iterator[Draft]:
    """Show the path, and say how long the tracer held the thread for it."""
    path, walked = c_path(trail, finding), trail.c_side.path
    if path is None:
        return
    if path.seen_in is not None or walked is None:
        text = f"The way from EINTR is that of #{path.seen_in}: the same call, the same outcome."
    else:
        text = f"{_way(path)}. Single-stepping it held the thread for {duration(walked.took_ns)}."
    yield Draft(Layer.C, text, (Topic.C_PATH,))


def _way(path: CPath) -> str:
    way = f"The way from EINTR: {' → '.join(path.functions)}"
    if path.end in _SHOWN_BY_THE_LAST or _is_in_the_loop(path):
        return way
    return f"{way}, then {PATH_ENDS[path.end]}"


def _is_in_the_loop(path: CPath) -> bool:
    is_loop = role_of(path.functions[-1]) is CFunctionRole.EVALUATION_LOOP
    return is_loop and path.end is PathEnd.EVALUATION_LOOP
