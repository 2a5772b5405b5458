"""The interpreters that these tests run under, each a parameter; the missing ones skip."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from eintr_trace.lab.interpreters import find_interpreters
from tests.interpreter.processes import Tracees

WANTED = (
    (2, 7),
    (3, 6),
    (3, 7),
    (3, 8),
    (3, 9),
    (3, 10),
    (3, 11),
    (3, 12),
    (3, 13),
    (3, 14),
    (3, 15),
)


def dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


@cache
def found() -> dict[tuple[int, int], list[Path]]:
    interpreters: dict[tuple[int, int], list[Path]] = {}
    for interpreter in find_interpreters():
        if interpreter.implementation == "CPython" and interpreter.version is not None:
            key = interpreter.version[:2]
            interpreters.setdefault(key, []).append(interpreter.executable)
    return interpreters


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "python" in metafunc.fixturenames:
        metafunc.parametrize("python", WANTED, ids=map(dotted, WANTED), indirect=True)
    if "every_python" in metafunc.fixturenames:
        paths = [(version, path) for version in found() for path in found()[version]]
        metafunc.parametrize(
            "every_python",
            paths,
            ids=[f"{major}.{minor}-{path.parts[1]}" for (major, minor), path in paths],
        )


@pytest.fixture
def python(request: pytest.FixtureRequest) -> tuple[tuple[int, int], Path]:
    """The version (major, minor) and one executable of it."""
    version: tuple[int, int] = request.param
    if version not in found():
        pytest.skip(f"no CPython {dotted(version)} on this machine")
    return version, found()[version][0]


@pytest.fixture
def tracees() -> Iterator[Tracees]:
    with Tracees() as started:
        yield started
