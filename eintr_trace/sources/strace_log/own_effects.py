"""What strace itself does to the program without a line of its log: it attaches, and detaches.

To attach (-p) and to detach it stops each thread, and the stop ends the call in which the thread
waits. Most such calls the kernel makes again; some it gives up with EINTR. The log begins behind
that, or has ended before it: seen with strace 6.1 -p of CPython 2.7 in epoll_wait(2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from eintr_trace.facts.syscalls import can_return_raw_eintr

_MOST_NAMED = 5


def attaching() -> str:
    """Say what attaching may have done, where a log does not begin with the program."""
    return (
        "the log does not begin with the program's execve: if strace was attached to it (-p), that"
        " ended waits which the kernel does not make again (epoll_wait, semop, sigtimedwait,"
        " sockets with SO_RCVTIMEO or SO_SNDTIMEO) with EINTR. It is strace's doing, and the log"
        " has no line of it"
    )


def detaching(calls: Iterable[str]) -> Iterator[str]:
    """Say what detaching from threads in these calls may have done, if anything."""
    names = sorted({name for name in calls if can_return_raw_eintr(name)})
    if names:
        shown = ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
        yield (
            f"strace detached while {shown} waited: to detach it stops the thread, which may have"
            " ended the call with EINTR. It is strace's doing, and the log has no line of it"
        )
