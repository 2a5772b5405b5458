"""Which arguments each system call has: own tables for calls that can block, else prototypes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from eintr_trace.facts import call_constants as constants
from eintr_trace.sources.live.call_arguments import (
    CallArguments,
    Render,
    futex_operation,
    show_constant_of,
    show_data,
    show_directory_fd,
    show_fd,
    show_fd_set,
    show_flags_of,
    show_futex_bitset,
    show_futex_operation,
    show_futex_timeout,
    show_hexadecimal,
    show_iovecs,
    show_length_pointer,
    show_mode,
    show_open_flags,
    show_path,
    show_pointer,
    show_pollfds,
    show_signal_set,
    show_signed_int,
    show_signed_long,
    show_size,
    show_socket_address,
    show_timespec,
    show_timeval,
    show_unsigned_int,
)

Signature = tuple[Render, ...]
Prototype = tuple[tuple[str, str], ...]
"""The (type, name) of each argument, as python-ptrace has them."""

_MESSAGE_FLAGS: Final = show_flags_of(constants.MSG_FLAGS)
_CLOCK: Final = show_constant_of(constants.CLOCKS)
_WAIT_OPTIONS: Final = show_flags_of(constants.WAIT_OPTIONS)
_MESSAGE: Final = (show_fd, show_pointer, _MESSAGE_FLAGS)
_ACCEPT: Final = (show_fd, show_pointer, show_length_pointer)
_VECTOR: Final = (show_fd, show_iovecs, show_size)
_EPOLL: Final = (show_fd, show_pointer, show_signed_int)
_SELECT: Final = (show_signed_int, show_fd_set, show_fd_set, show_fd_set)

# Each as in section 2 of the manual pages; io_uring_enter(2), futex(2).
SIGNATURES: Final[dict[str, Signature]] = {
    "accept": _ACCEPT,
    "accept4": (*_ACCEPT, show_flags_of(constants.SOCK_FLAGS)),
    "clock_nanosleep": (
        _CLOCK,
        show_flags_of(constants.TIMER_FLAGS),
        show_timespec,
        show_pointer,
    ),
    "connect": (show_fd, show_socket_address, show_signed_int),
    "epoll_pwait": (*_EPOLL, show_signed_int, show_signal_set, show_size),
    "epoll_pwait2": (*_EPOLL, show_timespec, show_signal_set, show_size),
    "epoll_wait": (*_EPOLL, show_signed_int),
    "flock": (show_fd, show_flags_of(constants.FLOCK_OPERATIONS)),
    "futex": (
        show_pointer,
        show_futex_operation,
        show_unsigned_int,
        show_futex_timeout,
        show_pointer,
        show_futex_bitset,
    ),
    "futex_waitv": (show_pointer, show_unsigned_int, show_hexadecimal, show_timespec, _CLOCK),
    "io_uring_enter": (
        show_fd,
        show_unsigned_int,
        show_unsigned_int,
        show_hexadecimal,
        show_pointer,
        show_size,
    ),
    "nanosleep": (show_timespec, show_pointer),
    "open": (show_path, show_open_flags, show_mode),
    "openat": (show_directory_fd, show_path, show_open_flags, show_mode),
    "pause": (),
    "poll": (show_pollfds, show_unsigned_int, show_signed_int),
    "ppoll": (show_pollfds, show_unsigned_int, show_timespec, show_signal_set, show_size),
    "read": (show_fd, show_pointer, show_size),
    "readv": _VECTOR,
    "recvfrom": (
        show_fd,
        show_pointer,
        show_size,
        _MESSAGE_FLAGS,
        show_pointer,
        show_length_pointer,
    ),
    "recvmmsg": (show_fd, show_pointer, show_unsigned_int, _MESSAGE_FLAGS, show_timespec),
    "recvmsg": _MESSAGE,
    "rt_sigsuspend": (show_signal_set, show_size),
    "rt_sigtimedwait": (show_signal_set, show_pointer, show_timespec, show_size),
    "select": (*_SELECT, show_timeval),
    "sendto": (
        show_fd,
        show_data,
        show_size,
        _MESSAGE_FLAGS,
        show_socket_address,
        show_unsigned_int,
    ),
    "wait4": (show_signed_int, show_pointer, _WAIT_OPTIONS, show_pointer),
    "waitid": (
        show_constant_of(constants.WAIT_ID_TYPES),
        show_signed_int,
        show_pointer,
        _WAIT_OPTIONS,
        show_pointer,
    ),
    "write": (show_fd, show_data, show_size),
}


def _futex_positions(call: CallArguments) -> tuple[int, ...]:
    match futex_operation(call):
        case "FUTEX_WAIT":
            return 0, 1, 2, 3
        case "FUTEX_WAIT_BITSET":
            return 0, 1, 2, 3, 5
        case "FUTEX_WAIT_REQUEUE_PI":
            return 0, 1, 2, 3, 4
        case "FUTEX_WAKE":
            return 0, 1, 2
        case "FUTEX_WAKE_BITSET":
            return 0, 1, 2, 5
        case "FUTEX_LOCK_PI" | "FUTEX_LOCK_PI2":
            return 0, 1, 3
        case "FUTEX_UNLOCK_PI" | "FUTEX_TRYLOCK_PI":
            return 0, 1
        case _:
            return 0, 1, 2, 3, 4, 5


def _fcntl_positions(call: CallArguments) -> tuple[int, ...]:
    command = constants.FCNTL_COMMANDS.get(call.unsigned(1))
    return (0, 1) if command in constants.FCNTL_WITHOUT_ARGUMENT else (0, 1, 2)


def _open_positions(call: CallArguments) -> tuple[int, ...]:
    return (0, 1, 2) if _creates(call.unsigned(1)) else (0, 1)


def _openat_positions(call: CallArguments) -> tuple[int, ...]:
    return (0, 1, 2, 3) if _creates(call.unsigned(2)) else (0, 1, 2)


def _creates(flags: int) -> bool:
    return bool(flags & constants.O_CREAT) or flags & constants.O_TMPFILE == constants.O_TMPFILE


# Calls that do not use all their arguments: the positions of those that count.
POSITIONS: Final[dict[str, Callable[[CallArguments], tuple[int, ...]]]] = {
    "fcntl": _fcntl_positions,
    "futex": _futex_positions,
    "open": _open_positions,
    "openat": _openat_positions,
}

_BY_TYPE: Final[dict[str, Render]] = {
    "clockid_t": _CLOCK,
    "int": show_signed_int,
    "key_t": show_signed_int,
    "loff_t": show_signed_long,
    "long": show_signed_long,
    "mqd_t": show_signed_int,
    "off_t": show_signed_long,
    "pid_t": show_signed_int,
    "__s32": show_signed_int,
    "size_t": show_size,
    "u32": show_unsigned_int,
    "gid_t": show_unsigned_int,
    "uid_t": show_unsigned_int,
    "umode_t": show_mode,
    "unsigned": show_unsigned_int,
    "unsigned int": show_unsigned_int,
    "const struct timespec *": show_timespec,
    "const sigset_t *": show_signal_set,
}
_DESCRIPTORS: Final = frozenset(
    {"fd", "sockfd", "epfd", "fildes", "oldfd", "newfd", "ufd", "mqdes"}
    | {"fd_in", "fd_out", "in_fd", "out_fd", "fdin", "fdout"}
)
_DIRECTORIES: Final = frozenset({"dfd", "dirfd", "olddirfd", "newdirfd", "olddfd", "newdfd"})
_PATHS: Final = frozenset({"filename", "pathname", "path", "oldname", "newname"})


def signature_of(prototype: Prototype) -> Signature:
    """Choose how to show each argument from its type and name."""
    return tuple(_render_of(kind, name) for kind, name in prototype)


def _render_of(kind: str, name: str) -> Render:
    if "*" in kind or "[" in kind:
        path = kind == "const char *" and name in _PATHS
        return show_path if path else _BY_TYPE.get(kind, show_pointer)
    if name in _DIRECTORIES:
        return show_directory_fd
    return show_fd if name in _DESCRIPTORS else _BY_TYPE.get(kind, show_hexadecimal)
