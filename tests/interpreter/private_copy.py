"""Copies of an interpreter that a test may change."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.interpreter.processes import installation


class PrivateCopy:
    """An interpreter and its libpython, copied so that they can be changed."""

    def __init__(self, python: Path, directory: Path) -> None:
        self.executable = directory / python.name
        shutil.copy(python, self.executable)
        original = installation(python)
        libraries = [directory / library.name for library in original.libraries]
        for library, copy in zip(original.libraries, libraries, strict=True):
            shutil.copy(library, copy)
        self.files = [self.executable, *libraries]
        # Unlike LD_LIBRARY_PATH, it also comes before a DT_RPATH of the executable (ld.so(8)).
        preload = ":".join(map(str, libraries))
        self.environ = {"LD_PRELOAD": preload, "PYTHONHOME": str(original.prefix)}

    def strip(self) -> None:
        for file in self.files:
            subprocess.run(["strip", "--strip-all", str(file)], check=True)
