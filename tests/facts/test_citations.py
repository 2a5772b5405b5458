"""Citations name what can be looked up: their form, and with source trees at hand their truth.

``EINTR_TRACE_SOURCES`` names a folder with some of the trees ``linux`` (6.12), ``glibc`` (2.36),
``CPython`` (3.12), ``strace`` (6.1) and ``man-pages``: each place that a citation names in one of
them is then looked for there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from eintr_trace.facts.glossary.lookup import all_entries
from eintr_trace.facts.pep475 import all_pep475_rows
from eintr_trace.facts.restart_codes import RESTART_RULES
from eintr_trace.facts.syscalls import BOOKKEEPING_CALLS, all_interruptible_calls
from tests.facts.citations import lacking, manual_pages, places, problems

SOURCES = os.environ.get("EINTR_TRACE_SOURCES")
# Which version of a tree is read; citations of others are not held against it.
VERSIONS = {"linux": "6.12", "glibc": "2.36", "CPython": "3.12", "strace": "6.1"}
# Pages that man-pages has split off proc(5) since, and those of other packages.
ELSEWHERE = {"ps", "strace", "kill"}


def citations() -> Iterator[str]:
    for entry in all_entries():
        yield from entry.citation
    yield from (row.citation for row in all_pep475_rows())
    yield from (rule.citation for rule in RESTART_RULES.values())
    yield from (call.source for call in all_interruptible_calls())
    yield from (citation for _, citation in BOOKKEEPING_CALLS.values())


CITATIONS = sorted(set(citations()))


@pytest.mark.parametrize("citation", CITATIONS)
def test_a_citation_names_what_can_be_looked_up(citation: str) -> None:
    assert list(problems(citation)) == []


def test_every_measured_call_names_a_function_of_the_kernel() -> None:
    for call in all_interruptible_calls():
        found = list(places(call.source))
        assert found, call.case
        assert all(place.tree == "linux" and place.functions for place in found), call.case


@pytest.mark.parametrize(
    ("citation", "wrong"),
    [
        ("fs/pipe.c pipe_read()", "fs/pipe.c pipe_read(): of no known form"),
        ("linux fs/pipe.c pipe_read()", "linux fs/pipe.c pipe_read(): of which version?"),
        ("linux 6.12 fs/pipe.c L391", "linux 6.12 fs/pipe.c L391: of no known form"),
        ("the kernel", "the kernel: of no known form"),
        ("eintr_trace/facts/no.py", "eintr_trace/facts/no.py: there is no such file"),
        ("eintr_trace/facts/pep475.json, os.nothing", "os.nothing"),
    ],
)
def test_what_cannot_be_looked_up_is_found(citation: str, wrong: str) -> None:
    (found,) = problems(citation)
    assert wrong in found


def test_a_place_that_a_tree_does_not_have_is_found(tmp_path: Path) -> None:
    (tmp_path / "fs").mkdir()
    (tmp_path / "fs/pipe.c").write_text(
        "SYSCALL_DEFINE1(pipe, int)\nstatic ssize_t\npipe_read(x)\n"
    )
    one, two = places("linux 6.12 fs/pipe.c pipe_read(), pipe(), pipe_wrote(); fs/no.c no()")
    assert list(lacking(one, tmp_path)) == ["no pipe_wrote in fs/pipe.c"]
    assert list(lacking(two, tmp_path)) == [f"no fs/no.c in {tmp_path.name}"]


@pytest.mark.skipif(
    SOURCES is None, reason="EINTR_TRACE_SOURCES does not say where the sources are"
)
def test_what_is_cited_is_there() -> None:
    trees = Path(SOURCES or "")
    wrong = [
        f"{citation}: {text}"
        for citation in CITATIONS
        for place in places(citation)
        if place.version == VERSIONS.get(place.tree) and (trees / place.tree).is_dir()
        for text in lacking(place, trees / place.tree)
    ]
    assert wrong == []


@pytest.mark.skipif(
    SOURCES is None, reason="EINTR_TRACE_SOURCES does not say where the sources are"
)
def test_pages_of_the_manual_are_there() -> None:
    trees = Path(SOURCES or "")
    missing = {
        f"{page}({section})"
        for citation in CITATIONS
        for page, section in manual_pages(citation)
        if (trees / "man-pages").is_dir() and page not in ELSEWHERE
        if not (trees / "man-pages" / f"man{section}" / f"{page}.{section}").is_file()
    }
    assert all(page.startswith("proc_pid_") for page in missing), missing
