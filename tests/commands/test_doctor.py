from __future__ import annotations

import platform

from tests.commands.program import eintr_trace


def test_doctor_says_what_this_machine_allows() -> None:
    done = eintr_trace("doctor")
    assert done.stderr == ""
    # The tests trace: so this machine allows it.
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert f"Linux {platform.release()}, {platform.machine()}" in lines[1]
    assert lines[2].startswith("launching")
    assert f"CPython {platform.python_version()}" in done.stdout
