"""The result of a system call as strace 6 writes it, after the equals sign."""

from __future__ import annotations

import errno
import os
from typing import Final

from eintr_trace.facts.restart_codes import RestartCode, restart_code

_MAX_ERRNO: Final = 4095  # include/linux/err.h

# strace 6.1, src/syscall.c, syscall_exiting_trace(): what it says of each restart code.
_HINTS: Final = {
    RestartCode.ERESTARTSYS: "To be restarted if SA_RESTART is set",
    RestartCode.ERESTARTNOINTR: "To be restarted",
    RestartCode.ERESTARTNOHAND: "To be restarted if no handler",
    RestartCode.ERESTART_RESTARTBLOCK: "Interrupted by signal",
}
# Numbers with two names, of which Python's errno.errorcode has the one that strace has not.
_ERRNO_NAMES: Final = {errno.EDEADLK: "EDEADLK", errno.EOPNOTSUPP: "EOPNOTSUPP"}

# Their results are addresses: mmap(2), brk(2), mremap(2), shmat(2).
_ADDRESSES: Final = frozenset({"brk", "mmap", "mremap", "shmat"})
# 0 is that the time is over: poll(2), select(2).
_TIMED_WAITS: Final = frozenset({"poll", "ppoll", "pselect6", "select"})
_RESULT_COLUMN: Final = 40  # strace -a, its default


def with_result(call: str, result: str) -> str:
    """Write a call and its result, which begins in the same column as strace's."""
    return f"{call} ".ljust(_RESULT_COLUMN) + f"= {result}"


def result_text(name: str, retval: int) -> str:
    """Write a result: ``4``, ``-1 ENOENT (No such file or directory)``, ``? ERESTARTSYS (…)``."""
    code = restart_code(retval)
    if code in _HINTS:
        return f"? {code.name} ({_HINTS[code]})"
    if name in _ADDRESSES and not -_MAX_ERRNO <= retval < 0:
        return hex(retval & (1 << 64) - 1) if retval else "NULL"
    if -_MAX_ERRNO <= retval < 0:
        number = -retval
        known = _ERRNO_NAMES.get(number) or errno.errorcode.get(number)
        return f"-1 {known} ({os.strerror(number)})" if known else f"-1 (errno {number})"
    if name in _TIMED_WAITS and retval == 0:
        return "0 (Timeout)"
    return str(retval)
