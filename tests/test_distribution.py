"""What an installed package needs beside its modules is in the wheel."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

import eintr_trace

PACKAGE = Path(eintr_trace.__file__).parent
ROOT = PACKAGE.parent
# Written by the Thrift compiler along with the modules; nothing of ours runs it.
NOT_NEEDED = {"lab/programs/gen/calculator/Calculator-remote"}


def test_every_data_file_is_package_data() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "eintr_trace"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("this is no checkout: git cannot say which files are the project's")
    kept = {path.removeprefix("eintr_trace/") for path in listed.stdout.split("\0") if path}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["eintr_trace"]
    given = {
        str(path.relative_to(PACKAGE)) for pattern in patterns for path in PACKAGE.glob(pattern)
    }
    data = {path for path in kept if not path.endswith(".py")}
    assert "lab/recordings/thrift-python2.7.jsonl" in data
    assert data - NOT_NEEDED == given & kept
