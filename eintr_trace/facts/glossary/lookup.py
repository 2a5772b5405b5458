"""From a word to the entries that explain it; words that are near when there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from enum import IntEnum
from functools import cache

from eintr_trace.facts.glossary.calls import call_entries
from eintr_trace.facts.glossary.entry import Entry, Topic, written_entries
from eintr_trace.facts.glossary.functions import function_entries
from eintr_trace.facts.glossary.reduction_entries import reduction_entries
from eintr_trace.facts.glossary.signal_entries import signal_entries
from eintr_trace.facts.pep475 import rows_of_c_function
from eintr_trace.facts.signals import signal_name, signal_number

_LONGEST_WORD = 200  # what is longer is no word of the glossary, and near none
_SUGGESTED = 4


class _Rank(IntEnum):
    """How well a word names an entry: only the best that there are count."""

    NAME = 0
    ALIAS = 1
    BARE = 2  # ``recv`` for ``socket.recv``


@cache
def all_entries() -> tuple[Entry, ...]:
    """Give the whole glossary, topic by topic."""
    return (
        *written_entries(),
        *reduction_entries(),
        *call_entries(),
        *function_entries(),
        *signal_entries(),
    )


def find(phrase: str) -> tuple[Entry, ...]:
    """Give the entries that a word or a phrase names; none if there is no such word.

    Case, blanks and punctuation do not matter; signals may be written as ``kill -l`` does. A C
    function of CPython (``sock_recv_guts``), as reports name it, is what it does for Python.
    """
    if len(phrase) > _LONGEST_WORD:
        return ()
    found = _index().get(_key(phrase))
    if found is not None:
        best = min(rank for rank, _ in found)
        return tuple(entry for rank, entry in found if rank is best)
    rows = rows_of_c_function(phrase.strip())
    if rows:
        return tuple(entry for row in rows for entry in _index_of(row.id))
    signo = None if phrase.strip().isdecimal() else signal_number(phrase)
    return () if signo is None else _index_of(signal_name(signo))


def short(word: str, topic: Topic) -> str | None:
    """Give the two sentences of a word of a topic; ``None``: the glossary has no such word.

    ``kill`` is a system call, and in a sentence on signals what a shell does.
    """
    return next((entry.short for entry in find(word) if entry.topic is topic), None)


def suggestions(word: str) -> tuple[str, ...]:
    """Give names of entries that are written much like ``word``."""
    keys = get_close_matches(_key(word[:_LONGEST_WORD]), _index(), _SUGGESTED, cutoff=0.6)
    return tuple(dict.fromkeys(_index()[key][0][1].name for key in keys))


def entries_of(topic: Topic) -> tuple[Entry, ...]:
    """Give the entries that are listed under a topic."""
    return tuple(entry for entry in all_entries() if entry.topic is topic)


def _index_of(name: str) -> tuple[Entry, ...]:
    return tuple(entry for _, entry in _index()[_key(name)])


@cache
def _index() -> dict[str, tuple[tuple[_Rank, Entry], ...]]:
    index: dict[str, tuple[tuple[_Rank, Entry], ...]] = {}
    for rank, word, entry in _named(all_entries()):
        key = _key(word)
        known = index.get(key, ())
        if key and entry not in (one for _, one in known):
            index[key] = (*known, (rank, entry))
    return index


def _named(entries: Iterable[Entry]) -> Iterator[tuple[_Rank, str, Entry]]:
    for entry in entries:
        yield _Rank.NAME, entry.name, entry
        for word in entry.words[1:]:
            yield _Rank.ALIAS, word, entry
        if entry.topic is Topic.FUNCTIONS:
            for word in entry.words:
                yield _Rank.BARE, word.rpartition(".")[2], entry
                yield _Rank.BARE, word.partition(".")[2], entry  # ``Event.wait``


def _key(text: str) -> str:
    """Give a text without what people write in different ways."""
    return re.sub(r"[^a-z0-9]+", "", text.casefold())
