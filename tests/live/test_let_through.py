"""What CPython 3 does not keep from a program, told by the program itself and by the report."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from eintr_trace.model.episodes import Episode, Outcome
from eintr_trace.sources.live.binding import syscall_name
from tests.lab.interpreters import cpython
from tests.live.harness import attached, program, wait_until

pytestmark = pytest.mark.live

WAITS = {"recvfrom", "poll", "connect", "fcntl", "read"}
CPYTHON = "CPython's own C code that let the interruption through"


def is_waiting(pid: int) -> bool:
    """Whether it is blocked in its call, not in reading its line from descriptor 0."""
    words = Path(f"/proc/{pid}/syscall").read_text().split()
    if not words[0].isdigit():
        return False
    return syscall_name(int(words[0])) in WAITS and int(words[1], 16) != 0


def interrupted(version: str, call: str, recording: Path) -> tuple[Episode, dict[str, Any]]:
    """The episode of one SIGUSR1 that meets ``call``, and the program's own account."""
    with program(cpython(version).executable, "let_through.py", call) as tracee:
        with attached(tracee.pid, recording) as tracer:
            tracee.tell("go")
            wait_until(lambda: is_waiting(tracee.pid), call)
            os.kill(tracee.pid, signal.SIGUSR1)
            account = tracee.account()
            tracer.wait()
            met = [one for one in tracer.episodes() if one.signal and one.signal.name == "SIGUSR1"]
    (episode,) = met
    return episode, account


def explained(episode: Episode) -> str:
    return "\n".join(sentence.text for sentence in episode.explanation)


@pytest.mark.parametrize("version", ["3.6", "3.13"])
def test_a_sockets_own_timeout_begins_again(version: str, tmp_path: Path) -> None:
    episode, account = interrupted(version, "recv_rcvtimeo", tmp_path / "run.jsonl")
    assert episode.outcome is Outcome.RESUMED_BY_INTERPRETER
    (cost,) = episode.consequences
    assert cost.startswith("The timeout of 1 s (SO_RCVTIMEO) began again in full ")
    assert episode.follow_up is not None and episode.follow_up.after_ns is not None
    assert episode.follow_up.after_ns >= 0.99e9  # all of it again, whatever went before
    assert account["error"][0] == "BlockingIOError"


def test_a_timeout_of_settimeout_does_not(tmp_path: Path) -> None:
    episode, account = interrupted("3.13", "recv_settimeout", tmp_path / "run.jsonl")
    assert episode.outcome is Outcome.RESUMED_BY_INTERPRETER
    assert episode.consequences == ()
    assert episode.follow_up is not None and episode.follow_up.after_ns is not None
    assert episode.follow_up.after_ns < account["seconds"] * 1e9
    assert account["error"][0] == "TimeoutError"


@pytest.mark.parametrize("version", ["3.6", "3.9", "3.13"])
def test_a_connect_that_is_reported_as_done(version: str, tmp_path: Path) -> None:
    episode, account = interrupted(version, "connect_backlog_full", tmp_path / "run.jsonl")
    assert account["error"] is None
    assert account["afterwards"] == "ENOTCONN"
    assert episode.outcome is Outcome.RETURNED_EARLY
    assert "CPython takes it for done, but the socket is not connected" in episode.headline
    assert "the next send on it fails with ENOTCONN" in "\n".join(episode.consequences)
    assert "it is CPython itself that let the interruption through" in explained(episode)


@pytest.mark.parametrize("version", ["3.6", "3.13"])
def test_a_function_of_cpython_that_never_retries(version: str, tmp_path: Path) -> None:
    episode, account = interrupted(version, "os_lockf", tmp_path / "run.jsonl")
    assert account["error"] == ["InterruptedError", 4]
    assert episode.outcome is Outcome.RAISED
    assert CPYTHON in explained(episode)


def test_eventfd_read_never_retries(tmp_path: Path) -> None:
    episode, account = interrupted("3.13", "eventfd_read", tmp_path / "run.jsonl")
    assert account["error"] == ["InterruptedError", 4]
    assert CPYTHON in explained(episode)


@pytest.mark.parametrize("version", ["3.6", "3.13"])
def test_python_code_that_makes_an_exception_of_errno(version: str, tmp_path: Path) -> None:
    episode, account = interrupted(version, "library_raises", tmp_path / "run.jsonl")
    assert account["error"] == ["InterruptedError", 4]
    assert episode.outcome is Outcome.RAISED
    assert "What raised EINTR is Python code, " in explained(episode)
    assert CPYTHON not in explained(episode)


@pytest.mark.parametrize("version", ["3.6", "3.13"])
def test_a_handler_that_raises(version: str, tmp_path: Path) -> None:
    episode, account = interrupted(version, "handler_raises", tmp_path / "run.jsonl")
    assert account["error"] == ["GaveUp", None]
    assert episode.outcome is Outcome.ABANDONED_BY_HANDLER
    assert "What let the interruption through is the Python signal handler" in explained(episode)
