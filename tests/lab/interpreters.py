"""The interpreters that the experiment is run under; those that are missing skip by name."""

from __future__ import annotations

import pytest

from eintr_trace.lab.interpreters import FoundInterpreter, find_interpreters

VERSIONS = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")


def cpython(version: str) -> FoundInterpreter:
    """The CPython of this minor version, or skip."""
    wanted = tuple(map(int, version.split(".")))
    for found in find_interpreters():
        if found.implementation == "CPython" and (found.version or ())[:2] == wanted:
            return found
    pytest.skip(f"no CPython {version} on this machine")


def newest() -> FoundInterpreter:
    """The newest CPython here: there is one, it runs this test."""
    return [found for found in find_interpreters() if found.implementation == "CPython"][-1]
