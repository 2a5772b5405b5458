"""PyPy: recognised in a process, and not read.

Its objects and frames have no layout that could be known from outside: they are whatever its
translation made of them, and its compiled loops keep no frames at all.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from eintr_trace.interpreter.memory import Memory
from eintr_trace.interpreter.program_image import ProgramImage
from eintr_trace.model.python_state import Implementation, Interpreter

# PyPy's C API has CPython's names with PyPy in front (pypy/module/cpyext/api.py,
# mangle_name()).
MARK = "PyPy_GetVersion"
VERSION_SYMBOL = "PyPy_Version"  # 3.11+: Py_Version, PY_VERSION_HEX of Include/patchlevel.h
_FILE_NAME = re.compile(r"(?:lib)?pypy(\d[\d.]*)?")
_LANGUAGE_OF_NO_NUMBER = "2"


def pypy_of(image: ProgramImage, memory: Memory) -> Interpreter | None:
    """The PyPy whose file ``image`` is; ``None``: it is not PyPy's. Raises ReadError."""
    if image.symbol(MARK) is None:
        return None
    version_at = image.symbol(VERSION_SYMBOL)
    if version_at is None:
        version = _version_in(PurePosixPath(image.path).name)
    else:
        number = memory.unsigned(version_at)
        version = f"{number >> 24 & 0xFF}.{number >> 16 & 0xFF}.{number >> 8 & 0xFF}"
    return Interpreter(Implementation.PYPY, version, offsets_from=None)


def _version_in(file_name: str) -> str:
    """``3.10`` of ``libpypy3.10-c.so``, ``3`` of ``libpypy3-c.so``, ``2`` of ``libpypy-c.so``."""
    match = _FILE_NAME.match(file_name)
    return (match and match[1]) or _LANGUAGE_OF_NO_NUMBER
