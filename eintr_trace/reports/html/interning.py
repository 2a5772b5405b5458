"""Values that many episodes have in common, written once: a table, and indices into it.

The texts of episodes differ mostly in numbers (addresses, times, descriptors), so a text is a
pattern and its numbers. A page with 10,000 episodes is a sixth of the size it would have.
"""

from __future__ import annotations

import re

from eintr_trace.reports.escaping import escape

_NUMBER = re.compile(r"(0x[0-9a-f]+|\d+(?:\.\d+)?)")

# Index of a text without numbers, or of a pattern and then its numbers.
Text = int | list[int | str]


class Patterns:
    """Texts as the scripts read them back (``text()`` in scripts/data.js)."""

    def __init__(self) -> None:
        self._indices: dict[tuple[str, ...], int] = {}
        self._made: dict[str, Text] = {}

    def text(self, text: str) -> Text:
        """Return a text, escaped, as an index, or as an index and the numbers in it."""
        made = self._made.get(text)
        if made is None:
            made = self._made[text] = self._text(escape(text))
        return made

    def _text(self, shown: str) -> Text:
        pieces = _NUMBER.split(shown)
        index = self._indices.setdefault(tuple(pieces[::2]), len(self._indices))
        return [index, *pieces[1::2]] if len(pieces) > 1 else index

    def texts(self, texts: tuple[str, ...] | list[str]) -> list[Text]:
        """Return several."""
        return [self.text(text) for text in texts]

    @property
    def table(self) -> list[list[str]]:
        """The pieces of each pattern, between which its numbers go."""
        return [list(pattern) for pattern in self._indices]
