"""The vDSO: the shared object that the kernel maps into every process (vdso(7)).

It is in no file. All 64-bit processes of one kernel have the same, this one too.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from eintr_trace.native.errors import UnusableElfError
from eintr_trace.native.program_file import ProgramFile

VDSO = "[vdso]"
_MAX_BYTES = 1 << 20


def vdso(size_bytes: int) -> ProgramFile:
    """The vDSO of a process that has ``size_bytes`` of it mapped.

    Raises UnusableElfError where this process has none, or another one.
    """
    contents = _own()
    if len(contents) != size_bytes:
        raise UnusableElfError("it is not the one of the tracer's own process")
    return _parsed()


@cache
def _parsed() -> ProgramFile:
    return ProgramFile(io.BytesIO(_own()), len(_own()))


@cache
def _own() -> bytes:
    try:
        for line in Path("/proc/self/maps").read_text().splitlines():
            if line.endswith(VDSO):
                start, end = (int(text, 16) for text in line.split()[0].split("-"))
                with Path("/proc/self/mem").open("rb", buffering=0) as memory:
                    memory.seek(start)
                    return memory.read(min(end - start, _MAX_BYTES))
    except OSError as error:
        raise UnusableElfError(f"it cannot be read: {error.strerror}") from error
    return b""
