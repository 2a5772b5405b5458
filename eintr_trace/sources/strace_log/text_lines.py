"""The lines of a stream, numbered, as soon as they are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Protocol

from eintr_trace.sources.strace_log.lexer import MAX_LINE_CHARACTERS


class LineSource(Protocol):
    """What lines are read from: a binary file."""

    def readline(self, limit_bytes: int, /) -> bytes:
        """The next line, no more than so much of it; empty at the end."""


_ESCAPE: Final = b"\x1b["
_COLOUR: Final = re.compile(rb"\x1b\[[0-9;]{0,40}m")  # color.c: SGR sequences only
_LONGEST_BYTES: Final = MAX_LINE_CHARACTERS + 1


def numbered_lines(stream: LineSource) -> Iterator[tuple[int, str]]:
    """Give each line with its number, from 1, without its newline.

    Of a line that is too long only the beginning is given, one byte longer than the lexer
    takes; bytes that are no UTF-8 become lone surrogates (PEP 383).
    """
    number = 0
    while line := stream.readline(_LONGEST_BYTES):
        number += 1
        if not line.endswith(b"\n") and len(line) == _LONGEST_BYTES:
            _skip_rest(stream)
        yield number, decoded(line)


def decoded(line: bytes) -> str:
    """Give a line's text without its newline, and without strace's colours (--color, 7.0)."""
    if _ESCAPE in line:
        line = _COLOUR.sub(b"", line)
    return line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Give the bytes of a part of a line's text."""
    return text.encode("utf-8", "surrogateescape")


def _skip_rest(stream: LineSource) -> None:
    while (more := stream.readline(_LONGEST_BYTES)) and not more.endswith(b"\n"):
        pass
