"""Names of the flags and constants in the arguments of calls that can block (x86_64).

Values are those of the kernel's headers, named above each table; the spelling and the order
of the names is strace's.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def _table(*names_and_values: tuple[str, int]) -> Mapping[int, str]:
    return MappingProxyType({value: name for name, value in names_and_values})


# include/linux/socket.h
MSG_FLAGS: Final = _table(
    ("MSG_OOB", 0x1),
    ("MSG_PEEK", 0x2),
    ("MSG_DONTROUTE", 0x4),
    ("MSG_CTRUNC", 0x8),
    ("MSG_PROXY", 0x10),
    ("MSG_TRUNC", 0x20),
    ("MSG_DONTWAIT", 0x40),
    ("MSG_EOR", 0x80),
    ("MSG_WAITALL", 0x100),
    ("MSG_FIN", 0x200),
    ("MSG_SYN", 0x400),
    ("MSG_CONFIRM", 0x800),
    ("MSG_RST", 0x1000),
    ("MSG_ERRQUEUE", 0x2000),
    ("MSG_NOSIGNAL", 0x4000),
    ("MSG_MORE", 0x8000),
    ("MSG_WAITFORONE", 0x10000),
    ("MSG_ZEROCOPY", 0x4000000),
    ("MSG_FASTOPEN", 0x20000000),
    ("MSG_CMSG_CLOEXEC", 0x40000000),
)

# include/linux/net.h: SOCK_CLOEXEC is O_CLOEXEC, SOCK_NONBLOCK is O_NONBLOCK
SOCK_FLAGS: Final = _table(("SOCK_CLOEXEC", 0o2000000), ("SOCK_NONBLOCK", 0o4000))

# include/uapi/asm-generic/poll.h
POLL_EVENTS: Final = _table(
    ("POLLIN", 0x1),
    ("POLLPRI", 0x2),
    ("POLLOUT", 0x4),
    ("POLLERR", 0x8),
    ("POLLHUP", 0x10),
    ("POLLNVAL", 0x20),
    ("POLLRDNORM", 0x40),
    ("POLLRDBAND", 0x80),
    ("POLLWRNORM", 0x100),
    ("POLLWRBAND", 0x200),
    ("POLLMSG", 0x400),
    ("POLLREMOVE", 0x1000),
    ("POLLRDHUP", 0x2000),
)

# include/uapi/linux/time.h
CLOCKS: Final = _table(
    ("CLOCK_REALTIME", 0),
    ("CLOCK_MONOTONIC", 1),
    ("CLOCK_PROCESS_CPUTIME_ID", 2),
    ("CLOCK_THREAD_CPUTIME_ID", 3),
    ("CLOCK_MONOTONIC_RAW", 4),
    ("CLOCK_REALTIME_COARSE", 5),
    ("CLOCK_MONOTONIC_COARSE", 6),
    ("CLOCK_BOOTTIME", 7),
    ("CLOCK_REALTIME_ALARM", 8),
    ("CLOCK_BOOTTIME_ALARM", 9),
    ("CLOCK_TAI", 11),
)
TIMER_FLAGS: Final = _table(("TIMER_ABSTIME", 1))

# include/uapi/linux/wait.h
WAIT_OPTIONS: Final = _table(
    ("WNOHANG", 0x1),
    ("WSTOPPED", 0x2),
    ("WEXITED", 0x4),
    ("WCONTINUED", 0x8),
    ("WNOWAIT", 0x01000000),
    ("__WNOTHREAD", 0x20000000),
    ("__WALL", 0x40000000),
    ("__WCLONE", 0x80000000),
)
WAIT_ID_TYPES: Final = _table(("P_ALL", 0), ("P_PID", 1), ("P_PGID", 2), ("P_PIDFD", 3))

# include/uapi/asm-generic/fcntl.h
FLOCK_OPERATIONS: Final = _table(("LOCK_SH", 1), ("LOCK_EX", 2), ("LOCK_NB", 4), ("LOCK_UN", 8))
FCNTL_COMMANDS: Final = _table(
    ("F_DUPFD", 0),
    ("F_GETFD", 1),
    ("F_SETFD", 2),
    ("F_GETFL", 3),
    ("F_SETFL", 4),
    ("F_GETLK", 5),
    ("F_SETLK", 6),
    ("F_SETLKW", 7),
    ("F_SETOWN", 8),
    ("F_GETOWN", 9),
    ("F_OFD_GETLK", 36),
    ("F_OFD_SETLK", 37),
    ("F_OFD_SETLKW", 38),
    ("F_DUPFD_CLOEXEC", 1030),
    ("F_SETPIPE_SZ", 1031),
    ("F_GETPIPE_SZ", 1032),
    ("F_ADD_SEALS", 1033),
    ("F_GET_SEALS", 1034),
)
FCNTL_WITHOUT_ARGUMENT: Final = frozenset(
    {"F_GETFD", "F_GETFL", "F_GETOWN", "F_GETPIPE_SZ", "F_GET_SEALS"}
)
FCNTL_WITH_LOCK: Final = frozenset(
    {"F_GETLK", "F_SETLK", "F_SETLKW", "F_OFD_GETLK", "F_OFD_SETLK", "F_OFD_SETLKW"}
)
LOCK_TYPES: Final = _table(("F_RDLCK", 0), ("F_WRLCK", 1), ("F_UNLCK", 2))
WHENCES: Final = _table(("SEEK_SET", 0), ("SEEK_CUR", 1), ("SEEK_END", 2))
AT_FDCWD: Final = -100
O_ACCMODE: Final = 0o3
OPEN_MODES: Final = _table(("O_RDONLY", 0), ("O_WRONLY", 1), ("O_RDWR", 2), ("O_ACCMODE", 3))
O_CREAT: Final = 0o100
O_TMPFILE: Final = 0o20200000
OPEN_FLAGS: Final = _table(
    ("O_CREAT", O_CREAT),
    ("O_EXCL", 0o200),
    ("O_NOCTTY", 0o400),
    ("O_TRUNC", 0o1000),
    ("O_APPEND", 0o2000),
    ("O_NONBLOCK", 0o4000),
    ("O_SYNC", 0o4010000),
    ("O_DSYNC", 0o10000),
    ("O_DIRECT", 0o40000),
    ("O_LARGEFILE", 0o100000),
    ("O_NOFOLLOW", 0o400000),
    ("O_NOATIME", 0o1000000),
    ("O_CLOEXEC", 0o2000000),
    ("O_PATH", 0o10000000),
    ("O_TMPFILE", O_TMPFILE),
    ("O_DIRECTORY", 0o200000),
    ("FASYNC", 0o20000),
)

# include/uapi/linux/futex.h
FUTEX_OPERATIONS: Final = _table(
    ("FUTEX_WAIT", 0),
    ("FUTEX_WAKE", 1),
    ("FUTEX_FD", 2),
    ("FUTEX_REQUEUE", 3),
    ("FUTEX_CMP_REQUEUE", 4),
    ("FUTEX_WAKE_OP", 5),
    ("FUTEX_LOCK_PI", 6),
    ("FUTEX_UNLOCK_PI", 7),
    ("FUTEX_TRYLOCK_PI", 8),
    ("FUTEX_WAIT_BITSET", 9),
    ("FUTEX_WAKE_BITSET", 10),
    ("FUTEX_WAIT_REQUEUE_PI", 11),
    ("FUTEX_CMP_REQUEUE_PI", 12),
    ("FUTEX_LOCK_PI2", 13),
)
FUTEX_PRIVATE_FLAG: Final = 128
FUTEX_CLOCK_REALTIME: Final = 256
FUTEX_BITSET_MATCH_ANY: Final = 0xFFFFFFFF


def constant_text(value: int, names: Mapping[int, str]) -> str:
    """Name one constant; a value without a name is given in hexadecimal."""
    return names.get(value) or f"{value:#x}"


def flags_text(value: int, names: Mapping[int, str]) -> str:
    """Join the names of the flags in ``value`` with ``|``; bits without a name come last."""
    found: list[str] = []
    rest = value
    for bits, name in names.items():
        if bits and rest & bits == bits:
            found.append(name)
            rest &= ~bits
    if rest or not found:
        found.append(f"{rest:#x}" if rest else "0")
    return "|".join(found)
