"""Threads, forks, exec, launched commands and the ways a trace ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eintr_trace.model.episodes import Outcome
from eintr_trace.model.events import (
    EndReason,
    ProcessExeced,
    ProcessExited,
    ProcessSeen,
    SignalDelivered,
    ThreadSeen,
)
from eintr_trace.sources.live.proc import thread_ids
from tests.live.harness import (
    Tracer,
    attached,
    is_blocked_in,
    program,
    report_of,
    state_of,
    tracer_of,
    wait_until,
)

pytestmark = pytest.mark.live


def launch(recording: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "eintr_trace", "-o", str(recording), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_thread_of_a_process_is_seized(any_python: Path, tmp_path: Path) -> None:
    with program(any_python, "workers.py", "20") as running:
        running.wait_all_blocked_in("recvfrom", "read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            for tid in thread_ids(running.pid):
                assert tracer_of(tid) != 0
            tracer.detach()
            assert tracer.count(ThreadSeen) == 21
        for tid in thread_ids(running.pid):
            assert tracer_of(tid) == 0
        running.tell("done")
        assert running.account() == {"main": 0, "workers": 0, "handled": 0}


def test_threads_made_later_are_followed_and_their_ends_told(
    newest_python: Path, tmp_path: Path
) -> None:
    with program(newest_python, "churn.py", "threads", "40", "0") as running:
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            running.tell("go")
            assert running.account()["rounds"] == 40
            tracer.wait()
            assert tracer.count(ThreadSeen) == 41
            assert tracer.report().ended.reason is EndReason.TRACEES_GONE  # type: ignore[union-attr]  # the line says it


@pytest.mark.parametrize(("option", "processes"), [((), 1), (("-f",), 11)])
def test_forks_are_followed_only_when_asked_for(
    newest_python: Path, tmp_path: Path, option: tuple[str, ...], processes: int
) -> None:
    with program(newest_python, "churn.py", "fork", "10", "0") as running:
        with attached(running.pid, tmp_path / "r.jsonl", *option) as tracer:
            running.tell("go")
            assert running.account() == {"done": 70, "rounds": 10, "counted": 0}
            tracer.wait()
            pids = {e.tgid for e in tracer.events() if isinstance(e, ProcessSeen)}
            assert len(pids) == processes


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("raise SystemExit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
        ("import os; os.execvp('sh', ['sh', '-c', 'exit 9'])", 9),
        (
            "import os, threading\n"
            "threading.Thread(target=lambda: os.execvp('sh', ['sh', '-c', 'exit 5'])).start()",
            5,
        ),
    ],
)
def test_a_launched_command_keeps_its_exit_status(
    spread_python: Path, tmp_path: Path, code: str, status: int
) -> None:
    result = launch(tmp_path / "r.jsonl", "--", str(spread_python), "-c", code)
    assert result.returncode == status, result.stderr


def test_a_command_is_traced_from_its_start_and_its_interpreter_found(
    any_python: Path, tmp_path: Path
) -> None:
    recording = tmp_path / "r.jsonl"
    tracer = Tracer(
        recording,
        "--",
        str(any_python),
        "-c",
        "import signal, sys, os; signal.signal(signal.SIGUSR1, lambda *a: os.write(1, b'h')); "
        "sys.stdin.read()",
        attached=0,
        stdin=subprocess.PIPE,
    )
    try:
        tracer.wait_event(ProcessSeen, 2)
        seen = [e for e in tracer.events() if isinstance(e, ProcessSeen)][-1]
        assert seen.interpreter is not None
        wait_until(lambda: is_blocked_in(seen.tgid, "read"), "the handler is installed")
        os.kill(seen.tgid, signal.SIGUSR1)
        tracer.wait_event(SignalDelivered)
    finally:
        assert tracer.process.stdin is not None
        tracer.process.stdin.close()
        assert tracer.process.wait(timeout=60) == 0
    assert len(tracer.episodes()) == 1


def test_ctrl_c_reaches_the_command_and_is_traced_to_its_end(
    newest_python: Path, tmp_path: Path
) -> None:
    """Both are in the terminal's foreground group, so both get SIGINT."""
    recording = tmp_path / "r.jsonl"
    code = "import sys\ntry: sys.stdin.read()\nexcept KeyboardInterrupt: sys.exit(33)"
    tracer = Tracer(
        recording,
        "--",
        str(newest_python),
        "-c",
        code,
        attached=0,
        stdin=subprocess.PIPE,
        new_group=True,
    )
    try:
        tracer.wait_event(ProcessSeen, 2)
        os.killpg(tracer.process.pid, signal.SIGINT)
        assert tracer.process.wait(timeout=60) == 33
    finally:
        tracer.process.kill()
    (episode,) = tracer.episodes()
    assert episode.outcome is Outcome.ABANDONED_BY_HANDLER


def test_exec_in_mid_run_is_told(newest_python: Path, tmp_path: Path) -> None:
    code = "import os; os.execvp('sh', ['sh', '-c', 'kill -USR1 $$'])"
    result = launch(tmp_path / "r.jsonl", "--", str(newest_python), "-c", code)
    assert result.returncode == 128 + signal.SIGUSR1
    tracer_events = read_events(tmp_path / "r.jsonl")
    assert sum(isinstance(event, ProcessExeced) for event in tracer_events) == 2
    (end,) = [event for event in tracer_events if isinstance(event, ProcessExited)]
    assert end.signo == signal.SIGUSR1


def read_events(path: Path) -> list[object]:
    from eintr_trace.sources.recording.reader import read_recording

    with path.open("rb") as stream:
        return list(read_recording(stream, str(path)).events)


@pytest.mark.parametrize(
    ("option", "reason"),
    [(("--duration", "0.3"), EndReason.DURATION), (("--count", "1"), EndReason.COUNT)],
)
def test_it_ends_by_itself_and_leaves_the_program_alone(
    newest_python: Path, tmp_path: Path, option: tuple[str, str], reason: EndReason
) -> None:
    with program(newest_python, "one_call.py", "read_stdin", "SIGUSR1") as running:
        running.wait_blocked_in("read")
        with attached(running.pid, tmp_path / "r.jsonl", *option) as tracer:
            running.process.send_signal(signal.SIGUSR1)
            tracer.wait()
            report = tracer.report()
        assert tracer_of(running.pid) == 0
        running.wait_blocked_in("read")
        running.tell("done")
        assert running.account()["handled"] == [signal.SIGUSR1]
    assert report.ended is not None
    assert report.ended.reason is reason


def test_a_stop_and_continue_under_the_tracer_works_as_without(
    spread_python: Path, tmp_path: Path
) -> None:
    with program(spread_python, "workers.py", "3") as running:
        running.wait_all_blocked_in("recvfrom", "read")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            running.process.send_signal(signal.SIGSTOP)
            wait_until(lambda: state_of(running.pid) in "tT", "stopped")
            running.process.send_signal(signal.SIGCONT)
            wait_until(lambda: state_of(running.pid) in "SR", "continued")
            running.tell("done")
            assert running.account()["handled"] == 0
            tracer.wait()


def test_several_processes_at_once(spread_python: Path, tmp_path: Path) -> None:
    with (
        program(spread_python, "one_call.py", "read_stdin", "restart:SIGUSR1") as first,
        program(spread_python, "one_call.py", "read_stdin", "restart:SIGUSR2") as second,
    ):
        first.wait_blocked_in("read")
        second.wait_blocked_in("read")
        tracer = Tracer(
            tmp_path / "r.jsonl", "-p", str(first.pid), "-p", str(second.pid), attached=2
        )
        try:
            first.process.send_signal(signal.SIGUSR1)
            second.process.send_signal(signal.SIGUSR2)
            tracer.wait_event(SignalDelivered, 2)
            first.tell("done")
            second.tell("done")
            first.account()
            second.account()
            tracer.wait()
        finally:
            tracer.process.kill()
    assert {(e.tgid, e.signal.name) for e in tracer.episodes() if e.signal} == {
        (first.pid, "SIGUSR1"),
        (second.pid, "SIGUSR2"),
    }


def test_a_program_that_ends_at_once_is_named(tmp_path: Path) -> None:
    loop = "for i in $(seq 40); do /bin/true $i; done"
    launch(tmp_path / "r.jsonl", "-f", "--", "/bin/sh", "-c", loop)
    programs = [seen.argv for seen in report_of(tmp_path / "r.jsonl").processes]
    assert {("/bin/true", str(number)) for number in range(1, 41)} <= set(programs)
