"""The C library's functions that make one system call and hand its result on, EINTR included.

glibc 2.36 and 2.41, sysdeps/unix/sysv/linux. Others call again themselves: the resolver
(resolv/res_send.c), sigwait(3) (sysdeps/unix/sysv/linux/sigwait.c).
"""

from __future__ import annotations

from typing import Final

# The system call -> the functions that are named otherwise.
_NAMED_OTHERWISE: Final = {
    "recvfrom": frozenset({"recv"}),
    "sendto": frozenset({"send"}),
    "accept": frozenset({"accept4"}),
    "pselect6": frozenset({"select", "pselect"}),
    "ppoll": frozenset({"poll"}),
    "epoll_pwait": frozenset({"epoll_wait"}),
    "clock_nanosleep": frozenset({"nanosleep", "usleep"}),
    "rt_sigsuspend": frozenset({"sigsuspend"}),
    "rt_sigtimedwait": frozenset({"sigtimedwait", "sigwaitinfo"}),
    "wait4": frozenset({"wait", "wait3", "waitpid"}),
    "openat": frozenset({"open", "open64", "openat64"}),
    "pread64": frozenset({"pread"}),
    "pwrite64": frozenset({"pwrite"}),
}
# Between the wrapper and the instruction, since 2.41: nptl/cancellation.c.
_CANCELLATION: Final = frozenset(
    {"syscall_cancel", "internal_syscall_cancel", "syscall_cancel_arch"}
)
_PREFIXES: Final = ("GI_", "libc_", "new_")


def hands_on(function: str, syscall: str) -> bool:
    """Tell whether the C library's ``function`` makes ``syscall`` once and returns its result."""
    name = function.lstrip("_")
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix).lstrip("_")
    known = {syscall} | _NAMED_OTHERWISE.get(syscall, frozenset()) | _CANCELLATION
    return name in known


def wrappers_of(syscall: str) -> frozenset[str]:
    """Give the functions that make ``syscall`` and are not called like it."""
    return _NAMED_OTHERWISE.get(syscall, frozenset())
