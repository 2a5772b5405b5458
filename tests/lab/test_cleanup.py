"""Nothing of an experiment outlives its runner, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eintr_trace.lab.experiment import Experiment, run_experiment
from eintr_trace.lab.link import Link
from tests.lab.interpreters import newest
from tests.lab.proc import all_end, children, loopback_queue

RUNNER = [sys.executable, "-m", "tests.lab.runner"]
ROOT = Path(__file__).parent.parent.parent


@contextmanager
def waiting_runner(link: Link) -> Iterator[subprocess.Popen[str]]:
    """A runner with its server and client, which waits."""
    command = [*RUNNER, link]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as runner:
        try:
            assert runner.stdout is not None
            assert runner.stdout.readline() == "ready\n"
            yield runner
        finally:
            runner.kill()


@pytest.mark.parametrize("signo", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_runner_is_ended(signo: signal.Signals, link: Link) -> None:
    with waiting_runner(link) as runner:
        server_and_client = children(runner.pid)
        assert len(server_and_client) == 2
        pidfds = [os.pidfd_open(pid) for pid in server_and_client]
        runner.send_signal(signo)
        assert all_end(pidfds)
        assert runner.wait(10) != 0


def test_netns_leaves_the_machines_own_lo_alone(netns: Link) -> None:
    before = loopback_queue()
    with waiting_runner(netns) as runner:
        namespaces = {Path(f"/proc/{pid}/ns/net").readlink() for pid in children(runner.pid)}
        assert len(namespaces) == 1
        assert namespaces != {Path("/proc/self/ns/net").readlink()}
        assert loopback_queue() == before
    assert loopback_queue() == before


def test_an_error_in_the_middle_ends_everything() -> None:
    before = children(os.getpid())

    @contextmanager
    def fails(_: int) -> Iterator[None]:
        assert len(children(os.getpid()) - before) == 2
        raise LookupError
        yield

    with pytest.raises(LookupError):
        run_experiment(Experiment(newest()), fails)
    assert children(os.getpid()) == before
