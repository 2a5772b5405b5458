"""The tracer under signals of its own, output nobody takes, and a report that fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from eintr_trace.model.events import (
    EndReason,
    EventsLost,
    ProcessSeen,
    SignalDelivered,
    TraceEnded,
)
from eintr_trace.sources.live.proc import thread_ids
from tests.live.harness import (
    Tracer,
    is_blocked_in,
    program,
    state_of,
    tracer_of,
    wait_until,
)

pytestmark = pytest.mark.live

OWN_STATUS = 7


@contextmanager
def sigchld_ignored() -> Iterator[None]:
    """What is started here inherits it, as from a shell's `trap '' CHLD`."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, before)


@contextmanager
def attached_in_own_group(pid: int, recording: Path) -> Iterator[Tracer]:
    """As a shell starts it: what the terminal sends reaches all of its processes."""
    tracer = Tracer(recording, "-p", str(pid), new_group=True)
    try:
        yield tracer
    finally:
        tracer.process.kill()
        tracer.process.communicate()


def child_of(pid: int) -> int:
    """The only child a process has."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def test_stops_are_noticed_although_sigchld_was_ignored(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "one_call.py", "read_stdin", "SIGUSR1") as running:
        running.wait_blocked_in("read")
        with sigchld_ignored():
            tracer = Tracer(tmp_path / "r.jsonl", "-p", str(running.pid))
        try:
            running.process.send_signal(signal.SIGUSR1)
            tracer.wait_event(SignalDelivered)
            running.tell("done")
            assert running.account()["handled"] == [signal.SIGUSR1]
            assert tracer.wait() == 0
        finally:
            tracer.process.kill()
            tracer.process.communicate()
        ended = tracer.report().ended
    assert ended is not None
    assert ended.reason is EndReason.TRACEES_GONE


def test_a_command_inherits_that_sigchld_is_ignored(newest_python: Path) -> None:
    code = (
        "import signal, sys\n"
        f"sys.exit({OWN_STATUS} if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN else 1)"
    )
    result = subprocess.run(
        [sys.executable, "-m", "eintr_trace", "--", str(newest_python), "-c", code],
        preexec_fn=partial(signal.signal, signal.SIGCHLD, signal.SIG_IGN),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == OWN_STATUS, result.stderr


@pytest.mark.parametrize("stop", [signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU])
def test_the_terminals_stop_signals_do_not_stop_it(
    newest_python: Path, tmp_path: Path, stop: signal.Signals
) -> None:
    """A stopped tracer would hold the program at its next signal until `fg`."""
    with program(newest_python, "one_call.py", "read_stdin", "SIGUSR1") as running:
        running.wait_blocked_in("read")
        with attached_in_own_group(running.pid, tmp_path / "r.jsonl") as tracer:
            os.killpg(tracer.process.pid, stop)
            running.process.send_signal(signal.SIGUSR1)
            tracer.wait_event(SignalDelivered)
            running.tell("done")
            assert running.account()["handled"] == [signal.SIGUSR1]
            assert tracer.wait() == 0


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_an_end_signal_to_the_whole_group_leaves_a_whole_report(
    newest_python: Path, tmp_path: Path, end: signal.Signals
) -> None:
    """timeout(1) and a closed terminal send to the reporting process as well."""
    with program(newest_python, "one_call.py", "read_stdin", "SIGUSR1") as running:
        running.wait_blocked_in("read")
        with attached_in_own_group(running.pid, tmp_path / "r.jsonl") as tracer:
            running.process.send_signal(signal.SIGUSR1)
            tracer.wait_event(SignalDelivered)
            os.killpg(tracer.process.pid, end)
            summary, errors = tracer.process.communicate(timeout=60)
            assert tracer.process.returncode == 0, errors
            assert "Traceback" not in errors
            assert summary
            assert isinstance(tracer.events()[-1], TraceEnded)
        running.tell("done")
        assert running.account()["handled"] == [signal.SIGUSR1]


def test_diagnostics_that_nobody_reads_do_not_hold_the_program(newest_python: Path) -> None:
    read_fd, write_fd = full_pipe()
    with program(newest_python, "one_call.py", "read_stdin", "SIGUSR1") as running:
        running.wait_blocked_in("read")
        tracer = subprocess.Popen(
            [sys.executable, "-m", "eintr_trace", "-q", "-p", str(running.pid)],
            stdout=subprocess.DEVNULL,
            stderr=write_fd,
        )
        os.close(write_fd)
        try:
            wait_until(lambda: any_blocked_in_write(tracer.pid), "it speaks in vain")
            assert tracer_of(running.pid) != 0
            running.process.send_signal(signal.SIGUSR1)
            running.tell("done")
            assert running.account()["handled"] == [signal.SIGUSR1]
        finally:
            os.close(read_fd)
            tracer.kill()
            tracer.wait()


def any_blocked_in_write(pid: int) -> bool:
    return any(is_blocked_in(tid, "write") for tid in thread_ids(pid))


def full_pipe() -> tuple[int, int]:
    """A pipe whose next writer waits."""
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    try:
        while True:
            os.write(write_fd, b"x")
    except BlockingIOError:
        os.set_blocking(write_fd, True)
    return read_fd, write_fd


def test_a_command_outlives_its_trace_and_keeps_its_status(tmp_path: Path) -> None:
    tracer = Tracer(
        tmp_path / "r.jsonl",
        *("--duration", "0.5", "--", "sh", "-c", f"read line; exit {OWN_STATUS}"),
        attached=0,
        stdin=subprocess.PIPE,
    )
    try:
        tracer.wait_event(ProcessSeen)
        (seen,) = (event for event in tracer.events() if isinstance(event, ProcessSeen))
        wait_until(lambda: tracer_of(seen.tgid) == 0, "the trace has ended")
        assert tracer.process.poll() is None
        assert tracer.process.stdin is not None
        tracer.process.stdin.close()
        assert tracer.process.wait(timeout=60) == OWN_STATUS
    finally:
        tracer.process.kill()
        tracer.process.wait()
    ended = tracer.report().ended
    assert ended is not None
    assert ended.reason is EndReason.DURATION


def test_a_report_that_fails_says_why() -> None:
    code = (
        "from eintr_trace.sources.live.options import LiveOptions\n"
        "from eintr_trace.sources.live.session import run_live\n"
        "def consume(stream):\n"
        "    raise RuntimeError('no report today')\n"
        "result = run_live(LiveOptions(pids=(), command=('sh', '-c', 'exit 7')), lambda: consume)\n"
        "print(result.command_status, result.report_status)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" in result.stderr
    assert "RuntimeError: no report today" in result.stderr
    assert result.stdout.split()[-1:] == ["1"], result


def test_a_stopped_report_costs_events_but_holds_nothing(
    newest_python: Path, tmp_path: Path
) -> None:
    """More than the pipe and its buffer take, then a ticking program, all before it goes on."""
    with (
        program(newest_python, "swelling.py", "20") as swelling,
        program(newest_python, "ticking.py", "0.001", "1000000") as ticking,
    ):
        tracer = Tracer(
            tmp_path / "r.jsonl", "-p", str(swelling.pid), "-p", str(ticking.pid), attached=2
        )
        reporter = child_of(tracer.process.pid)
        try:
            os.kill(reporter, signal.SIGSTOP)
            wait_until(lambda: state_of(reporter) == "T", "the report is stopped")
            swelling.tell("go")
            assert swelling.read_line() == "swollen"
            ticking.tell("go")
            assert ticking.account()["ticks"] > 0
            os.kill(reporter, signal.SIGCONT)
            swelling.tell("done")
            swelling.account()
            assert tracer.wait() == 0
        finally:
            with suppress(ProcessLookupError):
                os.kill(reporter, signal.SIGKILL)
            tracer.process.kill()
            tracer.process.communicate()
    events = tracer.events()
    ended = events[-1]
    assert isinstance(ended, TraceEnded)
    assert ended.lost == sum(event.count for event in events if isinstance(event, EventsLost)) > 0
