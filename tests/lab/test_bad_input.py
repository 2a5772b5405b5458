"""What cannot be done is said in one sentence with a remedy, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.experiment import Experiment, run_experiment
from eintr_trace.lab.interpreters import FoundIn, FoundInterpreter, interpreter_at
from eintr_trace.lab.link import Link, in_namespace_of
from eintr_trace.lab.processes import Deadline, running
from eintr_trace.lab.program_commands import program_environment, server_command
from eintr_trace.lab.thrift_library import ensure_thrift, thrift_folder
from tests.lab.interpreters import newest
from tests.lab.proc import children

GONE_PID = 2**22 + 1  # beyond the largest pid_max (proc(5), pid_max)


def test_an_interpreter_that_is_not_there() -> None:
    with pytest.raises(EintrTraceError, match=r"no Python interpreter 'python9\.9'.*--python"):
        interpreter_at("python9.9")


def test_an_interpreter_that_is_none() -> None:
    with pytest.raises(EintrTraceError, match=r"/false does not work: ended with exit status 1"):
        interpreter_at("/bin/false")


def test_an_interpreter_that_has_gone_since(tmp_path: Path) -> None:
    gone = FoundInterpreter(tmp_path / "python", (3, 9, 9), "CPython", FoundIn.NAMED)
    before = children(os.getpid())
    with pytest.raises(EintrTraceError, match=r"cannot start .*/python: No such file.*--python"):
        run_experiment(Experiment(gone))
    assert children(os.getpid()) == before


def offline(folder: Path) -> dict[str, str]:
    pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
    return {**os.environ, **pip, "EINTR_TRACE_LAB": str(folder / "lab")}


def test_thrift_without_a_network(tmp_path: Path) -> None:
    with pytest.raises(EintrTraceError, match=r"cannot install thrift==0\.21\.0 .*PyPI"):
        ensure_thrift(offline(tmp_path))
    assert list((tmp_path / "lab").iterdir()) == []


def test_a_lab_that_cannot_be_written() -> None:
    with pytest.raises(EintrTraceError, match=r"cannot write to /dev/null.*EINTR_TRACE_LAB"):
        ensure_thrift({**os.environ, "EINTR_TRACE_LAB": "/dev/null/lab"})


def test_a_thrift_that_lost_a_file(tmp_path: Path) -> None:
    environ = offline(tmp_path)
    thrift_folder(environ).mkdir(parents=True)
    with pytest.raises(EintrTraceError, match=r"lacks six\.py.*Remove that folder"):
        ensure_thrift(environ)


def test_no_free_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            server_command(Path(sys.executable), Link.STALL, port, stall_s=0),
            env=program_environment(ensure_thrift()),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert (
        done.stderr
        == f"cannot listen on 127.0.0.1:{port}: Address already in use. Name another with --port\n"
    )
    assert done.returncode == 1


def test_the_server_dies() -> None:
    before = children(os.getpid())

    @contextmanager
    def kill_server(client_pid: int) -> Iterator[None]:
        (server_pid,) = children(os.getpid()) - before - {client_pid}
        os.kill(server_pid, signal.SIGKILL)
        yield

    with pytest.raises(EintrTraceError, match=r"server ended too early, with exit status -9"):
        run_experiment(Experiment(newest()), kill_server)
    assert children(os.getpid()) == before


def test_a_program_that_is_told_to_go_on_as_it_ends() -> None:
    deadline = Deadline(30)
    with running("program", [sys.executable, "-c", ""], os.environ) as child:
        assert child.wait(deadline) == 0
        child.tell_to_go_on()


def test_a_client_that_stands_still() -> None:
    before = children(os.getpid())

    @contextmanager
    def stop_client(client_pid: int) -> Iterator[None]:
        os.kill(client_pid, signal.SIGSTOP)
        yield

    with pytest.raises(EintrTraceError, match=r"gave up after 1 s of waiting until"):
        run_experiment(Experiment(newest(), limit_s=1), stop_client)
    assert children(os.getpid()) == before


@pytest.mark.usefixtures("netns")
def test_a_namespace_of_nobody() -> None:
    with pytest.raises(EintrTraceError, match=f"no process {GONE_PID}"):
        in_namespace_of(GONE_PID, ["true"])


@pytest.mark.usefixtures("netns")
def test_netns_without_the_capabilities() -> None:
    code = "from eintr_trace.lab.link import in_new_namespace; in_new_namespace(['true'])"
    done = subprocess.run(
        ["setpriv", "--bounding-set=-sys_admin", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "needs the capabilities CAP_SYS_ADMIN and CAP_NET_ADMIN" in done.stderr
