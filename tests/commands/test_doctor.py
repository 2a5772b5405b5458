from __future__ import annotations

import platform
import subprocess
import sys

from tests.commands.program import eintr_trace
from tests.confinement import without_perf_events


def test_doctor_says_what_this_machine_allows() -> None:
    done = eintr_trace("doctor")
    assert done.stderr == ""
    # The tests trace: so this machine allows it.
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert f"Linux {platform.release()}, {platform.machine()}" in lines[1]
    assert lines[2].startswith("launching")
    assert sum(line.startswith("decisions ") for line in lines) == 1
    assert sum(line.startswith("tracepoints ") for line in lines) == 1
    assert f"CPython {platform.python_version()}" in done.stdout


def test_doctor_says_where_watchpoints_are_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "eintr_trace", "doctor"],
        preexec_fn=without_perf_events,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("watchpoints")]
    assert "the kernel gives none" in line
    text = " ".join(done.stdout.split())
    assert "decisions who decides about EINTR is not observed but inferred" in text
    assert "Permission denied. A container needs --cap-add=PERFMON" in text
