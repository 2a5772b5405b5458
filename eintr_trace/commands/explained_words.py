"""What the words after ``eintr-trace explain`` are: entries, numbers, lines, exceptions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from eintr_trace.errors import EintrTraceError
from eintr_trace.facts.glossary.calls import not_measured
from eintr_trace.facts.glossary.entry import Entry
from eintr_trace.facts.glossary.lookup import find, suggestions
from eintr_trace.facts.glossary.numbers import meanings_of_number
from eintr_trace.facts.glossary.pasted import pasted, phrases

_SHOWN_OF_AN_UNKNOWN_WORD = 60
_FUNCTION = re.compile(r"([\w.]+)\([1-9]?\)")
_IS_PASTED = re.compile(r"[:=?\[]|\(\d")  # more than words


@dataclass(frozen=True)
class Explained:
    """What there is to say of one word or phrase, in this order.

    ``remark`` says what the word may be; ``line`` is a line of strace, ``note`` its explanation.
    ``in_short``: of the entries only the two sentences.
    """

    entries: tuple[Entry, ...] = ()
    remark: str | None = None
    line: str | None = None
    note: str | None = None
    in_short: bool = False


class UnknownWordError(EintrTraceError):
    """A word that the glossary does not have."""

    def __init__(self, word: str) -> None:
        near = suggestions(word)
        remedy = f"Did you mean {', '.join(near)}? " if near else ""
        shown = word
        if len(shown) > _SHOWN_OF_AN_UNKNOWN_WORD:
            shown = f"{shown[:_SHOWN_OF_AN_UNKNOWN_WORD]}…"
        super().__init__(
            f"the glossary does not have {shown!r}",
            f"{remedy}eintr-trace explain lists all words",
        )


def explain(words: Sequence[str]) -> Iterator[Explained | UnknownWordError]:
    """Explain words: all together as a phrase if that is one, else one after the other."""
    phrase = _explained(words[0]) if len(words) == 1 else _named(" ".join(words))
    if phrase is not None:
        yield phrase
        return
    said: set[Entry] = set()
    for word in words if len(words) > 1 else tuple(phrases(words[0])) or words:
        one = _explained(word)
        if one is None:
            yield UnknownWordError(word)
            continue
        yield replace(one, entries=tuple(entry for entry in one.entries if entry not in said))
        if not one.in_short:
            said.update(one.entries)


def _explained(text: str) -> Explained | None:
    meanings = meanings_of_number(text)
    if meanings:
        entries = tuple(entry for one in meanings for entry in find(one.word))
        said = " or ".join(one.said for one in meanings)
        lacking = ", ".join(one.word for one in meanings if not find(one.word))
        remark = f"{text.strip()} is {said}."
        if lacking:
            remark += f" {lacking} is no interruption's: the glossary does not have it."
        return Explained(entries, remark)
    return _function(text) or _named(text) or _line(text) or _pasted(text) or _other_call(text)


def _named(text: str) -> Explained | None:
    entries = find(text)
    return Explained(entries, in_short=len(entries) > 1) if entries else None


def _function(text: str) -> Explained | None:
    """``signal(2)``, ``alarm()``: a page of the manual, a function; not a line of strace."""
    found = _FUNCTION.fullmatch(text.strip())
    return None if found is None else _named(found[1]) or _other_call(found[1])


def _pasted(text: str) -> Explained | None:
    if not _IS_PASTED.search(text):
        return None
    entries = pasted(text)
    in_short = len(entries) > 1
    return Explained(entries, line=text.strip(), in_short=in_short) if entries else None


def _line(text: str) -> Explained | None:
    if not ("(" in text or "---" in text or "+++" in text or "resumed>" in text):
        return None
    # Only here: reading strace's lines and explaining them.
    from eintr_trace.analysis.lines.notes import LineContext, note_of
    from eintr_trace.sources.strace_log.one_line import read_one_line

    line = read_one_line(text.strip())
    if line is None:
        return None
    note = None if line.event is None else note_of([line.event], LineContext(text))
    entries = tuple(dict.fromkeys(entry for name in line.named for entry in find(name)[:1]))
    if not entries and note is None and pasted(text):
        return None  # an exception can look like a call: error(4, 'Interrupted system call')
    return Explained(entries, line=text.strip(), note=note, in_short=True)


def _other_call(text: str) -> Explained | None:
    """A system call that no table has."""
    # Only here: the binding has the names of all calls.
    from eintr_trace.sources.live.binding import is_syscall_name

    name = text.strip()
    return Explained((not_measured(name),)) if is_syscall_name(name) else None
