"""Entries of the kinds of reduced evidence, made of what reports say of each."""

from __future__ import annotations

from functools import cache
from typing import Final

from eintr_trace.facts.glossary.entry import Entry, Topic
from eintr_trace.facts.reductions import REDUCTION_TEXTS
from eintr_trace.model.events import Reduction

_WATCHPOINT: Final = frozenset(
    {
        Reduction.WATCHPOINT_REFUSED,
        Reduction.WATCHPOINTS_TAKEN,
        Reduction.WATCHPOINT_UNOPENED,
        Reduction.WATCHPOINT_SPARED,
        Reduction.MAIN_THREAD_UNKNOWN,
    }
)
_WITHOUT_MEMORY: Final = (
    "Frames, exceptions and the table of handlers are read from the memory of the process. Without"
    " it the kernel's half of the verdict stands as ever; the Python half is not known."
)
_WITHOUT_WATCHPOINT: Final = (
    "A watchpoint of perf_event_open(2) on CPython's mark for the signal says to the microsecond"
    " when the main thread begins to run the Python handler. Without it, that the handler has run"
    " is seen at the next stop only: the report says at most how late it was."
)
_WITHOUT_DECISION: Final = (
    "Breakpoints of perf_event_open(2) in the interrupted thread copy its C stack where EINTR is"
    " answered, and so show who decided. Without them the verdict rests on the calls that follow,"
    " on the state of the interpreter and on the PEP 475 table, and says inferred."
)


@cache
def reduction_entries() -> tuple[Entry, ...]:
    """Give an entry for each kind of reduced evidence."""
    return tuple(map(_entry, Reduction))


def _entry(kind: Reduction) -> Entry:
    text = REDUCTION_TEXTS[kind]
    return Entry(
        words=(kind.value,),
        topic=Topic.VERDICTS,
        short=f"Evidence that is missing from an episode: {text}. The verdict stands on the rest.",
        why=(_without(kind), "The summary of a report names the episodes that it is true of."),
        see_also=("reduced", "sample", "inferred"),
        see_it="eintr-trace doctor",
        shows="whether this machine gives breakpoints and watchpoints, and what would help",
        citation=("eintr_trace/facts/reductions.py", "perf_event_open(2)", "docs/architecture.md"),
    )


def _without(kind: Reduction) -> str:
    if kind is Reduction.MEMORY_UNREAD:
        return _WITHOUT_MEMORY
    return _WITHOUT_WATCHPOINT if kind in _WATCHPOINT else _WITHOUT_DECISION
