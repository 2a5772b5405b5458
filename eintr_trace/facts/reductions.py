"""What each kind of reduced evidence means, with the limit that was met."""

from __future__ import annotations

from typing import Final

from eintr_trace.model.events import Reduction

REDUCTION_TEXTS: Final[dict[Reduction, str]] = {
    Reduction.MEMORY_UNREAD: (
        "the memory of the process was not read, and so nothing of its Python side:"
        " eintr-trace had no file descriptor left (EMFILE; RLIMIT_NOFILE of getrlimit(2))"
    ),
}
