"""Small C libraries and programs, compiled for one test."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

_E_SHOFF, _E_SHENTSIZE = 0x28, 0x3A


def run(*command: str | Path) -> str:
    """What a tool prints; the test is skipped by its name where there is none."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"no {command[0]} here")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def compiled(source: str, result: Path, *options: str) -> Path:
    """A C source compiled to ``result``; a shared library with ``-shared``."""
    code = result.with_suffix(".c")
    code.write_text(source)
    run("gcc", "-o", result, *options, code)
    return result


def without_section_table(contents: bytes) -> bytes:
    """The same file as sstrip(1) leaves it: nothing says where its sections lie."""
    changed = bytearray(contents)
    struct.pack_into("<Q", changed, _E_SHOFF, 0)
    struct.pack_into("<3H", changed, _E_SHENTSIZE, 0, 0, 0)
    return bytes(changed)


def code_addresses(file: Path) -> dict[str, tuple[int, int]]:
    """Where nm(1) says that functions begin, and how many bytes they have."""
    rows = [line.split() for line in run("nm", "-S", file).splitlines()]
    return {row[3]: (int(row[0], 16), int(row[1], 16)) for row in rows if len(row) == 4}
