r"""Text in Markdown that stays text: GitHub's dialect, and what it makes of text afterwards.

GitHub turns @mentions, #123, commit hashes and :emoji: in the finished page into links and
pictures, whatever backslashes were before them; only in code it leaves them alone. So words
that hold anything that could be taken for markup become code, and need no other escape.
(GitHub Flavored Markdown, 6.3 "Code spans", 6.9 "Autolinks (extension)", 4.10 "Tables"; GitHub's
documentation, "Autolinked references and URLs".)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from eintr_trace.reports.escaping import escape

_MARKUP = re.compile(
    r"[\\`*_{}\[\]<>|~&@#$^]"  # of Markdown, HTML, mentions, references, formulas
    r"|://|www\.|mailto:|xmpp:"  # addresses
    r"|\bGH-[0-9]"  # references to issues
    r"|\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b"  # commit hashes
    r"|:(?:[0-9_+-]*[a-z][0-9a-z_+-]*|[+-]1|100|1234):",  # emoji
    re.IGNORECASE,
)
_LIST_OR_RULE = re.compile(r"[-+=]+|[0-9]{1,9}[.)]")
_OPENING = re.compile(r"[(\"'“‘]*")
_CLOSING = re.compile(r"[.,;:!?\"'”’]*$")


def prose(text: str) -> str:
    """Return a sentence as it may stand within a paragraph, a list entry or a heading."""
    words = escape(text).split()
    return " ".join(_word(word, first=not index) for index, word in enumerate(words))


def code(text: str) -> str:
    """Return a code span; nothing in it is obeyed (GFM, 6.3)."""
    shown = escape(text) or " "
    fence = "`" * (_longest_run(shown) + 1)
    # One blank at both ends is taken away, unless there is nothing else.
    pad = " " if shown.strip() and (shown[0] in "` " or shown[-1] in "` ") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def fenced(lines: Iterable[str], indent: str = "") -> str:
    """Return a block of code, each line escaped, that no line of it can end (GFM, 4.5)."""
    shown = [escape(line) for line in lines]
    fence = "`" * max(3, max(map(_longest_run, shown), default=0) + 1)
    return "".join(f"{indent}{line}\n" for line in [f"{fence}text", *shown, fence])


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return a table of cells that are Markdown already; columns ``right`` are set to the right."""
    rule = ["--:" if index in right else "---" for index in range(len(headings))]
    lines = [headings, rule, *([_cell(text) for text in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(text: str) -> str:
    r"""Keep ``|`` in its cell. A backslash before it would escape the one that escapes it."""
    return text.replace("\\|", r"\x5c|").replace("|", r"\|")


def _word(word: str, first: bool) -> str:
    if _MARKUP.search(word):
        before, core, after = _bare(word)
        return f"{before}{code(core)}{after}"
    return code(word) if first and _LIST_OR_RULE.fullmatch(word) else word


def _bare(word: str) -> tuple[str, str, str]:
    """Part a word from the punctuation around it that belongs to the sentence."""
    start = _OPENING.match(word)
    before = start[0] if start else ""
    core = word[len(before) :]
    while (shorter := _without_end(core)) != core:
        core = shorter
    if not _MARKUP.search(core):
        return "", word, ""
    return before, core, word[len(before) + len(core) :]


def _without_end(core: str) -> str:
    stripped = _CLOSING.sub("", core)
    closes_more = stripped.endswith(")") and stripped.count(")") > stripped.count("(")
    return stripped[:-1] if closes_more else stripped


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
