"""What a descriptor of another process refers to: a path, or a socket and its endpoints.

A socket is asked through a duplicate of the descriptor, taken with pidfd_getfd(2) (Linux 5.6;
needs PTRACE_MODE_ATTACH_REALCREDS, as tracing does): that sees sockets of any network
namespace and needs no table of all connections. The duplicate lives for some microseconds
and is only ever asked, never changed.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
import termios
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar

from eintr_trace.model.events import FileDescriptor

_NR_PIDFD_GETFD: Final = 438  # the same on every architecture, like all numbers since 424
_TIMEVAL: Final = struct.Struct("@ll")  # struct timeval of getsockopt(2), SO_RCVTIMEO
_NS_PER_S: Final = 10**9
_NS_PER_US: Final = 10**3
_IPPROTO_MPTCP: Final = 262  # include/uapi/linux/in.h; socket.IPPROTO_MPTCP since Python 3.10

_INET_PROTOCOLS: Final = {
    socket.IPPROTO_TCP: "TCP",
    socket.IPPROTO_UDP: "UDP",
    socket.IPPROTO_SCTP: "SCTP",
    _IPPROTO_MPTCP: "MPTCP",
}
_UNIX_TYPES: Final = {
    socket.SOCK_STREAM: "UNIX-STREAM",
    socket.SOCK_DGRAM: "UNIX-DGRAM",
    socket.SOCK_SEQPACKET: "UNIX-SEQPACKET",
}

_T = TypeVar("_T")


def describe_descriptor(tgid: int, fd: int) -> FileDescriptor:
    """Describe the descriptor ``fd`` of the process ``tgid``; never raises.

    Whatever cannot be seen (descriptor closed, process gone, no permission, a kernel before
    5.6) is ``None``. Endpoints look as strace -yy shows them: ``127.0.0.1:9090``,
    ``[::1]:9090``, a path, ``@name`` for an abstract name (unix(7)). Text of the process is
    kept raw, bytes that are not UTF-8 as surrogate escapes.
    """
    link = f"/proc/{tgid}/fd/{fd}"
    target = _unless_refused(lambda: os.readlink(link))  # noqa: PTH115 (a Path is not raw text)
    if target is not None and target.startswith("socket:["):
        described = _unless_refused(lambda: _describe_socket(tgid, fd, target))
        if described is not None:
            return described
    return FileDescriptor(fd, target)


@dataclass(frozen=True)
class SocketTimeouts:
    """SO_RCVTIMEO and SO_SNDTIMEO of a socket (socket(7)); 0: none."""

    receive_ns: int
    send_ns: int


def socket_timeouts(tgid: int, fd: int) -> SocketTimeouts | None:
    """The time limits of a socket of another process; ``None``: not a socket, or not seen."""
    return _unless_refused(lambda: _socket_timeouts(tgid, fd))


def _socket_timeouts(tgid: int, fd: int) -> SocketTimeouts | None:
    link = f"/proc/{tgid}/fd/{fd}"
    if not os.readlink(link).startswith("socket:["):  # noqa: PTH115 (a Path is not raw text)
        return None
    with closing(socket.socket(fileno=_duplicate(tgid, fd))) as duplicate:
        return SocketTimeouts(
            receive_ns=_timeout_ns(duplicate, socket.SO_RCVTIMEO),
            send_ns=_timeout_ns(duplicate, socket.SO_SNDTIMEO),
        )


def _unless_refused(ask: Callable[[], _T]) -> _T | None:
    try:
        return ask()
    except OSError:
        return None


def _describe_socket(tgid: int, fd: int, target: str) -> FileDescriptor:
    # socket.socket() over an existing descriptor only asks for its family, type and protocol.
    with closing(socket.socket(fileno=_duplicate(tgid, fd))) as duplicate:
        return FileDescriptor(
            fd,
            target,
            protocol=_protocol(duplicate),
            local=_unless_refused(lambda: _endpoint(duplicate.family, duplicate.getsockname())),
            peer=_unless_refused(lambda: _endpoint(duplicate.family, duplicate.getpeername())),
            connected=_is_connected(duplicate),
            unread_bytes=_unless_refused(lambda: _unread_bytes(duplicate)),
            receive_timeout_ns=_unless_refused(lambda: _timeout_ns(duplicate, socket.SO_RCVTIMEO)),
            send_timeout_ns=_unless_refused(lambda: _timeout_ns(duplicate, socket.SO_SNDTIMEO)),
        )


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _duplicate(tgid: int, fd: int) -> int:
    """Give a duplicate, close-on-exec, of a descriptor of another process; raises OSError."""
    pidfd = os.pidfd_open(tgid)
    try:
        duplicate: int = _libc().syscall(_NR_PIDFD_GETFD, pidfd, fd, 0)
    finally:
        os.close(pidfd)
    if duplicate < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return duplicate


def _is_connected(asked: socket.socket) -> bool | None:
    try:
        asked.getpeername()
    except OSError as error:
        return False if error.errno == errno.ENOTCONN else None
    return True


def _protocol(asked: socket.socket) -> str:
    match asked.family:
        case socket.AF_INET:
            return _inet_protocol(asked.proto)
        case socket.AF_INET6:
            return _inet_protocol(asked.proto) + "v6"
        case socket.AF_UNIX:
            return _UNIX_TYPES.get(asked.type, "UNIX")
        case socket.AddressFamily() as family:
            return family.name.removeprefix("AF_")
        case number:  # a family that Python has no name for
            return f"AF_{number}"


def _inet_protocol(number: int) -> str:
    return _INET_PROTOCOLS.get(number, f"IPPROTO_{number}")


def _endpoint(family: int, address: Any) -> str | None:  # noqa: ANN401 (typeshed has Any)
    """Render an address of the socket module; ``None`` where nothing was bound or named."""
    match family, address:
        case socket.AF_INET, (str(host), int(port)):
            return f"{host}:{port}" if port else None
        case socket.AF_INET6, (str(host), int(port), *_):
            return f"[{host}]:{port}" if port else None
        case socket.AF_UNIX, str(path):
            return path or None
        case socket.AF_UNIX, bytes(name):  # abstract: a NUL byte comes first
            return "@" + os.fsdecode(name[1:]) if name else None
        case _:
            return None


def _unread_bytes(asked: socket.socket) -> int:
    # SIOCINQ of tcp(7), unix(7) and udp(7) is FIONREAD under another name.
    answer = fcntl.ioctl(asked, termios.FIONREAD, bytes(4))
    return int.from_bytes(answer, "little", signed=True)


def _timeout_ns(asked: socket.socket, option: int) -> int:
    answer = asked.getsockopt(socket.SOL_SOCKET, option, _TIMEVAL.size)
    seconds, microseconds = _TIMEVAL.unpack(answer)
    return int(seconds * _NS_PER_S + microseconds * _NS_PER_US)
