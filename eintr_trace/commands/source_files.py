"""Source lines for a report, read from this machine's files while the report is made.

The names come from a recording, which anybody may have written, and the report may be handed
on: so only lines of Python source are read, and only where the file has the function that the
trace says runs there. A name that leads to a pipe or a device is not waited for.
"""

from __future__ import annotations

import os
import re
import stat
import tokenize
from functools import lru_cache
from io import BytesIO, TextIOWrapper
from pathlib import PurePosixPath

from eintr_trace.model.python_state import CodeLocation
from eintr_trace.model.trace import TraceClock, TraceHeader
from eintr_trace.reports.source_lines import SourceExcerpt

_SUFFIXES = frozenset({".py", ".pyw"})
_LARGEST_BYTES = 2 << 20
_LINES_BEFORE = 4
_LINES_AFTER = 4
_FILES_KEPT = 64


class SourceFiles:
    """Gives the lines around a place; ``header`` says when the trace was taken."""

    def __init__(self, header: TraceHeader) -> None:
        known = header.clock is TraceClock.MONOTONIC and header.realtime_anchor_ns > 0
        self._taken_ns = header.realtime_anchor_ns if known else None

    def __call__(self, location: CodeLocation) -> SourceExcerpt | None:
        """Return the lines, ``None`` where the file is not there, or is not what ran."""
        if location.line is None:
            return None
        source = _read(location.file)
        if source is None:
            return None
        lines, modified_ns = source
        if not 1 <= location.line <= len(lines) or not _has_function(lines, location):
            return None
        first = max(1, location.line - _LINES_BEFORE)
        last = min(len(lines), location.line + _LINES_AFTER)
        changed = None if self._taken_ns is None else modified_ns > self._taken_ns
        return SourceExcerpt(first, lines[first - 1 : last], changed)


def _has_function(lines: tuple[str, ...], location: CodeLocation) -> bool:
    """Tell whether a function, or class, of that name begins at the line or before it.

    A module, a lambda or a comprehension (``<module>``) has no name to look for.
    """
    name = location.function.rpartition(".")[2]
    if not name.isidentifier():
        return True
    begins = re.compile(rf"\s*(?:async\s+def|def|class)\s+{re.escape(name)}\b")
    return any(begins.match(line) for line in lines[: location.line])


@lru_cache(maxsize=_FILES_KEPT)
def _read(name: str) -> tuple[tuple[str, ...], int] | None:
    """Return the lines of a Python file and when it was changed, ``None`` if it is none."""
    if not name.startswith("/") or "\0" in name or PurePosixPath(name).suffix not in _SUFFIXES:
        return None
    try:
        # A name that is a link to something else is judged by what it leads to.
        path = os.path.realpath(name)
        if PurePosixPath(path).suffix not in _SUFFIXES:
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError):  # ValueError: a name with lone surrogates
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_BYTES:
            return None
        lines = _decoded(os.read(descriptor, _LARGEST_BYTES))
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None if lines is None else (lines, status.st_mtime_ns)


def _decoded(content: bytes) -> tuple[str, ...] | None:
    """Return the lines of Python source, ``None`` if it is not text (PEP 263)."""
    if b"\0" in content:
        return None
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(content).readline)
        # As Python counts lines: a form feed, for one, ends none.
        with TextIOWrapper(BytesIO(content), encoding) as text:
            return tuple(line.rstrip("\n") for line in text)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return None
