"""The Python signal handler of an interruption: seen running, from where, how soon."""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.analysis.frames import Survival, same_frame
from eintr_trace.facts.pep475 import parse_version
from eintr_trace.model.python_state import (
    HandlerKind,
    Interpreter,
    PythonFrame,
    PythonHandler,
    PythonSnapshot,
)

_DATA_STACK_SINCE = (3, 11)


@dataclass(frozen=True)
class HandlerSeen:
    """The Python handler's frame was on the stack at ``time_ns``.

    ``at_the_call``: directly on top of the interrupted frame, which was still at the
    instruction of the interrupted call. The evaluation loop runs handlers between two
    instructions with the first of them still recorded, so that this alone does not show that
    C code inside the call ran it.
    """

    time_ns: int
    at_the_call: bool | None


@dataclass(frozen=True)
class HandlerBegan:
    """CPython was about to call the Python handler, for so many deliveries at once."""

    time_ns: int
    deliveries: int


@dataclass(frozen=True)
class HandlerOutstanding:
    """A handler that was watched for was not seen to begin before ``end`` ("the trace ended").

    ``due``: the mark says that it was still to be called then; ``False``: it had been, unseen.
    """

    time_ns: int
    end: str
    due: bool | None


def is_python_function(handler: PythonHandler | None) -> bool:
    """Tell whether CPython's table holds a Python callable for the signal."""
    return handler is not None and handler.kind is HandlerKind.FUNCTION


def is_default_int_handler(handler: PythonHandler | None) -> bool:
    """Tell whether it is ``signal.default_int_handler``, which raises KeyboardInterrupt.

    It is written in C (Modules/signalmodule.c signal_default_int_handler()): no code object,
    and no entry in the exception's traceback.
    """
    return (
        is_python_function(handler)
        and handler is not None
        and handler.code_address is None
        and handler.location is not None
        and handler.location.function == "default_int_handler"
    )


def find_running(
    handler: PythonHandler | None,
    before: PythonSnapshot | None,
    now: PythonSnapshot,
    survival: Survival | None,
) -> int | None:
    """Give the index in ``now.frames`` of the handler's frame, ``None`` if it is not there.

    Only a frame that the interruption did not find there counts: the signal may have come
    while its own handler was running. Of several the outermost, which was called first.
    """
    if handler is None or handler.code_address is None:
        return None
    candidates = now.frames if survival is None else survival.above
    old = () if before is None else before.frames
    for index in reversed(range(len(candidates))):
        frame = candidates[index]
        if frame.code_address == handler.code_address and not _is_among(frame, old):
            return index
    return None


def seen_at(time_ns: int, index: int, survival: Survival | None) -> HandlerSeen:
    """Describe the handler's frame at ``index`` of the stack that ``survival`` compared."""
    if survival is None:
        return HandlerSeen(time_ns, None)
    directly_above = index == len(survival.above) - 1
    return HandlerSeen(time_ns, directly_above and survival.at_the_call)


def _is_among(frame: PythonFrame, frames: tuple[PythonFrame, ...]) -> bool:
    return any(same_frame(frame, other) for other in frames)


def shows_last_call(interpreter: Interpreter, survival: Survival | None) -> bool:
    """Tell whether what is left of a handler's frame must be that of its last call.

    Up to 3.10 the code object keeps it. Later it lies above the innermost frame, where a
    frame that has come since would have left its own; so only while there is none.
    """
    if parse_version(interpreter.version) < _DATA_STACK_SINCE:
        return True
    return survival is not None and not survival.above
