"""Calls that an interpreter does not make on its own account between a call and itself again.

Sources: CPython 2.7 and 3.6 to 3.13, whose retries after EINTR (Python/fileutils.c,
Modules/socketmodule.c sock_call_ex(), Modules/selectmodule.c, Modules/timemodule.c pysleep())
make none of them in between; the calls' man pages, section 2.
"""

from __future__ import annotations

from typing import Final

_TIMERS: Final = frozenset({"alarm", "setitimer", "timer_settime", "timer_delete", "rt_sigaction"})
_CONNECTIONS: Final = frozenset(
    {"socket", "connect", "accept", "accept4", "bind", "listen", "shutdown"}
)
_PROCESSES: Final = frozenset({"execve", "exit", "exit_group", "fork", "vfork", "clone", "clone3"})
_WAITS: Final = frozenset(
    {"poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "pause"}
    | {"nanosleep", "clock_nanosleep", "wait4", "waitid", "rt_sigtimedwait"}
)
SIGNS_OF_MOVING_ON: Final = _TIMERS | _CONNECTIONS | _PROCESSES | _WAITS
"""Who makes these has left the interrupted call, or is a handler that does unusual things."""
ENDS_OR_KILLS: Final = frozenset(
    {"execve", "execveat", "exit", "exit_group", "kill", "tkill", "tgkill"}
)
"""What ends a program; CPython from 3.8 on by SIGINT to itself (Modules/main.c exit_sigint())."""
