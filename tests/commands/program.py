"""The real program, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from eintr_trace.commands.main import VERBS
from tests.reports.schema import STRICT, STRICT_COMPARISON, STRICT_EXPLANATION

_LAB_PARTS = ["server", "client", "interpreters", "matrix", "paths", "record-fixture"]
EVERY_COMMAND = [[], *([verb] for verb in VERBS), *(["lab", part] for part in _LAB_PARTS)]


def eintr_trace(
    *words: str,
    stdin: bytes = b"",
    environment: dict[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``eintr-trace`` in ``folder`` to its end, with output that is no terminal.

    What it prints as JSON is held against the schema.
    """
    done = subprocess.run(
        [sys.executable, "-m", "eintr_trace", *words],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        cwd=folder,
        env=os.environ | {"TZ": "UTC", "COLUMNS": "100"} | (environment or {}),
    )
    if "json" in words and done.stdout:
        schemas = {"compare": STRICT_COMPARISON, "explain": STRICT_EXPLANATION}
        schema = schemas.get(words[0], STRICT)
        schema.validate(json.loads(done.stdout))
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence with which the program refused, and check that it is one."""
    assert done.stdout == ""
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("eintr-trace: ")
    return line.removeprefix("eintr-trace: ")
