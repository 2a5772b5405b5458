"""The vDSO: the shared object that the kernel maps into every process (vdso(7)).

It is in no file. All 64-bit processes of one kernel have the same, this one too.
"""

from __future__ import annotations

import io
from contextlib import suppress
from functools import cache
from pathlib import Path

from eintr_trace.native.errors import UnusableElfError
from eintr_trace.native.program_file import ProgramFile

VDSO = "[vdso]"


def vdso(size_bytes: int) -> ProgramFile:
    """The vDSO of a process that has ``size_bytes`` of it mapped.

    Raises UnusableElfError where this process has none, or another one.
    """
    contents = _own()
    if len(contents) != size_bytes:
        raise UnusableElfError("the tracer's own process has another one")
    return _read(contents)


@cache
def _read(contents: bytes) -> ProgramFile:
    return ProgramFile(io.BytesIO(contents), len(contents))


@cache
def _own() -> bytes:
    # Few stacks lie in it. /proc/self/mem would do, but not where the tracer's executable has
    # capabilities (capabilities(7)): it is root's then.
    import ctypes

    with suppress(OSError):
        for line in Path("/proc/self/maps").read_text(errors="replace").splitlines():
            if line.endswith(VDSO):
                start, end = (int(text, 16) for text in line.split()[0].split("-"))
                return ctypes.string_at(start, end - start)
    return b""
