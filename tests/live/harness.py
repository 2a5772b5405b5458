"""Starting tracees and tracers for tests: every process is ended whatever happens."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from eintr_trace.analysis.judge import Judge
from eintr_trace.lab.processes import ended_with
from eintr_trace.model.episodes import Episode
from eintr_trace.model.events import Event
from eintr_trace.model.report import Report
from eintr_trace.sources.live.binding import syscall_name
from eintr_trace.sources.live.proc import blocked_call_number, status_fields, thread_ids
from eintr_trace.sources.recording.codec import EVENT_TYPES, TAG_FIELD
from eintr_trace.sources.recording.reader import read_recording
from tests.reports.schema import assert_valid

TRACEES = Path(__file__).parent.parent / "tracees"
_LIMIT_S = 60.0  # far beyond what anything takes on a busy machine
_POLL_S = 0.002
_NR_TGKILL = 234  # x86_64, asm/unistd_64.h


def wait_until(condition: Callable[[], bool], what: str, limit_s: float = _LIMIT_S) -> None:
    """Poll a state until it holds; fails, naming it, after the limit."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never came: {what}")
        time.sleep(_POLL_S)


def is_blocked_in(tid: int, *names: str) -> bool:
    number = blocked_call_number(tid)
    return number is not None and syscall_name(number) in names


def tracer_of(pid: int) -> int:
    return int(status_fields(pid)["TracerPid"])


def tgkill(tgid: int, tid: int, signo: int) -> None:
    """Send a signal to one thread (tgkill(2))."""
    assert ctypes.CDLL(None).syscall(_NR_TGKILL, tgid, tid, signo) == 0


def state_of(pid: int) -> str:
    """The state letter of /proc/PID/stat (proc(5)): T stopped, t traced, S sleeping."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def wait_held(tid: int) -> None:
    """Until a thread is in a stop for its tracer (ptrace(2)).

    That of a delivery, or, where its call is followed, of the call's end: the signal that ended
    it is then still pending, and another thread will not be given the next one.
    """
    wait_until(lambda: state_of(tid) == "t", f"{tid} is held")


def has_settled(strace_pid: int, pid: int) -> bool:
    """Whether strace waits for the program, which sleeps in its call again.

    A signal that came while strace was attaching would be in the log, but the call would not; one
    that came while another is pending would merge into it.
    """
    is_traced = tracer_of(pid) == strace_pid and is_blocked_in(strace_pid, "wait4")
    return is_traced and state_of(pid) == "S" and blocked_call_number(pid) is not None


def compiled(name: str, folder: Path) -> Path:
    """A C program of tests/tracees; the loader binds its functions before it runs."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    made = folder / name.removesuffix(".c")
    subprocess.run(
        [compiler, "-O1", "-Wl,-z,now", "-o", str(made), str(TRACEES / name)], check=True
    )
    return made


class Program:
    """One tracee: a program of tests/tracees that says `ready` first and JSON last.

    For a C program ``interpreter`` is what it was compiled to.
    """

    def __init__(
        self,
        interpreter: Path,
        name: str,
        *args: str,
        new_group: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        environment.update(environ or {})
        script = () if name.endswith(".c") else ("-u", str(TRACEES / name))
        self.process = subprocess.Popen(
            [str(interpreter), *script, *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
            process_group=0 if new_group else None,
            preexec_fn=ended_with(os.getpid()),
        )
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline().split()
        if self.ready[:1] != ["ready"]:
            _, errors = self.process.communicate(timeout=_LIMIT_S)
            raise AssertionError(f"{name} did not start: {errors}")

    @property
    def pid(self) -> int:
        return self.process.pid

    def tell(self, line: str) -> None:
        """Let the program go on."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def read_line(self) -> str:
        """The next line the program says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def wait_blocked_in(self, *names: str) -> None:
        """Until the main thread is blocked in one of these calls."""
        wait_until(lambda: is_blocked_in(self.pid, *names), f"{self.pid} in {names}")

    def wait_all_blocked_in(self, *names: str) -> None:
        """Until every thread is."""
        wait_until(
            lambda: all(is_blocked_in(tid, *names) for tid in thread_ids(self.pid)),
            f"all threads of {self.pid} in {names}",
        )

    def account(self) -> dict[str, Any]:
        """What the program says of itself at its end; fails if it does not end well."""
        out, errors = self.process.communicate(timeout=_LIMIT_S)
        assert self.process.returncode == 0, errors
        value: dict[str, Any] = json.loads(out.splitlines()[-1])
        return value


@contextmanager
def program(
    interpreter: Path,
    name: str,
    *args: str,
    new_group: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    """A tracee that is killed at the end if it has not ended; ``environ`` is added to ours."""
    running = Program(interpreter, name, *args, new_group=new_group, environ=environ)
    try:
        yield running
    finally:
        running.process.send_signal(signal.SIGCONT)
        running.process.kill()
        running.process.communicate()


def whole_lines(recording: Path) -> bytes:
    """What is in a recording that is being written, without the line that is being written."""
    if not recording.exists():
        return b""
    lines, newline, _ = recording.read_bytes().rpartition(b"\n")
    return lines + newline


def told_of(recording: Path, kind: type[Event]) -> int:
    """How many events of a kind are in a recording that is being written."""
    (tag,) = (tag for tag, tagged in EVENT_TYPES.items() if tagged is kind)
    return whole_lines(recording).count(f'\n{{"{TAG_FIELD}":"{tag}"'.encode())


def wait_told_of(recording: Path, kind: type[Event], count: int = 1) -> None:
    """Until the recording has so many events of a kind."""
    wait_until(lambda: told_of(recording, kind) >= count, f"{count} {kind.__name__}")


def report_of(recording: Path) -> Report:
    """All that is judged from a recording; its JSON is held against the schema."""
    with recording.open("rb") as stream:
        trace = read_recording(stream, str(recording))
        judge = Judge(trace.header)
        for event in trace.events:
            for _ in judge.feed(event):
                pass
        return assert_valid(judge.finish())


class Tracer:
    """One `eintr-trace` with a recording, attached when it is constructed."""

    def __init__(
        self,
        recording: Path,
        *arguments: str,
        attached: int = 1,
        stdin: int = subprocess.DEVNULL,
        new_group: bool = False,
        confine: Callable[[], None] | None = None,
    ) -> None:
        end_with_us = ended_with(os.getpid())

        def prepare() -> None:
            end_with_us()
            if confine is not None:
                confine()

        self.recording = recording
        self.process = subprocess.Popen(
            [sys.executable, "-m", "eintr_trace", "-o", str(recording), "-q", *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0 if new_group else None,
            preexec_fn=prepare,
        )
        assert self.process.stderr is not None
        for _ in range(attached):
            line = self.process.stderr.readline()
            if "attached to" not in line:
                _, rest = self.process.communicate(timeout=_LIMIT_S)
                raise AssertionError(f"did not attach: {line}{rest}")

    def detach(self) -> None:
        """End it as Ctrl-C does, and wait for the report."""
        self.process.send_signal(signal.SIGINT)
        self.wait()

    def wait(self) -> int:
        """Wait for its end; fails if it complains."""
        _, errors = self.process.communicate(timeout=_LIMIT_S)
        assert "Traceback" not in errors, errors
        return self.process.returncode

    def wait_asleep(self, pid: int) -> None:
        """Until the tracing thread of ``pid`` waits for the next stop."""
        wait_until(lambda: is_blocked_in(tracer_of(pid), "rt_sigtimedwait"), "the tracer sleeps")

    @contextmanager
    def stopped(self, pid: int) -> Iterator[None]:
        """Meanwhile it serves no stop: what comes into a stop of ``pid`` can be waited for."""
        tracer = int(status_fields(tracer_of(pid))["Tgid"])
        os.kill(tracer, signal.SIGSTOP)
        try:
            wait_until(lambda: state_of(tracer) == "T", "the tracer is stopped")
            yield
        finally:
            os.kill(tracer, signal.SIGCONT)

    def events(self) -> list[Event]:
        """Those that the recording has by now."""
        lines = whole_lines(self.recording)
        return list(read_recording(BytesIO(lines), str(self.recording)).events) if lines else []

    def wait_event(self, kind: type[Event], count: int = 1) -> None:
        """Until the recording has so many events of a kind."""
        wait_told_of(self.recording, kind, count)

    def count(self, kind: type[Event]) -> int:
        """How many events of a kind the recording has by now."""
        return told_of(self.recording, kind)

    def report(self) -> Report:
        return report_of(self.recording)

    def episodes(self) -> tuple[Episode, ...]:
        return self.report().episodes


@contextmanager
def attached(
    pid: int, recording: Path, *options: str, confine: Callable[[], None] | None = None
) -> Iterator[Tracer]:
    """A tracer that is killed at the end if it has not ended; ``confine`` runs in it first."""
    tracer = Tracer(recording, "-p", str(pid), *options, confine=confine)
    try:
        yield tracer
    finally:
        tracer.process.kill()
        tracer.process.communicate()
