"""What can go wrong while reading program files."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Found = TypeVar("_Found")


class UnusableElfError(Exception):
    """An ELF file is corrupt, of another machine, or too large to be what it claims."""


class UnwindTableError(Exception):
    """Unwind information is corrupt, or of a kind that x86_64 programs do not have."""


def if_undamaged(
    read: Callable[_Parameters, _Found], *args: _Parameters.args, **options: _Parameters.kwargs
) -> _Found | None:
    """What is read of a file, or ``None`` where the file is damaged."""
    try:
        return read(*args, **options)
    except UnusableElfError:
        return None
