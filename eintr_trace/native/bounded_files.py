"""Small files of other people's file systems: what cannot be read is empty, or shorter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from eintr_trace.native.mapped_files import open_regular

_MAX_ENTRIES = 20_000


def read_bounded(path: Path, limit_bytes: int) -> bytes:
    """Read a regular file up to a limit; nothing if there is none, or it cannot be read."""
    with suppress(OSError, ValueError), open_regular(path) as stream:
        return stream.read(limit_bytes)
    return b""


def read_text_bounded(path: Path, limit_bytes: int) -> str:
    """Likewise as text; bytes that are no UTF-8 become surrogates, as in Python's paths."""
    return read_bounded(path, limit_bytes).decode("utf-8", "surrogateescape")


def names_in(directory: Path) -> Iterator[str]:
    """Give the names in a directory, the first thousands; none if it cannot be read."""
    with suppress(OSError, ValueError), os.scandir(directory) as entries:
        yield from (entry.name for entry in islice(entries, _MAX_ENTRIES))
