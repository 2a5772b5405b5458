from __future__ import annotations

import platform
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eintr_trace.facts.restart_codes import RestartCode
from eintr_trace.facts.syscalls import (
    BOOKKEEPING_CALLS,
    NEWER_SYSCALL_NAMES,
    TimeLimit,
    all_interruptible_calls,
    expected_codes,
    interruptible_calls,
    is_bookkeeping,
    returns_raw_eintr,
)
from tests.facts.blocked_program import blocked_program


def test_every_row_is_cited_and_named_once() -> None:
    rows = all_interruptible_calls()
    assert len({row.case for row in rows}) == len(rows)
    assert all(row.source.startswith("linux ") for row in rows)
    assert [row.case for row in rows if row.run_on is None] == ["getrandom"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86_64")
def test_numbers_are_the_kernels() -> None:
    from ptrace.syscall.names import SYSCALL_NAMES

    names = SYSCALL_NAMES | NEWER_SYSCALL_NAMES
    for row in all_interruptible_calls():
        assert names[row.nr] == row.syscall, row.case


def test_signal7_is_wrong_in_three_cases() -> None:
    wrong = [row.case for row in all_interruptible_calls() if row.signal7_agrees is False]
    assert wrong == ["recvmmsg_udp_timeout", "futex_wait_timeout", "futex_wait_bitset_abs"]


def test_a_socket_timeout_makes_eintr_final() -> None:
    assert expected_codes("recvfrom", has_socket_timeout=False) == {RestartCode.ERESTARTSYS}
    assert expected_codes("recvfrom", has_socket_timeout=True) == {RestartCode.EINTR}
    assert returns_raw_eintr("recvfrom", has_socket_timeout=True) is True
    assert returns_raw_eintr("recvfrom", has_socket_timeout=False) is False
    assert returns_raw_eintr("recvfrom") is None
    limits = {row.time_limit for row in interruptible_calls("recvfrom", True)}
    assert limits == {TimeLimit.SOCKET}


def test_calls_without_a_socket() -> None:
    assert returns_raw_eintr("epoll_wait") is True
    assert returns_raw_eintr("poll") is False
    assert returns_raw_eintr("close") is None
    assert returns_raw_eintr("getpid") is None
    assert interruptible_calls("getpid") == ()


def test_bookkeeping_says_why() -> None:
    assert all(why and citation for why, citation in BOOKKEEPING_CALLS.values())
    assert is_bookkeeping("futex")
    assert is_bookkeeping("rt_sigreturn")
    blocking = {row.syscall for row in all_interruptible_calls()}
    assert {name for name in blocking if is_bookkeeping(name)} == {"futex"}


LIVE_CASES = {
    "recv": ("recvfrom", False),
    "recv_settimeout": ("poll", None),
    "recv_so_rcvtimeo": ("recvfrom", True),
    "accept": ("accept4", False),
    "poll": ("poll", None),
    "epoll": ("epoll_wait", None),
    "select_select": ("pselect6", None),
    "os_read": ("read", False),
    "waitpid": ("wait4", None),
    "fcntl_flock": ("flock", None),
    "fcntl_lockf": ("fcntl", None),
    "pause": ("pause", None),
    "sigtimedwait": ("rt_sigtimedwait", None),
}


@pytest.mark.live
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("case", LIVE_CASES)
def test_codes_are_what_strace_sees(case: str, tmp_path: Path) -> None:
    syscall, has_socket_timeout = LIVE_CASES[case]
    rows = interruptible_calls(syscall, has_socket_timeout)
    log = tmp_path / "strace.log"
    strace = ["strace", "-q", "-o", str(log), "-e", f"trace={syscall}"]
    with blocked_program(case, [row.nr for row in rows], sys.executable, strace) as program:
        program.after_signal()
    before_signal = log.read_text().partition(f"--- {signal.SIGUSR1.name}")[0].splitlines()[-1]
    match = re.search(r"= (?:\? |-1 )(ERESTART\w+|EINTR)", before_signal)
    assert match, before_signal
    assert expected_codes(syscall, has_socket_timeout) == {RestartCode[match[1]]}


def test_a_tcp_connect_may_be_called_again_after_eintr() -> None:
    # The note of connect_tcp: it waits for the same connection; EALREADY if it may not wait.
    program = """
import ctypes, errno, signal, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
listener = socket.create_server(("127.0.0.1", 0), backlog=0)
queued = [socket.socket() for _ in range(3)]
for one in queued:
    one.setblocking(False)
    one.connect_ex(listener.getsockname())
host = struct.pack("=H", socket.AF_INET) + struct.pack("!H", listener.getsockname()[1])
host += socket.inet_aton("127.0.0.1") + bytes(8)
client = socket.socket()
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
for may_wait in (True, True, False):
    client.setblocking(may_wait)
    result = libc.connect(client.fileno(), host, len(host))
    print(errno.errorcode[ctypes.get_errno()] if result else 0)
signal.setitimer(signal.ITIMER_REAL, 0)  # CPython takes its handlers back as it ends
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.split() == ["EINTR", "EINTR", "EALREADY"]
