"""What can go wrong while reading program files."""

from __future__ import annotations


class UnusableElfError(Exception):
    """An ELF file is corrupt, of another machine, or too large to be what it claims."""


class UnwindTableError(Exception):
    """Unwind information is corrupt, or of a kind that x86_64 programs do not have."""
