"""Where a call gives something through its arguments: strace prints these when it comes back."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

# name -> the position of the first such argument, as in section 2 of the manual pages. Only
# calls of which this tool writes what they gave.
FIRST_GIVEN_ARGUMENT: Final = MappingProxyType(
    {
        "getitimer": 1,
        "pipe": 0,
        "pipe2": 0,
        "pread64": 1,
        "read": 1,
        "readlink": 1,
        "readlinkat": 2,
        "recvfrom": 1,
        "rt_sigaction": 2,
        "rt_sigprocmask": 2,
        "setitimer": 2,
        "socketpair": 3,
    }
)
