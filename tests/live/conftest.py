"""Every interpreter found on this machine, as test parameters named by version."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from eintr_trace.lab.interpreters import FoundInterpreter, find_interpreters

WANTED = ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]


@cache
def _by_version() -> dict[str, FoundInterpreter]:
    found = [i for i in find_interpreters() if i.problem is None and i.implementation == "CPython"]
    return {f"{i.version[0]}.{i.version[1]}": i for i in found if i.version is not None}


def interpreter(version: str) -> Path:
    found = _by_version().get(version)
    if found is None:
        pytest.skip(f"no CPython {version} on this machine")
    return found.executable


@pytest.fixture(params=WANTED)
def any_python(request: pytest.FixtureRequest) -> Path:
    """Each interpreter in turn."""
    return interpreter(request.param)


@pytest.fixture(params=["2.7", "3.8", "3.13"])
def spread_python(request: pytest.FixtureRequest) -> Path:
    """An old, a middling and a newer interpreter: for what does not depend on which is traced."""
    return interpreter(request.param)


@pytest.fixture
def pypy() -> Path:
    for found in find_interpreters():
        if found.implementation == "PyPy":
            return found.executable
    pytest.skip("no PyPy on this machine")


@pytest.fixture
def python2() -> Path:
    return interpreter("2.7")


@pytest.fixture
def newest_python() -> Path:
    """The newest CPython 3 here."""
    for version in reversed(WANTED[1:]):
        if version in _by_version():
            return _by_version()[version].executable
    pytest.skip("no CPython 3 on this machine")
