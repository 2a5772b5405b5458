"""The words of an episode that a reader may not know, as the glossary explains them."""

from __future__ import annotations

from functools import cache

from eintr_trace.facts.glossary.entry import Topic
from eintr_trace.facts.glossary.lookup import short
from eintr_trace.model.episodes import Episode


def words_of(episode: Episode) -> list[tuple[str, str]]:
    """Return the outcome, the signal, the call and its restart code, each with two sentences.

    Those that the glossary does not have are left out: names in a recording may be anything.
    """
    signal, syscall = episode.signal, episode.syscall
    named = [(episode.outcome.value, Topic.OUTCOMES)]
    if signal is not None:
        named.append((signal.name, Topic.SIGNALS))
    if syscall is not None:
        named.append((syscall.syscall.name, Topic.CALLS))
        if syscall.restart_code is not None:
            named.append((syscall.restart_code, Topic.CODES))
    explained = ((word, _short(word, topic)) for word, topic in named)
    return [(word, text) for word, text in explained if text is not None]


_short = cache(short)
