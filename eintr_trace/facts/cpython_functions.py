"""CPython's C functions by which it is seen what becomes of EINTR, in all its versions.

Sources: Python/errors.c, Modules/signalmodule.c and Python/ceval.c of CPython 2.7.18 and 3.6 to
3.15. A build exports the public ones; the others it may have inlined, or stripped the names of.
"""

from __future__ import annotations

from typing import Final

ERRNO_EXCEPTION_FUNCTIONS: Final = (
    "PyErr_SetFromErrno",
    "PyErr_SetFromErrnoWithFilename",
    "PyErr_SetFromErrnoWithFilenameObject",
    "PyErr_SetFromErrnoWithFilenameObjects",  # 3.4+; the others of 3.x end in it
)
"""They make an exception of errno (Python/errors.c)."""

SIGNAL_CHECK_FUNCTIONS: Final = (
    "PyErr_CheckSignals",
    "_PyErr_CheckSignals",  # 3.8+
    "_PyErr_CheckSignalsTstate",  # 3.9+
)
"""They run the Python handlers that are due, in the main thread (Modules/signalmodule.c)."""

EVALUATION_LOOP_FUNCTIONS: Final = (
    "PyEval_EvalFrameEx",  # 2.7; since 3.6 it only calls the other
    "_PyEval_EvalFrameDefault",  # 3.6+ (PEP 523)
)
"""The interpreter's loop (Python/ceval.c).

Built with tail calls (3.14+, ``--with-tail-call-interp``) the instructions are functions of
their own, of which this one is only the entry.
"""
