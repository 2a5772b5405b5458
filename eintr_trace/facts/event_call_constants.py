"""Names of the flags and constants of calls that make or wait for events (x86_64).

Values are those of the kernel's headers, named above each table; the spelling and the order
of the names is that of strace 6.1 (its src/xlat).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

# include/uapi/linux/eventpoll.h
EPOLL_OPERATIONS: Final = MappingProxyType(
    {1: "EPOLL_CTL_ADD", 2: "EPOLL_CTL_DEL", 3: "EPOLL_CTL_MOD"}
)
EPOLL_EVENTS: Final = MappingProxyType(
    {
        0x1: "EPOLLIN",
        0x2: "EPOLLPRI",
        0x4: "EPOLLOUT",
        0x40: "EPOLLRDNORM",
        0x80: "EPOLLRDBAND",
        0x100: "EPOLLWRNORM",
        0x200: "EPOLLWRBAND",
        0x400: "EPOLLMSG",
        0x8: "EPOLLERR",
        0x10: "EPOLLHUP",
        0x2000: "EPOLLRDHUP",
        1 << 28: "EPOLLEXCLUSIVE",
        1 << 29: "EPOLLWAKEUP",
        1 << 30: "EPOLLONESHOT",
        1 << 31: "EPOLLET",
    }
)

# include/linux/eventfd.h, timerfd.h, signalfd.h, inotify.h: O_CLOEXEC and O_NONBLOCK
_CLOEXEC: Final = 0o2000000
_NONBLOCK: Final = 0o4000
EVENTFD_FLAGS: Final = MappingProxyType(
    {1: "EFD_SEMAPHORE", _CLOEXEC: "EFD_CLOEXEC", _NONBLOCK: "EFD_NONBLOCK"}
)
TIMERFD_FLAGS: Final = MappingProxyType({_CLOEXEC: "TFD_CLOEXEC", _NONBLOCK: "TFD_NONBLOCK"})
TIMERFD_SET_FLAGS: Final = MappingProxyType({1: "TFD_TIMER_ABSTIME", 2: "TFD_TIMER_CANCEL_ON_SET"})
SIGNALFD_FLAGS: Final = MappingProxyType({_CLOEXEC: "SFD_CLOEXEC", _NONBLOCK: "SFD_NONBLOCK"})
INOTIFY_FLAGS: Final = MappingProxyType({_NONBLOCK: "IN_NONBLOCK", _CLOEXEC: "IN_CLOEXEC"})

# include/uapi/linux/inotify.h
INOTIFY_EVENTS: Final = MappingProxyType(
    {
        0x1: "IN_ACCESS",
        0x2: "IN_MODIFY",
        0x4: "IN_ATTRIB",
        0x8: "IN_CLOSE_WRITE",
        0x10: "IN_CLOSE_NOWRITE",
        0x20: "IN_OPEN",
        0x40: "IN_MOVED_FROM",
        0x80: "IN_MOVED_TO",
        0x100: "IN_CREATE",
        0x200: "IN_DELETE",
        0x400: "IN_DELETE_SELF",
        0x800: "IN_MOVE_SELF",
        0x2000: "IN_UNMOUNT",
        0x4000: "IN_Q_OVERFLOW",
        0x8000: "IN_IGNORED",
        0x01000000: "IN_ONLYDIR",
        0x02000000: "IN_DONT_FOLLOW",
        0x04000000: "IN_EXCL_UNLINK",
        0x10000000: "IN_MASK_CREATE",
        0x20000000: "IN_MASK_ADD",
        0x40000000: "IN_ISDIR",
        0x80000000: "IN_ONESHOT",
    }
)

# include/uapi/asm-generic/siginfo.h
SIGEV_THREAD_ID: Final = 4
NOTIFICATIONS: Final = MappingProxyType(
    {0: "SIGEV_SIGNAL", 1: "SIGEV_NONE", 2: "SIGEV_THREAD", SIGEV_THREAD_ID: "SIGEV_THREAD_ID"}
)
# include/uapi/linux/signal.h
STACK_FLAGS: Final = MappingProxyType(
    {1: "SS_ONSTACK", 2: "SS_DISABLE", 0x80000000: "SS_AUTODISARM"}
)
