"""One signal to a whole process group: an episode for each of its processes, and none for us."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from eintr_trace.model.episodes import Episode, Outcome
from eintr_trace.model.events import SignalDelivered
from eintr_trace.sources.live.proc import status_fields
from tests.live.harness import (
    TRACEES,
    Tracer,
    is_blocked_in,
    program,
    report_of,
    wait_told_of,
    wait_until,
)

pytestmark = pytest.mark.live

_CHILDREN = 4
_OPTIONS = ("-q", "-f", "-e", "signal=!CHLD")


class Terminal:
    """A command on a terminal of its own, whose foreground process group it leads."""

    def __init__(self, *command: str) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execv(command[0], command)
        self._text = ""

    def type(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def read_line_with(self, start: str) -> str:
        """The next line that begins so, however its terminal echoes what is typed."""
        while True:
            line, ended, rest = self._text.partition("\n")
            if not ended:
                self._text += os.read(self._fd, 65536).decode()
                continue
            self._text = rest
            if start in line:
                return line[line.index(start) :].strip()

    def wait(self) -> int:
        """Take what it still says, and its exit status."""
        try:
            while os.read(self._fd, 65536):
                pass
        except OSError:
            pass  # EIO: nobody has the terminal any more
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextmanager
def terminal(*command: str) -> Iterator[Terminal]:
    """A terminal whose foreground group is killed at the end if it has not ended."""
    running = Terminal(*command)
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
            os.waitpid(running.pid, 0)


def pids_of(line: str) -> list[int]:
    """The children that many_children.py says it has forked."""
    return [int(word.partition(":")[0]) for word in line.split()[1:]]


def episodes_by_pid(recording: Path) -> dict[int, Episode]:
    episodes = report_of(recording).episodes
    by_pid = {episode.tgid: episode for episode in episodes}
    assert len(by_pid) == len(episodes)  # one for each process
    return by_pid


@pytest.mark.parametrize(
    ("keys", "signo"),
    [("\x03", signal.SIGINT), ("\x1c", signal.SIGQUIT), ("", signal.SIGUSR1)],
    ids=["Ctrl-C", "Ctrl-backslash", "killpg"],
)
def test_a_launched_command_and_its_children_get_what_its_group_gets(
    newest_python: Path, tmp_path: Path, keys: str, signo: signal.Signals
) -> None:
    """By a key of the terminal, or by kill(-pgid); the tracer is of that group as well."""
    recording = tmp_path / "r.jsonl"
    traced = (str(newest_python), "-u", str(TRACEES / "many_children.py"), str(_CHILDREN), "0")
    ours = (sys.executable, "-m", "eintr_trace", "-o", str(recording), *_OPTIONS, "--")
    with terminal(*ours, *traced) as running:
        pids = pids_of(running.read_line_with("ready "))
        wait_until(lambda: all(is_blocked_in(pid, "recvfrom") for pid in pids), "in recv")
        parent = int(status_fields(pids[0])["PPid"])
        wait_until(lambda: is_blocked_in(parent, "read"), "the parent in read")
        found = b'"implementation":"CPython"'
        wait_until(
            lambda: recording.read_bytes().count(found) == len(pids) + 1, "interpreters are found"
        )
        if keys:
            running.type(keys)
        else:
            os.killpg(running.pid, signo)
        wait_told_of(recording, SignalDelivered, len(pids) + 1)
        wait_until(lambda: all(is_blocked_in(pid, "recvfrom") for pid in pids), "again")
        running.type("\n\n")
        running.read_line_with("ended")
        running.type("\x04")
        accounts = json.loads(running.read_line_with('{"accounts"'))["accounts"]
        assert running.wait() == 0
    assert {account["pid"]: account["handled"] for account in accounts} == {
        pid: [signo] for pid in pids
    }
    episodes = episodes_by_pid(recording)
    assert set(episodes) == {parent, *pids}
    for episode in episodes.values():
        assert episode.signal is not None
        assert episode.signal.signo == signo
        assert episode.outcome is Outcome.RESUMED_BY_INTERPRETER
        assert episode.syscall is not None
        assert episode.syscall.syscall.name == ("read" if episode.tgid == parent else "recvfrom")


def test_a_group_is_attached_to_as_pgrep_names_it(newest_python: Path, tmp_path: Path) -> None:
    recording = tmp_path / "r.jsonl"
    with program(newest_python, "many_children.py", str(_CHILDREN), "0", new_group=True) as running:
        pids = pids_of(" ".join(running.ready))
        wait_until(lambda: all(is_blocked_in(pid, "recvfrom") for pid in pids), "in recv")
        running.wait_blocked_in("read")
        named = subprocess.run(
            ["pgrep", "-g", str(running.pid)], capture_output=True, text=True, check=True
        ).stdout
        tracer = Tracer(recording, "-p", named, "-e", "signal=!CHLD", attached=len(pids) + 1)
        try:
            os.killpg(running.pid, signal.SIGUSR1)
            wait_told_of(recording, SignalDelivered, len(pids) + 1)
            wait_until(lambda: all(is_blocked_in(pid, "recvfrom") for pid in pids), "again")
            running.wait_blocked_in("read")
            running.tell("\n")
            running.account()
            assert tracer.wait() == 0
        finally:
            tracer.process.kill()
    episodes = episodes_by_pid(recording)
    assert set(episodes) == {running.pid, *pids}
    outcomes = {episode.outcome for episode in episodes.values()}
    assert outcomes == {Outcome.RESUMED_BY_INTERPRETER}
