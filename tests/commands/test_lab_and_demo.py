"""The experiment through the command line; the lab's own tests look closer."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands.program import eintr_trace, refused

IMAGE = "get 2745109 bytes in "


@contextmanager
def _lab_server(*options: str) -> Iterator[None]:
    command = [sys.executable, "-m", "eintr_trace", "lab", "server", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith("Listening on 127.0.0.1:")
            yield
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=60) == 0


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_server_and_client_by_hand() -> None:
    port = _free_port()
    with _lab_server("--port", port, "--stall-seconds", "0.1"):
        done = eintr_trace("lab", "client", "--port", port)
    assert done.returncode == 0
    assert done.stdout.startswith("Start client @ ")
    assert IMAGE in done.stdout


def test_a_port_that_is_taken() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        done = eintr_trace("lab", "server", "--port", port)
    assert done.returncode == 1
    assert (
        done.stderr
        == f"cannot listen on 127.0.0.1:{port}: Address already in use. Name another with --port\n"
    )


@pytest.mark.parametrize(
    ("words", "what", "status"),
    [
        (["lab"], "no part of the experiment is named", 2),
        (["lab", "oven"], "unrecognized arguments: oven", 2),
        (["lab", "server", "--link", "rope"], "'rope' is none of stall, hold, pace, netns", 2),
        (["lab", "client", "--variant", "bold"], "'bold' is none of plain, uncaught, retry", 2),
        (["lab", "server", "--port", "70000"], "'70000' is not a port from 1 to 65535", 2),
        (["lab", "client", "--port", "0"], "'0' is not a port from 1 to 65535", 2),
        (["lab", "client", "--python", "/nowhere/python2.7"], "/nowhere/python2.7", 1),
        (["demo", "--python", "/nowhere/python2.7"], "/nowhere/python2.7", 1),
    ],
)
def test_bad_input(words: list[str], what: str, status: int) -> None:
    done = eintr_trace(*words)
    assert what in refused(done)
    assert done.returncode == status


@pytest.mark.live
@pytest.mark.parametrize(
    ("width", "named"), [("80", ["-o", "pages"]), ("170", [])], ids=["narrow", "wide"]
)
def test_the_demo_shows_both_halves_and_compares_them(
    tmp_path: Path, width: str, named: list[str]
) -> None:
    done = eintr_trace("demo", *named, environment={"COLUMNS": width}, folder=tmp_path)
    assert done.returncode == 0
    assert "TTransportException('unexpected exception',)" in done.stdout
    assert IMAGE in done.stdout
    halves, compared = done.stdout.split("\nBoth runs compared\n")
    assert any(" │ " in line for line in halves.splitlines()) is (width == "170")
    assert "Receive sig 10" in halves
    lines = compared.splitlines()
    assert re.match(r"A  \S+\.jsonl  CPython 2\.7\.\d+, \d+ interruptions?$", lines[1])
    assert re.match(r"B  \S+\.jsonl  CPython 3\S+, \d+ interruptions?$", lines[2])
    reason = " ".join(lines[4 : lines.index("", 4)])
    assert reason.startswith("The kernel does the same in both (EINTR for recvfrom): CPython 2.7.")
    folder = tmp_path / (named[1] if named else "eintr-trace-demo")
    page = folder / "comparison.html"
    assert any(line.endswith(f" {page.as_uri()}") for line in lines)
    forks = [number for number, line in enumerate(lines) if " the fork in the road " in line]
    assert forks
    below = lines[forks[0] + 1]
    assert re.fullmatch(r"(set_error|PyErr_SetFromErrno) +PyErr_CheckSignals", below)
    assert "PyErr_CheckSignals" in page.read_text()
    assert {"cpython-2", "cpython-3"} <= {page.name[:9] for page in folder.glob("*.html")}
    assert list(folder.glob("cpython-3*.jsonl"))
