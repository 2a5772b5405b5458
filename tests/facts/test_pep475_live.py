"""The PEP 475 table against every CPython on this machine: a real call, a real signal."""

from __future__ import annotations

from functools import cache

import pytest

from eintr_trace.facts.pep475 import Behaviour, Version, decide_pep475
from eintr_trace.facts.syscalls import all_interruptible_calls
from eintr_trace.lab.interpreters import find_interpreters
from tests.facts.blocked_program import BlockedProgram, blocked_program

pytestmark = pytest.mark.live

BRANCHES = [(2, 7), *((3, minor) for minor in range(6, 16))]

# case of the tracee -> the calls it may block in, and the name its Python instruction calls
CASES = {
    "recv": (("recvfrom",), "recv"),
    "recv_settimeout": (("poll",), "recv"),
    "recv_so_rcvtimeo": (("recvfrom",), "recv"),
    "accept": (("accept4", "accept"), "accept"),
    "select_select": (("select", "pselect6"), "select"),
    "poll": (("poll", "ppoll"), "poll.poll"),
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
IOCTL_NR = 16  # arch/x86/entry/syscalls/syscall_64.tbl
PYTHON_3_NAMES = {"file.read": "BufferedReader.read"}


@cache
def _interpreters() -> dict[Version, str]:
    return {
        found.version: str(found.executable)
        for found in find_interpreters()
        if found.version is not None and found.implementation == "CPython"
    }


APPLICABLE = [
    pytest.param(branch, case, id=f"{case}-{branch[0]}.{branch[1]}")
    for case in CASES
    for branch in BRANCHES
    if branch >= NEW_IN.get(case, BRANCHES[0])
]


@pytest.mark.parametrize(("branch", "case"), APPLICABLE)
def test_behaviour_is_what_the_table_says(branch: Version, case: str) -> None:
    version = _newest_of(branch)
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


@pytest.mark.parametrize("branch", [pytest.param(b, id=f"{b[0]}.{b[1]}") for b in BRANCHES])
def test_ioctl(branch: Version) -> None:
    version = _newest_of(branch)
    with blocked_program("ioctl", [IOCTL_NR], _interpreters()[version]) as program:
        observed = _observed(program)
    assert observed is decide_pep475(version, "ioctl", "fcntl.ioctl").behaviour, program.lines


def _newest_of(branch: Version) -> Version:
    versions = [found for found in _interpreters() if found[:2] == branch]
    if not versions:
        pytest.skip(f"no CPython {branch[0]}.{branch[1]} found")
    return max(versions)


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
