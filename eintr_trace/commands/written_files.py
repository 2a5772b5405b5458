"""Files that a command writes beside its output."""

from __future__ import annotations

from pathlib import Path

from eintr_trace.errors import EintrTraceError


def require_writable(name: str) -> None:
    """Find out before a run that takes long; nothing is changed. Raises EintrTraceError."""
    is_new = not Path(name).exists()
    try:
        with Path(name).open("a", encoding="utf-8"):
            pass
        if is_new:
            Path(name).unlink()
    except OSError as error:
        raise cannot_write(name, error) from error


def write_text(name: str, text: str) -> None:
    """Write all of a file. Raises EintrTraceError."""
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise cannot_write(name, error) from error


def cannot_write(name: str, error: OSError) -> EintrTraceError:
    """Say that a file or folder cannot be written, and why."""
    return EintrTraceError(f"cannot write {name}: {error.strerror}", "Name another place")
