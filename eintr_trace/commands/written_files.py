"""Files that a command writes beside its output."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from eintr_trace.errors import EintrTraceError, UsageError


def require_writable(name: str) -> None:
    """Find out before a run that takes long; nothing is changed. Raises EintrTraceError."""
    path = Path(name)
    try:
        is_new = not path.exists()
        if not is_new and not path.is_file() and not path.is_dir():
            return  # a pipe, whose reader would see an end, or a device
        with path.open("a", encoding="utf-8"):
            pass
        if is_new:
            path.unlink()
    except OSError as error:
        raise cannot_write(name, error) from error


def refuse_input_as_output(file: str, output: str | None) -> None:
    """Make sure that what is read is not written over. Raises UsageError."""
    if output is None:
        return
    try:
        is_input = Path(output).samefile(file)
    except OSError:
        return  # one of them is not there, or cannot be reached: who opens it says so
    if is_input:
        raise UsageError(f"{output} is what the report is made from", "Name another file with -o")


def write_text(name: str, text: str) -> None:
    """Write all of a file, in UTF-8; bytes that were none (PEP 383) are written out.

    An existing file keeps its mode, and what it held until the new text is complete.
    Raises EintrTraceError.
    """
    content = text.encode("utf-8", "backslashreplace")
    try:
        if _is_replaceable(Path(name)):
            _replace(Path(name).resolve(), content)
        else:
            Path(name).write_bytes(content)
    except OSError as error:
        raise cannot_write(name, error) from error


def cannot_write(name: str, error: OSError) -> EintrTraceError:
    """Say that a file or folder cannot be written, and why."""
    return EintrTraceError(f"cannot write {name}: {error.strerror}", "Name another place")


def _is_replaceable(path: Path) -> bool:
    """Tell whether a new file in its place is the same to all: no device, link or owner is lost."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return True
    is_ours = status.st_nlink == 1 and status.st_uid == os.geteuid()
    return stat.S_ISREG(status.st_mode) and is_ours and os.access(path.resolve().parent, os.W_OK)


def _replace(target: Path, content: bytes) -> None:
    """Write beside ``target`` and rename: rename(2) replaces it in one step."""
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with beside.open("xb") as stream:
            if target.exists():
                os.fchmod(stream.fileno(), stat.S_IMODE(target.stat().st_mode))
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
