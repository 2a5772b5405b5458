"""The committed code is what the Thrift compiler makes of the committed interface."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from eintr_trace.lab.program_commands import PROGRAMS

IDL = Path(__file__).parent.parent.parent / "idl" / "calculator.thrift"
COMPILER = "Thrift version 0.17.0"


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_generated_code_is_fresh(tmp_path: Path) -> None:
    if not shutil.which("thrift"):
        pytest.skip("the Thrift compiler is not installed (Debian: thrift-compiler)")
    version = subprocess.run(["thrift", "--version"], capture_output=True, text=True, check=False)
    if version.stdout.strip() != COMPILER:
        pytest.skip(f"the code is made with {COMPILER}, here is {version.stdout.strip()}")
    subprocess.run(["thrift", "--gen", "py", "-out", str(tmp_path), str(IDL)], check=True)
    assert files(tmp_path) == files(PROGRAMS / "gen")
