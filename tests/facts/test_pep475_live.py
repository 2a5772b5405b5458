"""The PEP 475 table against every CPython on this machine: a real call, a real signal."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from eintr_trace.facts.pep475 import Behaviour, Version, decide_pep475
from eintr_trace.facts.syscalls import all_interruptible_calls
from tests.facts.blocked_program import BlockedProgram, blocked_program

pytestmark = pytest.mark.live

BRANCHES = [(2, 7), *((3, minor) for minor in range(6, 15))]

# case of the tracee -> the calls it may block in, and the name its Python instruction calls
CASES = {
    "recv": (("recvfrom",), "recv"),
    "recv_settimeout": (("poll",), "recv"),
    "recv_so_rcvtimeo": (("recvfrom",), "recv"),
    "accept": (("accept4", "accept"), "accept"),
    "select_select": (("select", "pselect6"), "select"),
    "poll": (("poll",), "poll.poll"),
    "epoll": (("epoll_wait",), "epoll.poll"),
    "sleep": (("select", "pselect6", "clock_nanosleep"), "sleep"),
    "os_read": (("read",), "os.read"),
    "buffered_read": (("read",), "file.read"),
    "waitpid": (("wait4",), "waitpid"),
    "fcntl_flock": (("flock",), "flock"),
    "fcntl_lockf": (("fcntl",), "fcntl.lockf"),
    "os_lockf": (("fcntl",), "os.lockf"),
    "lock_acquire": (("futex",), "threading.Lock.acquire"),
    "pause": (("pause",), "pause"),
    "eventfd_read": (("read",), "eventfd_read"),
    "sigtimedwait": (("rt_sigtimedwait",), "sigtimedwait"),
}
NEW_IN: dict[str, Version] = {"os_lockf": (3, 3), "eventfd_read": (3, 10), "sigtimedwait": (3, 3)}
PYTHON_3_NAMES = {"file.read": "BufferedReader.read"}


@cache
def _interpreters() -> dict[Version, str]:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [sys.executable, *map(str, sorted(pyenv.glob("versions/*/bin/python")))]
    found: dict[Version, str] = {}
    for python in candidates:
        script = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
        text = subprocess.run([python, "-c", script], capture_output=True, text=True).stdout
        if text:
            major, minor, micro = map(int, text.split("."))
            found[(major, minor, micro)] = python
    return found


APPLICABLE = [
    pytest.param(branch, case, id=f"{case}-{branch[0]}.{branch[1]}")
    for case in CASES
    for branch in BRANCHES
    if branch >= NEW_IN.get(case, BRANCHES[0])
]


@pytest.mark.parametrize(("branch", "case"), APPLICABLE)
def test_behaviour_is_what_the_table_says(branch: Version, case: str) -> None:
    version = next((found for found in _interpreters() if found[:2] == branch), None)
    if version is None:
        pytest.skip(f"no CPython {branch[0]}.{branch[1]} found")
    syscalls, called = CASES[case]
    if version >= (3,):
        called = PYTHON_3_NAMES.get(called, called)
    numbers = {
        call.nr: call.syscall for call in all_interruptible_calls() if call.syscall in syscalls
    }
    with blocked_program(case, list(numbers), _interpreters()[version]) as program:
        observed = _observed(program)
    expected = decide_pep475(version, numbers[program.nr], called)
    assert observed is expected.behaviour, program.lines


def _observed(program: BlockedProgram) -> Behaviour:
    last = program.after_signal()
    if last == "blocked again":
        ran = "handler" in program.lines
        return Behaviour.RETRIES if ran else Behaviour.LOOPS_IN_C
    if last.startswith("raised"):
        assert last.endswith(" 4"), last
        return Behaviour.RAISES
    assert last == "returned", last
    return Behaviour.RETURNS_EARLY
