"""How many file descriptors the tracer may have, and which of them are kept back.

Descriptors that stay open (the memory of each traced process) must leave enough for those that
a stop needs for a moment: a file of /proc, a duplicated socket. A new descriptor is always the
lowest free one (open(2)), so its number tells how many are left above it.
"""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

_KEPT_BACK = 16  # a stop needs at most three at a time; the rest is the report's and the lab's


@contextmanager
def raised() -> Iterator[None]:
    """Have as many descriptors as may be had: the soft limit at the hard one (getrlimit(2)).

    Neither is ever infinite (kernel/sys.c, do_prlimit(): at most fs.nr_open).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)  # prlimit(1) may have lowered it
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, hard), hard))


def require_spare(fd: int) -> None:
    """Close a new descriptor that is to stay open, unless it leaves enough for a stop's needs.

    Raises OSError (EMFILE) then, as if there had been none.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if fd >= soft - _KEPT_BACK:
        os.close(fd)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
