from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eintr_trace.model.events import FileDescriptor
from eintr_trace.sources.live.descriptors import describe_descriptor

pytestmark = pytest.mark.live


@contextmanager
def another_process(*descriptors: int) -> Iterator[int]:
    """Run a process that inherits ``descriptors`` and sleeps; gives its PID."""
    process = subprocess.Popen(
        [sys.executable, "-c", "print('ready', flush=True); import signal; signal.pause()"],
        stdout=subprocess.PIPE,
        pass_fds=descriptors,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def described(sock: socket.socket) -> FileDescriptor:
    fd = sock.fileno()
    with another_process(fd) as pid:
        return describe_descriptor(pid, fd)


@pytest.mark.parametrize(
    ("family", "host", "protocol", "template"),
    [
        (socket.AF_INET, "127.0.0.1", "TCP", "{}:{}"),
        (socket.AF_INET6, "::1", "TCPv6", "[{}]:{}"),
    ],
)
def test_a_tcp_connection(
    family: socket.AddressFamily, host: str, protocol: str, template: str
) -> None:
    with socket.socket(family) as listener:
        try:
            listener.bind((host, 0))
        except OSError as error:
            pytest.skip(f"{host} cannot be bound here: {error}")
        listener.listen()
        with socket.create_connection(listener.getsockname()[:2]) as client:
            server, _ = listener.accept()
            server.sendall(b"x" * 1234)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 2, 500000))
            seen = described(client)
            listening = described(listener)
            server.close()
        client_port, server_port = seen.local, template.format(host, listener.getsockname()[1])
    assert seen.protocol == protocol
    assert seen.target is not None
    assert re.fullmatch(r"socket:\[\d+\]", seen.target)
    assert client_port is not None
    assert client_port.startswith(template.format(host, ""))
    assert seen.peer == server_port
    assert seen.unread_bytes == 1234
    assert seen.receive_timeout_ns is not None
    assert abs(seen.receive_timeout_ns - 2_500_000_000) < 20_000_000  # kept in jiffies
    assert seen.send_timeout_ns == 0
    assert listening.local == server_port
    assert listening.peer is None
    assert listening.unread_bytes is None


def test_a_udp_socket_that_is_bound() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        seen = described(sock)
        assert seen.local == f"127.0.0.1:{sock.getsockname()[1]}"
    assert (seen.protocol, seen.peer, seen.unread_bytes) == ("UDP", None, 0)


def test_a_socket_that_is_not_bound_has_no_endpoints() -> None:
    with socket.socket() as sock:
        seen = described(sock)
    assert (seen.protocol, seen.local, seen.peer) == ("TCP", None, None)


@pytest.mark.parametrize(
    ("kind", "protocol"),
    [
        (socket.SOCK_STREAM, "UNIX-STREAM"),
        (socket.SOCK_DGRAM, "UNIX-DGRAM"),
        (socket.SOCK_SEQPACKET, "UNIX-SEQPACKET"),
    ],
)
def test_a_pair_of_unix_sockets(kind: socket.SocketKind, protocol: str) -> None:
    one, other = socket.socketpair(socket.AF_UNIX, kind)
    with one, other:
        other.send(b"abc")
        seen = described(one)
    assert (seen.protocol, seen.local, seen.peer, seen.unread_bytes) == (protocol, None, None, 3)


def test_named_unix_sockets_keep_the_names_raw(tmp_path: Path) -> None:
    path = str(tmp_path / "a\nb\x1b[31m")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(path)
        listener.listen()
        client.bind(b"\0abstract\xff")
        client.connect(path)
        seen = described(client)
    assert seen.local == "@abstract\udcff"
    assert seen.peer == path


def test_other_families_are_named() -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as sock:
        assert described(sock).protocol == "NETLINK"


def test_a_file_and_a_pipe(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    name = tmp_path / "file"
    file = os.open(name, os.O_CREAT | os.O_WRONLY)
    try:
        with another_process(reader, file) as pid:
            assert describe_descriptor(pid, file) == FileDescriptor(file, str(name))
            pipe = describe_descriptor(pid, reader)
    finally:
        for fd in (reader, writer, file):
            os.close(fd)
    assert pipe.target is not None
    assert pipe.target.startswith("pipe:[")
    assert pipe.protocol is None


@pytest.mark.parametrize("fd", [999_999, 0xFFFFFFFF, -1])
def test_a_closed_descriptor_is_not_known(fd: int) -> None:
    with another_process() as pid:
        assert describe_descriptor(pid, fd) == FileDescriptor(fd)


def test_a_process_that_is_gone_is_not_known() -> None:
    with another_process() as pid:
        pass
    assert describe_descriptor(pid, 0) == FileDescriptor(0)


def _our_descriptors() -> set[str]:
    # The directory being read is itself one of them; its number is reused each time.
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def test_nothing_of_the_socket_is_changed_and_nothing_is_kept_open() -> None:
    one, other = socket.socketpair()
    with other:
        one.setblocking(True)
        fd = one.fileno()
        with another_process(fd) as pid:
            one.close()
            ours = _our_descriptors()
            flags = Path(f"/proc/{pid}/fdinfo/{fd}").read_text()
            for _ in range(50):
                describe_descriptor(pid, fd)
            assert _our_descriptors() == ours
            assert Path(f"/proc/{pid}/fdinfo/{fd}").read_text() == flags
            os.kill(pid, signal.SIGKILL)
            # The last reference was the process's: its end is the end of the connection.
            assert other.recv(1) == b""


def test_a_socket_of_another_network_namespace() -> None:
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    script = """
import os, socket, signal, subprocess
subprocess.run(["ip", "link", "set", "lo", "up"])
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
print(os.getpid(), s.fileno(), s.getsockname()[1], flush=True)
signal.pause()
"""
    process = subprocess.Popen(
        ["unshare", "--net", sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        if not words:
            pytest.skip("no network namespace can be made here")
        pid, fd, port = map(int, words)
        ours, theirs = Path("/proc/self/ns/net"), Path(f"/proc/{pid}/ns/net")
        assert ours.readlink() != theirs.readlink()
        assert describe_descriptor(pid, fd).local == f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()
