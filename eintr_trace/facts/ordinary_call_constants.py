"""Names of the flags and constants in the arguments of calls that do not block (x86_64).

Values are those of the kernel's headers, named above each table; the spelling and the order
of the names is strace's.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

# include/uapi/asm-generic/mman-common.h
PROTECTIONS: Final = MappingProxyType({1: "PROT_READ", 2: "PROT_WRITE", 4: "PROT_EXEC"})

# include/uapi/asm-generic/mman-common.h, mman.h; linux/mman.h
MAP_TYPES: Final = MappingProxyType({1: "MAP_SHARED", 2: "MAP_PRIVATE", 3: "MAP_SHARED_VALIDATE"})
MAP_TYPE_BITS: Final = 0xF
MAP_FLAGS: Final = MappingProxyType(
    {
        0x40: "MAP_32BIT",
        0x10: "MAP_FIXED",
        0x20: "MAP_ANONYMOUS",
        0x4000: "MAP_NORESERVE",
        0x8000: "MAP_POPULATE",
        0x10000: "MAP_NONBLOCK",
        0x0100: "MAP_GROWSDOWN",
        0x0800: "MAP_DENYWRITE",
        0x1000: "MAP_EXECUTABLE",
        0x2000: "MAP_LOCKED",
        0x20000: "MAP_STACK",
        0x40000: "MAP_HUGETLB",
        0x80000: "MAP_SYNC",
        0x100000: "MAP_FIXED_NOREPLACE",
    }
)

# include/uapi/asm-generic/mman-common.h
ADVICE: Final = MappingProxyType(
    {
        0: "MADV_NORMAL",
        1: "MADV_RANDOM",
        2: "MADV_SEQUENTIAL",
        3: "MADV_WILLNEED",
        4: "MADV_DONTNEED",
        8: "MADV_FREE",
        14: "MADV_HUGEPAGE",
        15: "MADV_NOHUGEPAGE",
    }
)

# include/uapi/linux/fs.h
SEEK_WHENCES: Final = MappingProxyType(
    {0: "SEEK_SET", 1: "SEEK_CUR", 2: "SEEK_END", 3: "SEEK_DATA", 4: "SEEK_HOLE"}
)

# The C library's unistd.h, for access(2)
ACCESS_MODES: Final = MappingProxyType({4: "R_OK", 2: "W_OK", 1: "X_OK"})

# include/uapi/asm-generic/signal-defs.h
MASK_ACTIONS: Final = MappingProxyType({0: "SIG_BLOCK", 1: "SIG_UNBLOCK", 2: "SIG_SETMASK"})

# arch/x86/include/uapi/asm/signal.h, include/uapi/asm-generic/signal-defs.h
SA_RESTORER: Final = 0x04000000
ACTION_FLAGS: Final = MappingProxyType(
    {
        SA_RESTORER: "SA_RESTORER",
        0x08000000: "SA_ONSTACK",
        0x10000000: "SA_RESTART",
        0x40000000: "SA_NODEFER",
        0x80000000: "SA_RESETHAND",
        0x00000004: "SA_SIGINFO",
        0x00000001: "SA_NOCLDSTOP",
        0x00000002: "SA_NOCLDWAIT",
    }
)
HANDLERS: Final = MappingProxyType({0: "SIG_DFL", 1: "SIG_IGN"})

# include/linux/socket.h, include/linux/net.h
SOCKET_FAMILIES: Final = MappingProxyType(
    {0: "AF_UNSPEC", 1: "AF_UNIX", 2: "AF_INET", 10: "AF_INET6", 16: "AF_NETLINK", 17: "AF_PACKET"}
)
SOCKET_TYPES: Final = MappingProxyType(
    {1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET"}
)
SHUTDOWNS: Final = MappingProxyType({0: "SHUT_RD", 1: "SHUT_WR", 2: "SHUT_RDWR"})

# include/uapi/linux/eventpoll.h
EPOLL_FLAGS: Final = MappingProxyType({0x80000: "EPOLL_CLOEXEC"})

# include/uapi/linux/time.h
INTERVAL_TIMERS: Final = MappingProxyType({0: "ITIMER_REAL", 1: "ITIMER_VIRTUAL", 2: "ITIMER_PROF"})

# include/uapi/linux/random.h
RANDOM_FLAGS: Final = MappingProxyType({1: "GRND_NONBLOCK", 2: "GRND_RANDOM", 4: "GRND_INSECURE"})

# include/uapi/asm-generic/ioctls.h
IOCTLS: Final = MappingProxyType(
    {
        0x5401: "TCGETS",
        0x5402: "TCSETS",
        0x540F: "TIOCGPGRP",
        0x5413: "TIOCGWINSZ",
        0x541B: "FIONREAD",
        0x5421: "FIONBIO",
        0x5450: "FIONCLEX",
        0x5451: "FIOCLEX",
    }
)

# arch/x86/include/uapi/asm/prctl.h
ARCH_OPERATIONS: Final = MappingProxyType(
    {0x1001: "ARCH_SET_GS", 0x1002: "ARCH_SET_FS", 0x1003: "ARCH_GET_FS", 0x1004: "ARCH_GET_GS"}
)
