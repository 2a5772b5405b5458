"""Logs that strace writes of real programs: their verdicts against the programs' own accounts.

Every option that a log may have been taken with is used with one of the calls at least.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from eintr_trace.analysis.judge import Judge
from eintr_trace.commands.opening import opened_trace
from eintr_trace.lab.processes import ended_with
from eintr_trace.model.episodes import Confidence, Episode, Outcome, TracerInduced
from eintr_trace.model.report import Report
from eintr_trace.sources.live.proc import status_fields
from tests.live.conftest import interpreter
from tests.live.harness import (
    TRACEES,
    has_settled,
    is_blocked_in,
    program,
    state_of,
    tracer_of,
    wait_until,
)
from tests.live.test_verdicts import interrupted, sleeps, truth

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

RESUMED = Outcome.RESUMED_BY_INTERPRETER
RETRIED = Outcome.RETRIED_BY_PROGRAM
UNKNOWN = Outcome.UNKNOWN
RAISED = Outcome.RAISED
EARLY = Outcome.RETURNED_EARLY

# Each call, strace's options for its log, and what a log tells of it under 2.7 and under 3.13.
CELLS: dict[str, tuple[str, Outcome, Outcome]] = {
    "recv": ("-f", RAISED, RESUMED),
    "recv_swallowed": ("-t", RAISED, RESUMED),
    "recv_again_after_interrupt": ("-tt -T", RETRIED, RESUMED),
    "recv_in_finally": ("-ttt", RAISED, RESUMED),
    "os_read_by_a_function": ("-r", UNKNOWN, RESUMED),
    "fcntl_lockf": ("-y -v", RAISED, RESUMED),
    "file_read": ("-yy -x", UNKNOWN, RESUMED),
    "file_lines": ("-f -Y", UNKNOWN, RESUMED),
    "makefile_read": ("-s 100 -i", RETRIED, RESUMED),
    "ctypes_read": ("-n", UNKNOWN, UNKNOWN),
    "poll": ("-f --decode-pids=comm", UNKNOWN, UNKNOWN),  # begun before the log: restart_syscall
    "lock": ("-f -xx", RESUMED, RESUMED),
    "pause": ("-z -e status=all", EARLY, EARLY),
}
UNDER = {"2.7": 1, "3.13": 2}


@contextmanager
def strace(pid: int, log: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Attach strace to a program; it is ended at the end if it has not ended with it."""
    process = subprocess.Popen(
        ["strace", "-o", str(log), *options, "-p", str(pid)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=ended_with(os.getpid()),
    )
    try:
        wait_until(lambda: has_settled(process.pid, pid), f"strace attaches to {pid}")
        yield process
    finally:
        process.terminate()
        process.communicate()


def report_of_log(log: Path, version: str | None) -> Report:
    with opened_trace([str(log)], version) as opened:
        judge = Judge(opened.trace.header)
        for event in opened.trace.events:
            list(judge.feed(event))
        return judge.finish()


def own(report: Report) -> Episode:
    """The episode of the signal that the test has sent."""
    (episode,) = (one for one in report.episodes if one.signal and one.signal.name == "SIGUSR1")
    return episode


@pytest.mark.parametrize("version", UNDER)
def test_logs_of_attached_programs(version: str, tmp_path: Path) -> None:
    python = interpreter(version)
    with ExitStack() as stack:
        programs = {
            call: stack.enter_context(program(python, "interrupted_calls.py", call))
            for call in CELLS
        }
        tracers = {}
        for call, one in programs.items():
            wait_until(partial(sleeps, one), "the call blocks")
            options = CELLS[call][0].split()
            tracers[call] = stack.enter_context(strace(one.pid, tmp_path / call, *options))
        accounts = {call: interrupted(one) for call, one in programs.items()}
        for tracer in tracers.values():
            tracer.communicate(timeout=60)
    found = {call: own(report_of_log(tmp_path / call, version)) for call in CELLS}
    assert {call: one.outcome for call, one in found.items()} == {
        call: expected[UNDER[version]] for call, expected in CELLS.items()
    }
    for call, episode in found.items():
        if episode.outcome is not UNKNOWN:
            assert episode.outcome is truth(call, version, accounts[call])
            assert episode.confidence is Confidence.INFERRED


# Options for programs that strace starts, with what a log tells of `recv` under 2.7 and 3.13.
LAUNCHED: dict[str, tuple[Outcome, Outcome]] = {
    "-f --seccomp-bpf -tt": (RAISED, RESUMED),
    "-k -e trace=recvfrom,rt_sigreturn,write": (RAISED, RESUMED),
    "-e trace=!rt_sigreturn": (UNKNOWN, UNKNOWN),
    "-e trace=recvfrom": (UNKNOWN, UNKNOWN),
    "-e inject=recvfrom:error=EINTR:when=1": (RAISED, RESUMED),
    "-e signal=none": (RAISED, RESUMED),
    "-ff": (RAISED, RESUMED),
    "-o |cat>": (RAISED, RESUMED),
}


@pytest.mark.parametrize("version", UNDER)
def test_logs_of_launched_programs(version: str, tmp_path: Path) -> None:
    python = str(interpreter(version))
    running = {}
    with ExitStack() as stack:
        for number, options in enumerate(LAUNCHED):
            log = tmp_path / f"log{number}"
            running[options] = (log, stack.enter_context(launched(options, log, python)))
        for options, (_, one) in running.items():
            assert one.stdin is not None
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
            if "inject" not in options:
                pid = the_child(one.pid)
                wait_until(partial(is_blocked_in, pid, "recvfrom"), f"{options} blocks")
                os.kill(pid, signal.SIGUSR1)
                wait_until(partial(has_handled, pid), f"{options} handles the signal")
        for _, one in running.values():
            one.communicate("x", timeout=30)
    for options, (log, _) in running.items():
        name = None if "trace=recvfrom" not in options or "-k" in options else version
        episode = next(  # the end of a child may interrupt it once more
            one
            for one in report_of_log(log, name).episodes
            if one.syscall is not None and one.syscall.syscall.name == "recvfrom"
        )
        expected = LAUNCHED[options][UNDER[version] - 1]
        assert episode.outcome is expected, f"{options}: {episode.headline}"
        if "inject" in options:
            assert episode.tracer_induced is TracerInduced.INJECTED
            assert episode.signal is None
        if "-k" in options and version == "3.13":
            assert episode.received_by is not None
            assert episode.received_by.function == "sock_recv"


@contextmanager
def launched(options: str, log: Path, python: str) -> Iterator[subprocess.Popen[str]]:
    """A program that strace starts; it is killed at the end if it has not ended."""
    piped = options == "-o |cat>"
    output = ["-o", f"|cat>{log}"] if piped else ["-o", str(log), *options.split()]
    command = [python, "-u", str(TRACEES / "interrupted_calls.py"), "recv"]
    process = subprocess.Popen(
        ["strace", *output, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        preexec_fn=ended_with(os.getpid()),
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def the_child(strace_pid: int) -> int:
    """The program that strace has started: its child that it traces."""
    children = Path(f"/proc/{strace_pid}/task/{strace_pid}/children").read_text().split()
    (pid,) = (int(child) for child in children if tracer_of(int(child)) == strace_pid)
    return pid


def has_handled(pid: int) -> bool:
    """Whether the signal is pending no more, and the program sleeps again or has ended."""
    try:
        pending = int(status_fields(pid)["ShdPnd"], 16)
        return not pending and state_of(pid) in "SZ" and is_blocked_in(pid, *_WAITS)
    except OSError:
        return True


_WAITS = ("recvfrom", "wait4", "read")
