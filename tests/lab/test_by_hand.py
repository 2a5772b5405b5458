"""The experiment as one runs it by hand: each program in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from eintr_trace.lab.link import Link
from eintr_trace.lab.processes import Child, Deadline, running
from tests.lab.interpreters import cpython, newest

SERVER = "from eintr_trace.lab.by_hand import *; run_server(Link({link!r}), 0, 0.2, {python!r})"
CLIENT = "from eintr_trace.lab.by_hand import *; run_client({python!r}, port={port}{more})"


@contextmanager
def server(link: Link, python: str = sys.executable) -> Iterator[tuple[Child, int]]:
    code = SERVER.format(link=link.value, python=python)
    with running("server", [sys.executable, "-c", code], os.environ) as child:
        assert child.wait_for_text("Listening on 127.0.0.1:", Deadline(20))
        port = re.search(r":(\d+)$", child.output, re.M)
        assert port is not None
        yield child, int(port[1])


def client(python: str, port: int, more: str = "") -> subprocess.CompletedProcess[str]:
    code = CLIENT.format(python=python, port=port, more=more)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )


def seconds_it_took(output: str) -> float:
    said = re.search(r"^get 2745109 bytes in ([\d.]+) s$", output, re.M)
    assert said is not None, output
    return float(said[1])


@pytest.mark.parametrize("server_python", ["2.7", "3.13"])
@pytest.mark.parametrize("client_python", ["2.7", "3.13"])
def test_a_stalling_server_goes_on_by_itself(server_python: str, client_python: str) -> None:
    with server(Link.STALL, str(cpython(server_python).executable)) as (_, port):
        done = client(str(cpython(client_python).executable), port)
    assert seconds_it_took(done.stdout) >= 0.2
    assert done.returncode == 0


def test_the_server_serves_one_after_the_other_and_ctrl_c_ends_it() -> None:
    with server(Link.STALL) as (child, port):
        for _ in range(2):
            assert "get 2745109 bytes" in client(str(newest().executable), port).stdout
        os.kill(child.pid, signal.SIGINT)
        assert child.wait(Deadline(10)) == 0
        assert "Traceback" not in child.output


def test_a_client_joins_the_namespace_of_the_server(netns: Link) -> None:
    with server(netns) as (child, port):
        assert f"--join-namespace-of {child.pid}\n" in child.output
        outside = client(sys.executable, port)
        assert "Could not connect to any of" in outside.stdout
        inside = client(sys.executable, port, f", join_namespace_of={child.pid}")
    assert seconds_it_took(inside.stdout) >= 2
