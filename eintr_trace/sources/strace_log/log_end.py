"""How a log ends, by its last line: with the program, cut, or neither."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from eintr_trace.model.events import EndReason
from eintr_trace.sources.strace_log.lexer import read_line
from eintr_trace.sources.strace_log.lines import (
    AttachedLine,
    CallLine,
    CallPart,
    EndedLine,
    NoticeLine,
    StackLine,
)

_STRACE_GAVE_UP: Final = "...>"  # <detached ...>, <pid changed to 7 ...>


def end_shown_by(text: str) -> EndReason | None:
    """Say how a log ended whose last line this is; ``None``: it says nothing of a thread."""
    if text.endswith(_STRACE_GAVE_UP):  # its notice may stand within the call's line
        return EndReason.DETACHED
    match read_line(text):
        case NoticeLine() | StackLine() | AttachedLine():
            return None
        case EndedLine():
            return EndReason.TRACEES_GONE
        case CallLine(part=CallPart.CUT_BEGINNING | CallPart.ABANDONED):
            return EndReason.CUT_SHORT
        case None:
            return EndReason.CUT_SHORT if text else None
        case _:
            return EndReason.DETACHED


def end_of_files(ends: Collection[EndReason]) -> EndReason:
    """Say how a log of several files ended, by the ends of each."""
    if EndReason.CUT_SHORT in ends:
        return EndReason.CUT_SHORT
    all_gone = set(ends) == {EndReason.TRACEES_GONE}
    return EndReason.TRACEES_GONE if all_gone else EndReason.DETACHED
