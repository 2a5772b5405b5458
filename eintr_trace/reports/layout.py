"""Lines for a terminal: escaping, wrapping and colour, for every renderer of text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from eintr_trace.reports.escaping import escape


class Tone(StrEnum):
    """What a piece of text is for; the value is its SGR code (ECMA-48)."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    LABEL = "36"
    GOOD = "1;32"
    WARN = "1;33"
    BAD = "1;31"


@dataclass(frozen=True)
class Span:
    """A piece of text in one tone, not yet escaped; ``whole``: no line ends at its blanks."""

    text: str
    tone: Tone = Tone.PLAIN
    whole: bool = False


@dataclass(frozen=True)
class Layout:
    """How wide lines are, in terminal columns, and whether they may have colour."""

    width: int
    colour: bool

    def paragraph(self, lead: Span, spans: Sequence[Span], indent: int) -> str:
        """Return wrapped lines, newline at the end: ``lead`` in the first ``indent`` columns."""
        first = escape(lead.text)
        lines: list[str] = []
        blanks = max(1 if first else 0, indent - columns(first))
        prefix = self.paint(first, lead.tone) + " " * blanks
        room = max(20, self.width - indent)
        for line in _filled(_words(spans), room):
            lines.append(prefix + "".join(self.paint(text, tone) for text, tone in line))
            prefix = " " * indent
        return "".join(f"{line.rstrip()}\n" for line in lines or [prefix])

    def paint(self, escaped: str, tone: Tone) -> str:
        """Return text, escaped before, in its tone."""
        if not self.colour or tone is Tone.PLAIN or not escaped.strip():
            return escaped
        return f"\x1b[{tone.value}m{escaped}\x1b[0m"


def colour_wanted(environment: Mapping[str, str], is_terminal: bool) -> bool:
    """Tell whether output may have colour (no-color.org, bixense.com/clicolors).

    ``NO_COLOR``, when not empty, forbids it; ``CLICOLOR_FORCE``, when neither empty nor 0,
    demands it; else it is for terminals, unless ``CLICOLOR`` is 0 or ``TERM`` is dumb.
    """
    if environment.get("NO_COLOR"):
        return False
    if environment.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return (
        is_terminal
        and environment.get("CLICOLOR", "1") != "0"
        and environment.get("TERM", "") != "dumb"
    )


def _words(spans: Sequence[Span]) -> Iterator[tuple[str, Tone]]:
    """Yield words and the blanks between them; a word that spans run into stays in pieces."""
    for span in spans:
        text = escape(span.text)
        for word in [text] if span.whole else re.findall(r" +|[^ ]+", text):
            yield word, span.tone


def _filled(words: Iterator[tuple[str, Tone]], room: int) -> Iterator[list[tuple[str, Tone]]]:
    """Yield lines of at most ``room`` columns; a word that is longer is cut."""
    line: list[tuple[str, Tone]] = []
    used = 0
    for unit in _unbreakable(words):
        needed = sum(columns(text) for text, _ in unit)
        if used + needed > room and line:
            yield _merged(line[:-1] if line[-1][0].isspace() else line)
            line, used = [], 0
        if not line and unit[0][0].isspace():
            continue
        for piece, tone in unit:
            text = piece
            while columns(text) > room - used:
                cut = _cut(text, room - used)
                yield _merged([*line, (text[:cut], tone)])
                line, used, text = [], 0, text[cut:]
            line.append((text, tone))
            used += columns(text)
    if line:
        yield _merged(line)


def _unbreakable(words: Iterator[tuple[str, Tone]]) -> Iterator[list[tuple[str, Tone]]]:
    for _, pieces in groupby(words, key=lambda word: word[0].isspace()):
        yield list(pieces)


def _merged(line: list[tuple[str, Tone]]) -> list[tuple[str, Tone]]:
    return [
        ("".join(text for text, _ in run), tone)
        for tone, run in groupby(line, key=lambda piece: piece[1])
    ]


def _cut(text: str, room: int) -> int:
    """Return how many characters of ``text`` fit into ``room`` columns, at least one."""
    used = 0
    for index, char in enumerate(text):
        used += columns(char)
        if used > room:
            return max(1, index)
    return len(text)


def columns(text: str) -> int:
    """Return how many terminal columns a text takes (Unicode Annex 11)."""
    if text.isascii():
        return len(text)
    return sum(_char_columns(char) for char in text)


def _char_columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
