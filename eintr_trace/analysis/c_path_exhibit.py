"""What single-stepping a thread showed, as evidence."""

from __future__ import annotations

from typing import Final

from eintr_trace.analysis.c_path import c_path
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.trail import Trail
from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.episodes import Evidence, EvidenceKind

PATH_ENDS: Final[dict[PathEnd, str]] = {
    PathEnd.DECISION: "the entry of a function that makes an exception of errno",
    PathEnd.HANDLER_DUE: "where CPython runs the Python handler that is due",
    PathEnd.CALLED_AGAIN: "the same call again",
    PathEnd.OTHER_CALL: "another system call",
    PathEnd.EVALUATION_LOOP: "the interpreter's evaluation loop",
    PathEnd.SIGNAL: "the next signal, which ended it",
    PathEnd.TRAP_FLAG: "an instruction that cannot be stepped, which ended it",
    PathEnd.TOO_MANY_STEPS: "the largest number of steps, which ended it",
    PathEnd.TOO_LONG: "the longest time that stepping may take, which ended it",
    PathEnd.ENDED: "the end of the thread",
}


def c_path_exhibit(trail: Trail, finding: Finding) -> Evidence | None:
    """The instruction pointers and where they ended, or in which episode they were seen."""
    path, walked = c_path(trail, finding), trail.c_side.path
    if path is None:
        return None
    if path.seen_in is not None or walked is None:
        text = (
            f"the same call, from the same instruction and with the same kind of handler, had the"
            f" same outcome in #{path.seen_in}, in which the thread was single-stepped"
        )
        return Evidence(EvidenceKind.RULE, text)
    count = sum(step.instructions for step in path.steps)
    text = (
        f"the instruction pointer at {count} single steps, from the end of the interrupted call to"
        f" {PATH_ENDS[path.end]}"
    )
    return Evidence(EvidenceKind.REGISTER, text, walked.time_ns)
