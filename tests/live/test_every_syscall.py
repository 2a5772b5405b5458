"""Every call of a live program: what real strace prints of it, and nobody harmed by the look."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eintr_trace.model.episodes import Outcome
from eintr_trace.model.events import SignalDelivered, SyscallEntered, SyscallExited, Warned
from tests.commands.program import eintr_trace
from tests.live.harness import (
    TRACEES,
    attached,
    is_blocked_in,
    program,
    tracer_of,
    wait_until,
)

pytestmark = pytest.mark.live

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

# Those that are compared word by word. Of the others, with structures that are not written out,
# the name and the result are.
WHOLE_LINES = frozenset(
    {"access", "brk", "close", "kill", "mmap", "mprotect", "munmap", "openat", "pipe", "pipe2"}
    | {"read", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "setitimer", "write"}
)


def straces_lines(command: list[str], folder: Path) -> list[str]:
    log = folder / "strace.log"
    subprocess.run(
        ["strace", "-o", str(log), *command], stdout=subprocess.DEVNULL, check=False, timeout=60
    )
    return log.read_text().splitlines()


def our_lines(recording: Path) -> list[str]:
    done = eintr_trace("report", "--format", "strace", str(recording))
    assert done.returncode == 0, done.stderr
    return [line.split(None, 2)[2] for line in done.stdout.splitlines()]


def normal(line: str) -> str:
    """A line without what differs from run to run: addresses, process ids, blanks."""
    line = re.sub(r"0x[0-9a-f]+", "ADDRESS", line)
    line = re.sub(r"(si_pid=|kill\()\d+", r"\1PID", line)
    line = re.sub(r"^((?:getpid|gettid)\(\)|set_tid_address\(ADDRESS\)) += \d+$", r"\1 = PID", line)
    line = re.sub(r"(fcntl\(.*) = ADDRESS \(flags FD_CLOEXEC\)", r"\1 = 1", line)
    line = re.sub(r" += ", " = ", line)
    call = re.match(r"\w+", line)
    if call is None or call[0] in WHOLE_LINES:
        return line
    return f"{call[0]} {line.rpartition(' = ')[2]}"


@needs_strace
@pytest.mark.parametrize("version", [2, 3])
def test_the_lines_are_straces(
    version: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    # Not the newest: from 3.14 on it reads its own memory map, which is another each time.
    interpreter = Path(sys.executable)
    if version == 2:
        interpreter = request.getfixturevalue("python2")
    command = [str(interpreter), "-S", str(TRACEES / "every_call.py")]
    recording = tmp_path / "r.jsonl"
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # writes its .pyc files
    done = subprocess.run(
        [sys.executable, "-m", "eintr_trace", "--every-syscall", "-q", "-o", recording, *command],
        stdout=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    assert done.returncode == 128 + signal.SIGTERM
    theirs, ours = straces_lines(command, tmp_path), our_lines(recording)
    assert ours[0].split() == ["<...", "execve", "resumed>)", "=", "0"]
    assert [normal(line) for line in ours[1:]] == [normal(line) for line in theirs[1:]]
    assert any("= ? ERESTARTSYS (To be restarted if SA_RESTART is set)" in line for line in ours)
    assert any(line.startswith('read(3, "\\tbyte\\n", 6)') for line in ours) == (version == 3)


def test_threads_whose_call_would_end_are_left_asleep(python2: Path, tmp_path: Path) -> None:
    with program(python2, "at_risk.py", "epoll", "recv", "recv_rcvtimeo") as running:
        running.wait_all_blocked_in("epoll_wait", "recvfrom", "read")
        with attached(running.pid, tmp_path / "r.jsonl", "--every-syscall") as tracer:
            tracer.wait_event(Warned, 2)
            seen = {e.syscall.name for e in tracer.events() if isinstance(e, SyscallEntered)}
            assert seen == {"recvfrom", "read"}, "the others were interrupted"
            running.wait_all_blocked_in("epoll_wait", "recvfrom", "read")
            running.tell("done")
            running.account()
            tracer.wait()
            warning = tracer.report().warnings[1]
    assert "the calls of 2 threads are seen only from the next signal on" in warning
    assert "in epoll_wait" in warning
    assert "in recvfrom" in warning


def test_python_2_blocked_in_epoll_does_not_raise_by_our_coming(
    python2: Path, tmp_path: Path
) -> None:
    with program(python2, "one_call.py", "epoll", "SIGUSR1") as running:
        running.wait_blocked_in("epoll_wait")
        with attached(running.pid, tmp_path / "r.jsonl", "--every-syscall") as tracer:
            tracer.wait_event(Warned, 2)
            assert is_blocked_in(running.pid, "epoll_wait")
            running.process.send_signal(signal.SIGUSR1)
            assert running.account()["error"] == ["IOError", 4], "by the signal"
            tracer.wait()
            (episode, *_) = tracer.episodes()
            after = [e for e in tracer.events() if isinstance(e, SyscallExited)]
    assert episode.outcome is Outcome.RAISED
    assert episode.lines
    assert after, "from that signal on its calls are seen"


def test_python_3_blocked_in_epoll_is_seen_from_the_beginning(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "one_call.py", "epoll", "SIGUSR1") as running:
        running.wait_blocked_in("epoll_wait")
        with attached(running.pid, tmp_path / "r.jsonl", "--every-syscall") as tracer:
            tracer.wait_event(SyscallEntered)
            running.wait_blocked_in("epoll_wait")
            running.process.send_signal(signal.SIGUSR1)
            tracer.wait_event(SignalDelivered)
            tracer.wait_event(SyscallEntered, 2)
            account = running.account()
            tracer.wait()
            (episode, *_) = tracer.episodes()
    assert account.get("error") is None
    assert episode.outcome is Outcome.RESUMED_BY_INTERPRETER
    assert episode.lines[0].text.endswith("= -1 EINTR (Interrupted system call)")


def test_a_wait_that_goes_on_as_restart_syscall_is_known_by_its_own_name(
    tmp_path: Path,
) -> None:
    # Not the newest: from 3.15 on it calls ppoll, which is made again by its own name.
    with program(Path(sys.executable), "one_call.py", "poll_stdin", "SIGUSR1") as running:
        running.wait_blocked_in("poll")
        with attached(running.pid, tmp_path / "r.jsonl", "--every-syscall") as tracer:
            tracer.wait_event(SyscallEntered)
            running.wait_blocked_in("restart_syscall")
            running.process.send_signal(signal.SIGUSR1)
            tracer.wait_event(SignalDelivered)
            running.tell("done")
            running.account()
            tracer.wait()
            (episode, *_) = tracer.episodes()
    assert episode.syscall is not None
    assert episode.syscall.syscall.name == "poll"
    assert episode.outcome is Outcome.RESUMED_BY_INTERPRETER
    assert episode.lines[0].text.startswith(
        "restart_syscall(<... resuming interrupted poll ...>) = ? ERESTART_RESTARTBLOCK"
    )


def test_a_program_outlives_the_tracer_that_stops_it_at_every_call(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "pairs.py") as running:
        with attached(running.pid, tmp_path / "r.jsonl", "--every-syscall") as tracer:
            running.tell("go")
            tracer.wait_event(SyscallExited, 100)
            tracer.process.kill()
            tracer.process.wait()
        wait_until(lambda: tracer_of(running.pid) == 0, "the tracer is gone")
        assert running.account()["seconds"] > 0
