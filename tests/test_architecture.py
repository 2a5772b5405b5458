"""docs/architecture.md has a row for every module of the package, and for no other."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import eintr_trace

PACKAGE = Path(eintr_trace.__file__).parent
PAGE = PACKAGE.parent / "docs" / "architecture.md"
# Programs of their own, run by any interpreter.
PROGRAMS = PACKAGE / "lab" / "programs"


@functools.cache
def modules() -> frozenset[str]:
    """All but the packages themselves, which hold no code, and __main__."""
    return frozenset(
        str(path.relative_to(PACKAGE).with_suffix(""))
        for path in PACKAGE.rglob("*.py")
        if not path.name.startswith("__") and PROGRAMS not in path.parents
    )


def named(page: str) -> Iterator[list[str]]:
    """Yield what each name in a table of modules may stand for, as patterns of paths."""
    package: str | None = None
    for line in page.splitlines():
        head = re.match(r"\| module(?: of `([^`]+)`)? \|", line)
        if head is not None:
            package = f"{head[1]}/" if head[1] else ""
        elif not line.startswith("|"):
            package = None
        elif package is not None:
            folder = ""
            for name in re.findall(r"`([^`]+)`", line.split("|")[1]):
                folder = f"{name.rpartition('/')[0]}/" if "/" in name else folder
                yield [package + name] if "/" in name else [package + folder + name, package + name]


def matched(patterns: list[str]) -> set[str]:
    """The modules of the first pattern that has some; ``*`` is never a folder."""
    for pattern in patterns:
        found = {
            module
            for module in modules()
            if fnmatchcase(module, pattern) and module.count("/") == pattern.count("/")
        }
        if found:
            return found
    return set()


def test_every_module_has_its_row() -> None:
    rows = [(patterns, matched(patterns)) for patterns in named(PAGE.read_text())]
    assert [patterns[0] for patterns, found in rows if not found] == []
    assert modules() - {module for _, found in rows for module in found} == set()


def test_a_name_of_nothing_and_a_folder_that_goes_on() -> None:
    page = "| module of `commands` | job |\n|---|---|\n| `main`, `nothing` | a `word` |\n"
    assert [matched(patterns) for patterns in named(page)] == [{"commands/main"}, set()]
    page = "| module | job |\n|---|---|\n| `model/events`, `trace` | |\n\n| `process` | job |\n"
    assert [matched(patterns) for patterns in named(page)] == [{"model/events"}, {"model/trace"}]
