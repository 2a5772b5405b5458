"""Values that many episodes have in common, written once: a table, and indices into it.

The texts of episodes differ mostly in numbers (addresses, times, descriptors), so a text is a
pattern and its numbers. A page with 10,000 episodes is a sixth of the size it would have.
"""

from __future__ import annotations

import re

from eintr_trace.reports.escaping import escape

_NUMBER = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?")

# Index of a text without numbers, or of a pattern and then its numbers.
Text = int | list[int | str]


class Patterns:
    """Texts as the scripts read them back (``text()`` in scripts/data.js)."""

    def __init__(self) -> None:
        self._indices: dict[tuple[str, ...], int] = {}

    def text(self, text: str) -> Text:
        """Return a text, escaped, as an index, or as an index and the numbers in it."""
        shown = escape(text)
        numbers = _NUMBER.findall(shown)
        pattern = tuple(_NUMBER.split(shown))
        index = self._indices.setdefault(pattern, len(self._indices))
        return [index, *numbers] if numbers else index

    def texts(self, texts: tuple[str, ...] | list[str]) -> list[Text]:
        """Return several."""
        return [self.text(text) for text in texts]

    @property
    def table(self) -> list[list[str]]:
        """The pieces of each pattern, between which its numbers go."""
        return [list(pattern) for pattern in self._indices]
