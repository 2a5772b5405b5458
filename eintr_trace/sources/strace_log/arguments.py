"""The arguments of a call as strace prints them: where they end, and what the first ones are."""

from __future__ import annotations

import re
from typing import Final

# What cannot hide a parenthesis, in one step; then what can, each in one step.
_PLAIN = re.compile(r'[^"()\[\]{}</]+')
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_BRACKETS = re.compile(r"->|<|>")
# Beyond these a comment or a descriptor's path is taken to be none: PATH_MAX, escaped.
_LONGEST_ASIDE: Final = 4 * 4096
_DEEPEST: Final = 2  # 3</dev/pts/1<char 136:1>>
_OPENING: Final = "([{"
_CLOSING: Final = ")]}"
_RESULT_FOLLOWS = re.compile(r"\) *= (?:\?|-?\d|0x)")
_NAME = re.compile(r"^[a-z_][a-z0-9_]{0,40}=")
_MOST_NAMED: Final = 16  # more than any call has
_DESCRIPTOR = re.compile(r"(-?\d{1,10})(?:<(.*)>(?:\(deleted\))?)?$")


def arguments_end(text: str, at: int) -> int | None:
    """Find the parenthesis that closes a call's arguments, which begin at ``at``.

    ``None``: the line ends before it. Where the arguments are not balanced (a path with a
    parenthesis in ``-y``'s brackets, a string cut in an old strace), it is the first that a
    result follows.
    """
    depth = 0
    while at < len(text):
        character = text[at]
        if character in _OPENING:
            depth += 1
            at += 1
        elif character in _CLOSING:
            if depth == 0:
                return at if character == ")" else _first_before_result(text, at)
            depth -= 1
            at += 1
        else:
            after = _skip(text, at)
            if after is None:
                return _first_before_result(text, at)
            at = after
    return None


def _skip(text: str, at: int) -> int | None:
    """Step over a string, a comment, what ``-y`` says of a descriptor, or plain text."""
    match text[at]:
        case '"':
            found = _STRING.match(text, at)
            return None if found is None else found.end()
        case "/":
            end = text.find("*/", at, at + _LONGEST_ASIDE) if text.startswith("/*", at) else -1
            return at + 1 if end < 0 else end + 2
        case "<":
            return _after_brackets(text, at)
    found = _PLAIN.match(text, at)
    return at + 1 if found is None else found.end()


def _after_brackets(text: str, at: int) -> int:
    """Step over ``<…>``, which may hold ``->`` and, for a device, another pair."""
    if not (at and (text[at - 1].isdigit() or text[at - 1] == "D")):
        return at + 1  # a shift, a comparison of -e bpf: no descriptor before it
    depth = 0
    for found in _BRACKETS.finditer(text, at, at + _LONGEST_ASIDE):
        if found[0] == "<":
            depth += 1
            if depth > _DEEPEST:
                break
        elif found[0] == ">":
            depth -= 1
            if depth == 0:
                return found.end()
    return at + 1


def _first_before_result(text: str, at: int) -> int | None:
    found = _RESULT_FOLLOWS.search(text, at)
    return None if found is None else found.start()


def split_arguments(arguments: str, most: int) -> list[str]:
    """Give the first ``most`` arguments, as text."""
    parts: list[str] = []
    depth = start = at = 0
    while at < len(arguments) and len(parts) < most:
        character = arguments[at]
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif character in '"/<':
            at = _skip(arguments, at) or len(arguments)
            continue
        elif character == "," and depth <= 0:
            parts.append(arguments[start:at].strip())
            start = at + 1
        at += 1
    if len(parts) < most and arguments[start:].strip():
        parts.append(arguments[start:].strip())
    return parts


def without_names(arguments: str) -> str:
    """Leave out the names of arguments (-N, strace 6.16 print_fields.c): ``sockfd=3, size=10``."""
    if _NAME.match(arguments) is None:
        return arguments
    parts = split_arguments(arguments, _MOST_NAMED)
    return ", ".join(
        part[found.end() :] if (found := _NAME.match(part)) else part for part in parts
    )


def read_descriptor(argument: str) -> tuple[int, str | None] | None:
    """Read a descriptor, and what ``-y`` says of it: ``3<TCP:[…]>``; ``None`` if it is none."""
    found = _DESCRIPTOR.match(argument)
    return None if found is None else (int(found[1]), found[2])
