"""Citations as values: what each part names, and whether that is there.

A citation is parts between semicolons. Each part names a place that a reader can look up: a file
of a source tree with its functions, a page of the manual, a PEP, an issue, a file of this
repository, an address; or it says how something was seen. A part without a source of its own
goes on with that of the part before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

_TREE = re.compile(
    r"(linux|glibc|CPython|strace|apache/thrift) (?:(v?\d[\w.]*(?: to v?\d[\w.]*)?) )?"
)
_PLACE = re.compile(
    r"(?P<file>[\w/.+-]+\.(?:c|h|py|cpp|tbl|cc))(?: (?P<names>[A-Za-z_]\w*\(\)"
    r"(?:, [A-Za-z_]\w*\(\))*)(?:, line \d+)?)?"
)
_MANUAL = re.compile(r"(?P<page>[a-z_0-9]+)\((?P<section>[1-8])\)(?:, .+)?")
_OWN = re.compile(r"(?P<file>(?:eintr_trace|docs)/[\w/.-]+)(?:, (?P<name>.+))?")
_OTHERS = (
    re.compile(r"PEP \d{3,4}(?:, .+)?"),
    re.compile(r"https://\S+"),
    re.compile(
        r"CPython issues? \d+(?: and \d+)?"
        r" \((?:bugs\.python\.org|github\.com/python/cpython)\)(?:, in .+)?"
    ),
    re.compile(r"Thriftpy/thriftpy2? .+"),
    re.compile(r"(?:seen|observed|measured:?) .+"),
    re.compile(r"read in the sources, not run|from the source only, not run"),
)
# Defined otherwise than as ``name(``: SYSCALL_DEFINE2(pause), strace's SYS_FUNC(name).
_DEFINED = r"(?:\b{name}\s*\(|(?:SYSCALL_DEFINE\d|SYS_FUNC)\({name}[,)])"


@dataclass(frozen=True)
class Place:
    """A file of a source tree (``linux``) and the functions of it that a citation names."""

    tree: str
    version: str | None
    file: str
    functions: tuple[str, ...]


def problems(citation: str) -> Iterator[str]:
    """Say what is wrong with the form of a citation, or with a file of this repository in it."""
    for part, place in _parts(citation):
        if place is not None:
            if place.version is None:
                yield f"{part}: of which version?"
            continue
        own = _OWN.fullmatch(part)
        if own is not None:
            yield from _own_problems(part, own["file"], own["name"])
        elif _MANUAL.fullmatch(part) is None and not any(one.fullmatch(part) for one in _OTHERS):
            yield f"{part}: of no known form"


def places(citation: str) -> Iterator[Place]:
    """Give the places in source trees that a citation names."""
    return (place for _, place in _parts(citation) if place is not None)


def manual_pages(citation: str) -> Iterator[tuple[str, str]]:
    """Give the pages of the manual that a citation names, as name and section."""
    for part, _ in _parts(citation):
        found = _MANUAL.fullmatch(part)
        if found is not None:
            yield found["page"], found["section"]


def lacking(place: Place, tree: Path) -> Iterator[str]:
    """Say what a source tree does not have of what a citation names."""
    file = tree / place.file
    if not file.is_file():
        yield f"no {place.file} in {tree.name}"
        return
    text = file.read_text("utf-8", errors="replace")
    for name in place.functions:
        if re.search(_DEFINED.format(name=re.escape(name)), text) is None:
            yield f"no {name} in {place.file}"


def _parts(citation: str) -> Iterator[tuple[str, Place | None]]:
    tree: tuple[str, str | None] | None = None
    for part in citation.split("; "):
        named = _TREE.match(part)
        rest = part
        if named is not None and not part.startswith("CPython issue"):
            tree, rest = (named[1], named[2]), part[named.end() :]
        found = _PLACE.fullmatch(rest)
        if found is None or tree is None:
            yield part, None
            continue
        names = (found["names"] or "").split(", ") if found["names"] else []
        yield part, Place(*tree, found["file"], tuple(name.removesuffix("()") for name in names))


def _own_problems(part: str, file: str, name: str | None) -> Iterator[str]:
    path = REPOSITORY / file
    if not path.exists():
        yield f"{part}: there is no such file"
    elif name is not None and path.is_file():
        text = path.read_text("utf-8")
        for one in name.split(", "):
            if one.rpartition(".")[2] not in text:
                yield f"{part}: {one!r} is not in it"
