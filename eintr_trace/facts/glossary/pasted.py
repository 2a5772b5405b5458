"""What people paste to have it explained: exceptions, ends of strace's lines, phrases.

Such a text is searched for names that the glossary has: the exception, its errno, the message, and
constants of the kernel. What else is in it does not matter.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from eintr_trace.facts.glossary.entry import Entry, Topic
from eintr_trace.facts.glossary.lookup import entries_of, find

_LONGEST = 2_000  # a traceback's last line is shorter; nothing beyond is looked at
_LONGEST_PHRASE = 6  # words
# ``thrift.transport.TTransport.TTransportException: unexpected exception``, ``error(4, '…')``
_EXCEPTION: Final = re.compile(
    r"(?P<name>(?:\w+\.)*\w*(?:Error|Exception|Interrupt|error|timeout))\s*(?::|(?=\())\s*(?P<rest>.*)",
    re.DOTALL,
)
_ERRNO: Final = re.compile(r"\[Errno (\d{1,3})\]|^\(?(\d{1,3}),|errno[ =](\d{1,3})\b")
_CONSTANT: Final = re.compile(r"\b(?:E[A-Z]{2,}\w*|SIG[A-Z]{2,}\w*|(?:SA|SO|PTRACE)_[A-Z_]+)\b")
# Between words that the glossary has these are passed over.
_PASSED_OVER: Final = re.compile(
    r"an?|after|and|are|at|be|because|by|does|for|from|has|how|in|into|is|it|not|of|on|or|set|so"
    r"|that|the|this|to|was|what|when|why|with",
    re.IGNORECASE,
)


def pasted(text: str) -> tuple[Entry, ...]:
    """Give the entries that a pasted exception or part of a line of strace names; none if none."""
    found: dict[Entry, None] = {}
    for name in _names(text[:_LONGEST]):
        found |= dict.fromkeys(find(name)[:1])
    return tuple(found)


def phrases(text: str) -> Iterator[str]:
    """Part a text into the longest phrases that the glossary has, and the words it has not.

    ``EINTR in close()`` is ``EINTR`` and ``close()``. Small words are given only where there is
    nothing else.
    """
    words = text.split()
    given, at = False, 0
    while at < len(words):
        for length in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + length])
            if length == 1 or find(phrase):
                break
        at += length
        if _PASSED_OVER.fullmatch(phrase) is None or (at == len(words) and not given):
            given = True
            yield phrase


def _names(text: str) -> Iterator[str]:
    exception = _EXCEPTION.search(text)
    if exception is not None:
        name, rest = exception["name"], exception["rest"]
        yield name if find(name) else name.rpartition(".")[2]
        yield rest.strip()
        number = _ERRNO.search(rest)
        if number is not None:
            digits = next(group for group in number.groups() if group is not None)
            yield errno.errorcode.get(int(digits), "")
    folded = text.casefold()
    said = [message for message in _messages() if message in folded]
    for message in said:
        # "To be restarted" is a part of "To be restarted if no handler".
        if not any(message != other and message in other for other in said):
            yield _messages()[message]
    yield from _CONSTANT.findall(text)


@cache
def _messages() -> dict[str, str]:
    """What perror(3) and strace say → the error or restart code that they say it of."""
    return {
        word.casefold(): entry.name
        for entry in entries_of(Topic.CODES)
        for word in entry.words
        if " " in word and not word.startswith(("errno", "restart"))
    }
