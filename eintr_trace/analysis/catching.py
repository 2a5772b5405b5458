"""Who caught an exception: the innermost frame of the interruption that is still there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from eintr_trace.analysis.exceptions import Chain
from eintr_trace.analysis.frames import Stack, Survival
from eintr_trace.model.python_state import (
    CodeLocation,
    ExceptionOrigin,
    PythonFrame,
    PythonSnapshot,
)

# Lib/threading.py: `__bootstrap_inner` in 2.7, `_bootstrap_inner` in 3.x.
_THREAD_BOOTSTRAP = "_bootstrap_inner"


@dataclass(frozen=True)
class Catching:
    """``caught`` is ``None`` while the exception is on its way or nothing tells.

    ``traceback_agrees``: the exception's traceback begins in the frame that caught it.
    ``by_thread_bootstrap``: what caught it is the outermost frame of a ``threading.Thread``,
    which prints the exception and ends the thread: no code of the program's.
    """

    caught: bool | None
    caught_at: CodeLocation | None = None
    frame_address: int | None = None
    traceback_agrees: bool = False
    by_thread_bootstrap: bool = False


NOT_KNOWN = Catching(None)
NOBODY = Catching(False)


def who_caught(chain: Chain, now: PythonSnapshot, survival: Survival | None) -> Catching:
    """Say who caught the last exception of ``chain``, as seen at ``now``."""
    if not chain:
        return NOT_KNOWN
    last = now.exceptions[-1]
    if last.origin is ExceptionOrigin.LAST or _no_frame_left(now):
        return NOBODY
    if last.origin is ExceptionOrigin.PENDING or survival is None or not survival.survivors:
        return NOT_KNOWN
    return _caught_by(survival.survivors, chain)


def _no_frame_left(now: PythonSnapshot) -> bool:
    return now.attached and now.problem is None and not now.frames


def _caught_by(survivors: Stack, chain: Chain) -> Catching:
    """Take the frame where the traceback begins, else the innermost survivor.

    The first entry of a traceback is the last frame that the exception reached, so the one that
    caught it. It is asked first because a loop that calls again at the same instruction makes
    frames that are gone look as if they had survived.
    """
    traceback = chain[-1].traceback
    for frame in survivors:
        if traceback and traceback[0].frame_address == frame.address:
            return _catching(frame, traceback[0].except_line, traceback_agrees=True)
    return _catching(survivors[0], None, traceback_agrees=False)


def _catching(frame: PythonFrame, line: int | None, *, traceback_agrees: bool) -> Catching:
    location = frame.location if line is None else replace(frame.location, line=line)
    return Catching(
        caught=True,
        caught_at=location,
        frame_address=frame.address,
        traceback_agrees=traceback_agrees,
        by_thread_bootstrap=_is_thread_bootstrap(location),
    )


def _is_thread_bootstrap(location: CodeLocation) -> bool:
    file_name = location.file.rpartition("/")[2]
    return file_name == "threading.py" and location.function.endswith(_THREAD_BOOTSTRAP)
