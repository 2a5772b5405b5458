"""The arguments of a call as a trace prints them, where their values are not known."""

from __future__ import annotations

from functools import lru_cache

_MOST_CHARACTERS = 4096
_OPENING, _CLOSING = "([{<", ")]}>"


@lru_cache(maxsize=64)
def printed_arguments(text: str) -> tuple[str, ...]:
    """Split ``poll([{fd=3, events=POLLIN}], 1, 699)`` into its three arguments.

    Commas within brackets and strings separate nothing. Text that is cut, or very long, gives
    the arguments as far as they go.
    """
    _, _, inside = text[:_MOST_CHARACTERS].partition("(")
    arguments, start, depth, at = [], 0, 0, 0
    while at < len(inside):
        character = inside[at]
        if character == '"':
            at = _after_string(inside, at)
            continue
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING and not inside.startswith("->", at - 1):
            depth -= 1
            if depth < 0:
                break
        elif character == "," and depth == 0:
            arguments.append(inside[start:at].strip())
            start = at + 1
        at += 1
    last = inside[start:at].strip()
    return (*arguments, last) if last else tuple(arguments)


def _after_string(text: str, at: int) -> int:
    """Give where the string that begins at ``at`` has ended; an escaped quote does not end it."""
    at += 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at + 1
