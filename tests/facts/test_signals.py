from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eintr_trace.facts.signals import (
    SIGRTMAX,
    DefaultAction,
    default_action,
    signal_code_name,
    signal_name,
    signal_number,
)

ALL_SIGNALS = range(1, SIGRTMAX + 1)


@pytest.mark.parametrize("signo", ALL_SIGNALS)
def test_names_and_numbers_are_one_to_one(signo: int) -> None:
    assert signal_number(signal_name(signo)) == signo


@pytest.mark.parametrize(
    ("text", "signo"),
    [
        ("USR1", 10),
        ("sigusr1", 10),
        (" 10 ", 10),
        ("SIGRT_2", 34),
        ("SIGRTMIN+3", 37),
        ("RTMAX-1", 63),
        ("SIGRTMAX", 64),
        ("SIGPOLL", 29),
        ("0", None),
        ("65", None),
        ("SIGRTMIN+31", None),
        ("SIGRT_", None),
        ("SIGNAL", None),
        ("", None),
        ("-1", None),
    ],
)
def test_signals_as_people_write_them(text: str, signo: int | None) -> None:
    assert signal_number(text) == signo


def test_an_unknown_number_is_named_by_itself() -> None:
    assert signal_name(0) == "0"
    assert signal_name(65) == "65"


@pytest.mark.live
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_names_are_those_of_strace(tmp_path: Path) -> None:
    # Signals sent to a process that cannot exist: strace prints the name, nothing is killed.
    script = f"""
import os
for signo in range(1, {SIGRTMAX + 1}):
    try:
        os.kill(2**22 + 1, signo)
    except ProcessLookupError:
        pass
"""
    log = tmp_path / "strace.log"
    subprocess.run(
        ["strace", "-e", "trace=kill", "-o", str(log), sys.executable, "-c", script], check=True
    )
    names = [
        line.split(", ")[1].split(")")[0]
        for line in log.read_text().splitlines()
        if line.startswith("kill(")
    ]
    assert names == [signal_name(signo) for signo in ALL_SIGNALS]


# What a signal does by default can be tried on a process of our own.
@pytest.mark.live
@pytest.mark.parametrize("signo", [signo for signo in ALL_SIGNALS if signo not in (32, 33)])
def test_default_actions_are_the_kernels(signo: int) -> None:
    status = _status_after(signo)
    match default_action(signo):
        case DefaultAction.TERMINATE | DefaultAction.CORE:
            assert status == ("killed", signo)
        case DefaultAction.IGNORE | DefaultAction.CONTINUE:
            assert status == ("exited", 0)
        case DefaultAction.STOP:
            assert status == ("stopped", signo)


def _status_after(signo: int) -> tuple[str, int]:
    script = f"""
import os, resource, signal
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
if {signo} not in (signal.SIGKILL, signal.SIGSTOP):
    signal.signal({signo}, signal.SIG_DFL)
os.kill(os.getpid(), {signo})
os._exit(0)
"""
    # A group of its own in our session: SIGTSTP and kin do not stop an orphaned process group.
    process = subprocess.Popen([sys.executable, "-S", "-E", "-c", script], process_group=0)
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            return "stopped", os.WSTOPSIG(status)
        if os.WIFSIGNALED(status):
            return "killed", os.WTERMSIG(status)
        return "exited", os.WEXITSTATUS(status)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize(
    ("signo", "code", "name"),
    [
        (signal.SIGUSR1, 0, "SI_USER"),
        (signal.SIGUSR1, -6, "SI_TKILL"),
        (signal.SIGALRM, 0x80, "SI_KERNEL"),
        (signal.SIGCHLD, 1, "CLD_EXITED"),
        (signal.SIGCHLD, 6, "CLD_CONTINUED"),
        (signal.SIGSEGV, 1, "SEGV_MAPERR"),
        (signal.SIGCHLD, 7, None),
        (signal.SIGUSR1, 1, None),
        (signal.SIGUSR1, -99, None),
    ],
)
def test_names_of_si_code(signo: int, code: int, name: str | None) -> None:
    assert signal_code_name(signo, code) == name
