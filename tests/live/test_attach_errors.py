"""What cannot be attached to: one sentence, a non-zero exit, and the program as it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eintr_trace.model.events import ThreadSeen
from tests.live.harness import attached, is_blocked_in, program, state_of, tracer_of, wait_until

pytestmark = pytest.mark.live

NOBODY = 65534


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "eintr_trace", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def sentence(result: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr; nothing on stdout."""
    assert result.returncode == 1, result
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("eintr-trace: ")
    return line


def gone_pid() -> int:
    done = subprocess.Popen(["/bin/true"])
    done.wait()
    return done.pid


def test_no_such_process() -> None:
    pid = gone_pid()
    assert f"there is no process {pid}" in sentence(run("-p", str(pid)))


def test_a_process_already_traced_by_another_tracer(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "one_call.py", "read_stdin") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl") as first:
            line = sentence(run("-p", str(running.pid)))
            assert "is already traced by" in line
            assert first.process.poll() is None
            assert f"(PID {first.process.pid})" in line
        running.tell("done")
        assert running.account()["result"] == "done\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv (util-linux) here")
def test_a_process_of_another_user() -> None:
    """Root without CAP_SYS_PTRACE has no more right to it than anybody else."""
    sleeper = subprocess.Popen(["setpriv", "--reuid", str(NOBODY), "--clear-groups", "sleep", "60"])
    try:
        wait_until(lambda: is_blocked_in(sleeper.pid, "clock_nanosleep"), "it sleeps")
        ours = [sys.executable, "-m", "eintr_trace", "-p", str(sleeper.pid)]
        result = subprocess.run(
            ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-all", *ours],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert f"belongs to another user (uid {NOBODY})" in sentence(result)
        assert tracer_of(sleeper.pid) == 0
        assert state_of(sleeper.pid) == "S"
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_zombie() -> None:
    child = subprocess.Popen(["/bin/true"])
    wait_until(lambda: state_of(child.pid) == "Z", "the child has ended")
    try:
        assert "ended while attaching" in sentence(run("-p", str(child.pid)))
    finally:
        child.wait()


def test_a_process_that_dies_while_attaching(newest_python: Path) -> None:
    """At any moment of it: either it was attached to and its end is told, or the sentence."""
    for _ in range(5):
        with program(newest_python, "one_call.py", "read_stdin") as running:
            tracer = subprocess.Popen(
                [sys.executable, "-m", "eintr_trace", "-p", str(running.pid)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            running.process.kill()
            _, errors = tracer.communicate(timeout=60)
            assert "Traceback" not in errors
            assert tracer.returncode == (0 if "attached to" in errors else 1)


def test_a_command_that_is_none(tmp_path: Path) -> None:
    result = run("--", str(tmp_path / "nothing"))
    assert result.returncode == 127
    assert "there is no such program" in result.stderr
    script = tmp_path / "not-executable"
    script.write_text("#!/bin/sh\n")
    result = run("--", str(script))
    assert result.returncode == 127
    assert "it is not executable" in result.stderr


def test_our_own_process_or_a_kernel_thread() -> None:
    kernel_thread = 2  # kthreadd
    if Path(f"/proc/{kernel_thread}/comm").read_text().strip() != "kthreadd":
        pytest.skip("no kernel threads in this PID namespace")
    assert "does not allow tracing process 2" in sentence(run("-p", str(kernel_thread)))


def test_killed_tracer_leaves_a_readable_recording(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "one_call.py", "read_stdin") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            tracer.wait_event(ThreadSeen)
            tracer.process.send_signal(signal.SIGKILL)
            tracer.process.communicate()
    result = run("report", str(tmp_path / "r.jsonl"))
    assert result.returncode == 1
    assert "is cut short" in result.stderr
    assert "0" in result.stdout
