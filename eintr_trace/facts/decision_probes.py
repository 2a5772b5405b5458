"""Where to look for what CPython's C code decides about EINTR: two functions, in every version.

Found out by setting execute breakpoints on the whole family, in the thread interrupted, for 18
calls (recv with and without a timeout, accept, poll, select, epoll, sleep, os.read, file.read,
open, os.open, waitpid, lock and semaphore acquired, os.lockf, fcntl.lockf, ctypes) under the
CPythons of ``observed_on``: as pyenv builds them, as Debian does (stripped, link-time optimised).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_OBSERVED_ON: Final = (
    *("2.7.18", "3.6.15", "3.7.16", "3.8.18", "3.9.18", "3.10.13", "3.11.2", "3.11.7"),
    *("3.12.1", "3.13.0", "3.14.8", "3.15.0"),
)


@dataclass(frozen=True)
class DecisionProbe:
    """A function whose entry shows a decision: of ``names``, the first that a build has.

    ``why`` is what is known of it, from ``source``; ``observed_on`` are the versions it was run
    on.
    """

    names: tuple[str, ...]
    why: str
    source: str
    observed_on: tuple[str, ...]


RAISE_PROBE: Final = DecisionProbe(
    names=("PyErr_SetFromErrnoWithFilenameObjects", "PyErr_SetFromErrnoWithFilenameObject"),
    why="PyErr_SetFromErrno and the others of the family end in it: wherever EINTR was raised, it"
    " was entered. Where names are stripped it is the only one seen: the part of it that calls"
    " PyErr_CheckSignals may lie apart, without a name (Debian's 3.11)",
    source="Python/errors.c; the first name is of 3.4 and later",
    observed_on=_OBSERVED_ON,
)

CHECK_PROBE: Final = DecisionProbe(
    names=("PyErr_CheckSignals",),
    why="whoever calls again enters it first, and so does whoever raises: who called it tells."
    " No build had it inlined at any of these calls",
    source="Modules/signalmodule.c; PEP 475",
    observed_on=_OBSERVED_ON,
)

RETURN_PROBE: Final = "the evaluation loop"
"""The place in it that an interrupted call returns to, and what it returns: NULL for an exception
(Python/ceval.c; Python/C API reference, Exception Handling). Set only where code that is not
CPython's was called: of CPython's own, the two functions and the table tell more."""

DECISION_PROBES: Final = (RAISE_PROBE, CHECK_PROBE)
"""The one that is needed most comes first.

Not among them: Py_MakePendingCalls, which a lock enters between two waits under 3.6 to 3.11 and
from 3.14 on, not under 2.7, 3.12 and 3.13, where it is inlined or does not exist; the next wait,
made by the same C function, tells the same under all. Neither probe is hit where C code loops
by itself (2.7's locks) or hands -1 on (ctypes).
"""
