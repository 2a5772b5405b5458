"""Calls as text against strace's own words for the same real calls."""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import sys
from pathlib import Path

import pytest

from eintr_trace.facts.given_arguments import FIRST_GIVEN_ARGUMENT
from eintr_trace.model.events import FileDescriptor
from eintr_trace.sources.live import binding
from eintr_trace.sources.live.call_arguments import MAX_READS, Read
from eintr_trace.sources.live.call_results import GIVEN, describe_ended_call, read_length
from eintr_trace.sources.live.call_text import describe_call, waited_descriptor
from eintr_trace.sources.live.descriptors import describe_descriptor
from tests.facts.blocked_program import blocked_program

RAW_CALL = Path(__file__).parents[1] / "tracees" / "raw_call.py"

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

# Case of the tracee -> number of the call on x86_64.
CASES = {
    "read": 0,
    "write": 1,
    "write_short": 1,
    "poll": 7,
    "ppoll": 271,
    "select_": 23,
    "pselect6": 270,
    "epoll_wait": 232,
    "epoll_pwait": 281,
    "nanosleep": 35,
    "clock_nanosleep": 230,
    "clock_nanosleep_absolute": 230,
    "futex_wait": 202,
    "futex_wait_bitset": 202,
    "wait4": 61,
    "waitid": 247,
    "flock": 73,
    "fcntl_ofd_setlkw": 72,
    "openat": 257,
    "accept": 43,
    "accept4": 288,
    "connect_inet": 42,
    "connect_inet6": 42,
    "connect_abstract": 42,
    "recvfrom": 45,
    "recvfrom_udp": 45,
    "sendto": 44,
    "readv": 19,
    "rt_sigtimedwait": 128,
    "rt_sigsuspend": 130,
    "pause": 34,
    "sendfile": 40,
}


class Memory:
    """The memory of a process; counts how often it is read."""

    def __init__(self, pid: int) -> None:
        self._path = f"/proc/{pid}/mem"
        self.reads = 0

    def read(self, address: int, size_bytes: int) -> bytes:
        self.reads += 1
        fd = os.open(self._path, os.O_RDONLY)
        try:
            return os.pread(fd, size_bytes, address)
        finally:
            os.close(fd)


def arguments(pid: int) -> tuple[int, ...]:
    words = Path(f"/proc/{pid}/syscall").read_text().split()
    return tuple(int(word, 16) for word in words[1:7])


@pytest.mark.live
@needs_strace
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86_64")
@pytest.mark.parametrize("case", CASES)
def test_the_text_is_straces(case: str, tmp_path: Path) -> None:
    nr = CASES[case]
    if case == "connect_inet6" and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    log = tmp_path / "strace.log"
    wrapper = ["strace", "-q", "-o", str(log), "-e", f"trace={binding.syscall_name(nr)}"]
    with blocked_program(case, [nr], sys.executable, wrapper, RAW_CALL) as program:
        args = arguments(program.pid)
        name = binding.syscall_name(nr)
        prototype = binding.syscall_prototype(name)
        memory = Memory(program.pid)
        text = describe_call(nr, name, args, memory.read, prototype, None)
        assert memory.reads <= MAX_READS
        program.after_signal()
    before_signal = log.read_text().partition("\n--- SIGUSR1")[0].splitlines()[-1]
    assert text == re.split(r"\s+= (?:\?|-1|<)", before_signal)[0]


@pytest.mark.live
@needs_strace
@pytest.mark.parametrize("case", ["recvfrom", "recvfrom_udp", "accept", "read", "flock", "poll"])
def test_descriptors_are_straces(case: str, tmp_path: Path) -> None:
    nr = CASES[case]
    log = tmp_path / "strace.log"
    name = binding.syscall_name(nr)
    wrapper = ["strace", "-q", "-yy", "-o", str(log), "-e", f"trace={name}"]
    with blocked_program(case, [nr], sys.executable, wrapper, RAW_CALL) as program:
        args = arguments(program.pid)
        memory = Memory(program.pid)
        prototype = binding.syscall_prototype(name)
        fd = waited_descriptor(name, args, memory.read, prototype)
        assert fd is not None
        descriptor = describe_descriptor(program.pid, fd)
        text = describe_call(nr, name, args, memory.read, prototype, descriptor)
        program.after_signal()
    before_signal = log.read_text().partition("\n--- SIGUSR1")[0].splitlines()[-1]
    expected = re.split(r"\s+= (?:\?|-1)", before_signal)[0]
    # What /proc does not tell: the inode of a UNIX socket's peer, and whether " (deleted)" at
    # the end of a link is part of the name.
    expected = re.sub(r"(UNIX-STREAM:\[\d+)->\d+\]", r"\1]", expected)
    assert text == expected.replace(">(deleted)", " (deleted)>")


def unreadable(address: int, size_bytes: int) -> bytes:
    raise OSError(5, f"{size_bytes} bytes at {address:#x}")


def nothing(_address: int, _size_bytes: int) -> bytes:
    return b""


def one_byte(_address: int, _size_bytes: int) -> bytes:
    return b"\xff"


@pytest.mark.parametrize("read", [unreadable, nothing])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("poll", "poll(0x3, 4096, 4096)"),
        ("sendto", "sendto(3, 0x1000, 4096, 0, 0x1000, 4096)"),
        ("connect", "connect(3, 0x1000, 4096)"),
        ("openat", "openat(3, 0x1000, O_RDONLY|O_NONBLOCK|O_CLOEXEC)"),
        ("rt_sigsuspend", "rt_sigsuspend(0x3, 4096)"),
    ],
)
def test_what_cannot_be_read_is_shown_as_its_address(name: str, text: str, read: Read) -> None:
    args = {
        "sendto": (3, 4096, 4096, 0, 4096, 4096),
        "openat": (3, 4096, os.O_CLOEXEC | os.O_NONBLOCK, 0),
    }.get(name, (3, 4096, 4096, 4096, 4096, 4096))
    assert describe_call(0, name, args, read, None, None) == text


def ones(_address: int, size_bytes: int) -> bytes:
    return b"\xff" * size_bytes


def zeros(_address: int, size_bytes: int) -> bytes:
    return bytes(size_bytes)


SUSPICIOUS = [0, 1, 0x1000, 2**31, 2**32 - 1, 2**47, 2**63, 2**64 - 1]


@pytest.mark.parametrize("read", [unreadable, nothing, one_byte])
def test_never_raises_whatever_the_registers_hold(read: Read) -> None:
    names = [binding.syscall_name(nr) for nr in range(460)]
    for nr, name in enumerate(names):
        prototype = binding.syscall_prototype(name)
        for value in SUSPICIOUS:
            for count in (0, 1, 6):
                args = (value,) * count
                text = describe_call(nr, name, args, read, prototype, None)
                assert text.isascii()
                assert text.startswith(f"{name}(")
                waited_descriptor(name, args, read, prototype)


@pytest.mark.parametrize("read", [unreadable, nothing, one_byte, ones, zeros])
def test_never_raises_whatever_a_call_gave(read: Read) -> None:
    for nr in range(460):
        name = binding.syscall_name(nr)
        for value in SUSPICIOUS:
            for returned in (-4, 0, 1, 7, 2**31, 2**63 - 1):
                args = (value,) * 6
                ended = describe_ended_call(
                    nr, name, args, returned, read, None, read_length(name, args, read)
                )
                assert all(
                    text is None or len(text) < 30_000 for text in (ended.text, ended.result)
                )
                assert all(text is None or text.isascii() for text in (ended.text, ended.result))


def test_control_characters_of_the_tracee_do_not_get_through() -> None:
    descriptor = FileDescriptor(3, target="/tmp/\x1b[31m\udcff\n")
    text = describe_call(0, "read", (3, 0x1000, 10), unreadable, None, descriptor)
    assert text == r"read(3</tmp/\33[31m\377\n>, 0x1000, 10)"


def test_a_descriptor_is_shown_only_at_its_number() -> None:
    tcp = FileDescriptor(4, "socket:[99]", "TCP", "127.0.0.1:40522", "127.0.0.1:9090")
    shown = "<TCP:[127.0.0.1:40522->127.0.0.1:9090]>"
    args = (4, 0x1000, 4096, 0, 0, 0)
    text = describe_call(45, "recvfrom", args, unreadable, None, tcp)
    assert text == f"recvfrom(4{shown}, 0x1000, 4096, 0, NULL, NULL)"
    other = describe_call(45, "recvfrom", (5, *args[1:]), unreadable, None, tcp)
    assert other == "recvfrom(5, 0x1000, 4096, 0, NULL, NULL)"


def test_a_call_without_name_or_prototype() -> None:
    text = describe_call(999, "", (1, 2), unreadable, None, None)
    assert text == "syscall_999(0x1, 0x2)"


def test_what_restart_syscall_resumes_is_not_in_its_arguments() -> None:
    text = describe_call(219, "restart_syscall", (1, 2, 3, 4, 5, 6), unreadable, None, None)
    assert text == "restart_syscall(<... resuming interrupted system call ...>)"


def test_the_descriptor_a_call_waits_for() -> None:
    def pollfds(_address: int, size_bytes: int) -> bytes:
        return (b"\x07\0\0\0\x01\0\0\0" + b"\x08\0\0\0\x01\0\0\0")[:size_bytes]

    def fd_set(_address: int, _size_bytes: int) -> bytes:
        return b"\x20" + bytes(7)

    assert waited_descriptor("poll", (0x1000, 1, -1), pollfds, None) == 7
    assert waited_descriptor("poll", (0x1000, 2, -1), pollfds, None) is None
    assert waited_descriptor("poll", (0x1000, 1, -1), unreadable, None) is None
    assert waited_descriptor("pselect6", (6, 0x1000, 0, 0, 0, 0), fd_set, None) == 5
    assert waited_descriptor("select", (0, 0, 0, 0, 0x1000), fd_set, None) is None
    assert waited_descriptor("read", (0xFFFFFFFF, 0, 0), unreadable, None) is None
    assert waited_descriptor("pause", (), unreadable, None) is None


def test_what_a_call_gives_is_shown_from_the_argument_on_that_the_table_names() -> None:
    first = {name: min(positions) for name, positions in GIVEN.items()}
    assert first == FIRST_GIVEN_ARGUMENT
