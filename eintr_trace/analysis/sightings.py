"""What a trail keeps of the moments at which its thread was seen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from eintr_trace.analysis.exceptions import Chain
from eintr_trace.analysis.frames import Survival
from eintr_trace.model.c_stack import CStack
from eintr_trace.model.events import Syscall
from eintr_trace.model.python_state import PythonSnapshot


class Ending(Enum):
    """Why a trail was not followed further; the order says nothing."""

    FOLLOW_ENDED = auto()
    THREAD_EXITED = auto()
    PROCESS_EXITED = auto()
    EXECED = auto()
    TRACE_ENDED = auto()
    CROWDED_OUT = auto()


@dataclass(frozen=True)
class Restored:
    """What the signal frame held for the thread; ``tripped``: CPython's C handler had run.

    ``tripped_anew``: the thread has taken the signal once more since.
    """

    time_ns: int
    saved_retval: int | None
    saved_ip: int | None
    tripped: bool | None
    tripped_anew: bool = False


@dataclass(frozen=True)
class Sighting:
    """One later look at the thread, outside the handlers.

    ``call`` is the call it was entering, ``None`` for a look at a running thread. ``chain``:
    the exceptions that were not there at the interruption. ``c_stack`` is that of the call.
    """

    time_ns: int
    call: Syscall | None
    snapshot: PythonSnapshot | None
    survival: Survival | None
    chain: Chain
    c_stack: CStack | None = None
