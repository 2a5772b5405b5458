"""Where a process has its code, told before the stacks that lie in it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from eintr_trace.sources.live.code_maps import CodeMaps
from tests.live.harness import wait_until

pytestmark = pytest.mark.live


def test_what_a_program_has_become_is_not_where_its_stacks_lie() -> None:
    """A sample may be told only after the thread has executed another program."""
    shell = subprocess.Popen(
        ["/bin/sh", "-c", "read line; exec cat"], stdin=subprocess.PIPE, text=True
    )
    try:
        assert shell.stdin is not None
        maps, closed = CodeMaps(shell.pid), CodeMaps(shell.pid)
        for one in (maps, closed):
            assert one.news(time.monotonic_ns()) is not None
        shell.stdin.write("go on\n")
        shell.stdin.flush()
        command = Path(f"/proc/{shell.pid}/comm")
        wait_until(lambda: command.read_text() == "cat\n", "it is another program")
        time.sleep(0.002)  # it is not read more often
        closed.close()
        assert closed.news(time.monotonic_ns()) is None
        assert maps.news(time.monotonic_ns()) is not None
    finally:
        shell.kill()
        shell.communicate()
