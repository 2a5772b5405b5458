"""How far a large file has been read, on a terminal."""

from __future__ import annotations

import sys
import time
from typing import Final

_WIDTH: Final = 30
_EVERY_S: Final = 0.1


class ProgressBar:
    """A bar on stderr, on the line that is written next; nothing where stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._is_drawn = False
        self._next_s = time.monotonic() + _EVERY_S

    def at(self, done: int, total: int) -> None:
        """So much of the whole is done."""
        now_s = time.monotonic()
        if self._shown and now_s >= self._next_s:
            self._next_s = now_s + _EVERY_S
            share = done / max(total, 1)
            bar = "#" * round(share * _WIDTH)
            print(f"\r[{bar:<{_WIDTH}}] {share:4.0%}", end="", file=sys.stderr, flush=True)
            self._is_drawn = True

    def clear(self) -> None:
        """Give the line back to whoever writes next."""
        if self._is_drawn:
            self._is_drawn = False
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
