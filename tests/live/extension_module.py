"""The extension module of the tests, built once for 2.7 and once for every 3.x."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from eintr_trace.lab.interpreters import FoundInterpreter, find_interpreters
from tests.live.harness import TRACEES


def build_extension(python: FoundInterpreter, folder: Path) -> Path:
    """Compile ``c_answers.c`` for this interpreter; skips where that cannot be.

    For 3.x with the limited API (PEP 384), so that any 3.x's Python.h serves them all.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    include = _include_folder(major=(python.version or (3, 0, 0))[0])
    if compiler is None or include is None:
        pytest.skip(f"no C compiler, or no Python.h for {python.name}")
    module = folder / "c_answers.so"
    limited = ["-DLIMITED"] if python.version and python.version >= (3,) else []
    source = str(TRACEES / "c_answers.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", *limited, f"-I{include}", source, "-o", str(module)],
        check=True,
    )
    return module


def _include_folder(major: int) -> Path | None:
    for found in find_interpreters():
        if found.implementation != "CPython" or (found.version or (0,))[0] != major:
            continue
        said = subprocess.run(
            [found.executable, "-c", "import sysconfig; print(sysconfig.get_paths()['include'])"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        if Path(said, "Python.h").is_file():
            return Path(said)
    return None
