"""The tracer takes all descriptors it may have; a launched command has its own limit."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.harness import attached, program

pytestmark = pytest.mark.live

_SOFT = 200


@contextmanager
def soft_limit(descriptors: int) -> Iterator[int]:
    """What is started here has this soft limit; gives the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))
    try:
        yield hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_tracer_raises_its_own_limit(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "workers.py", "1") as running, soft_limit(_SOFT) as hard:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            limits = resource.prlimit(tracer.process.pid, resource.RLIMIT_NOFILE)
            assert limits == (hard, hard)


def test_a_launched_command_has_the_limit_that_was_inherited() -> None:
    with soft_limit(_SOFT):
        launched = subprocess.run(
            [sys.executable, "-m", "eintr_trace", "-q", "--", "sh", "-c", "ulimit -n"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert launched.stdout.splitlines()[0] == str(_SOFT)
