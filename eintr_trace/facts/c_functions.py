"""CPython's C functions by what they show of EINTR: who asked, who raised, the loop.

Named as in the sources of CPython 2.7.18 to 3.15; the symbols of those versions were looked at.
They are recognised on C stacks; of some the address is looked up in a process as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final


class CFunctionRole(StrEnum):
    """What a C function of CPython is for, as far as EINTR is concerned."""

    SIGNAL_CHECK = "signal-check"  # runs the Python signal handlers that are due
    ERRNO_EXCEPTION = "errno-exception"  # makes an exception of errno
    EVALUATION_LOOP = "evaluation-loop"  # runs bytecode
    C_HANDLER = "c-handler"  # of signals: it only marks them
    TRAPS_EINTR = "traps-eintr"  # clears an exception that holds EINTR, and calls again
    ASKS_ONCE = "asks-once"  # runs the handlers that are due, and returns
    INCIDENTAL = "incidental"  # runs them on its way; anything may call it
    CALL_PROTOCOL = "call-protocol"  # hands a call of the loop to a C function
    GIVES_NO_OBJECT = "gives-no-object"  # the loop calls it; it returns something else, or nothing


@dataclass(frozen=True)
class CFunctionRow:
    """One function; a ``name`` that ends in ``*`` is the beginning of several.

    ``versions`` of CPython have it, in ``file``. ``is_landmark``: its address, too, is asked for;
    a build exports the public ones, the others it may have inlined, or stripped the names of.
    """

    name: str
    role: CFunctionRole
    versions: str
    file: str
    is_landmark: bool = False


_CHECK: Final = CFunctionRole.SIGNAL_CHECK
_ERRNO: Final = CFunctionRole.ERRNO_EXCEPTION
_LOOP: Final = CFunctionRole.EVALUATION_LOOP
_CALL: Final = CFunctionRole.CALL_PROTOCOL
_NO_OBJECT: Final = CFunctionRole.GIVES_NO_OBJECT

C_FUNCTIONS: Final = (
    CFunctionRow("PyErr_CheckSignals", _CHECK, "all", "Modules/signalmodule.c", is_landmark=True),
    CFunctionRow(
        "_PyErr_CheckSignals", _CHECK, "3.8 on", "Modules/signalmodule.c", is_landmark=True
    ),
    CFunctionRow(
        "_PyErr_CheckSignalsTstate", _CHECK, "3.9 on", "Modules/signalmodule.c", is_landmark=True
    ),
    CFunctionRow("checksignals_witharg", _CHECK, "2.7 to 3.6", "Modules/signalmodule.c"),
    # Python/ceval.c up to 3.11. A lock calls the first, the evaluation loop all of them.
    CFunctionRow("Py_MakePendingCalls", _CHECK, "all", "Python/ceval_gil.c"),
    CFunctionRow("make_pending_calls", _CHECK, "3.7 on", "Python/ceval_gil.c"),
    CFunctionRow("_PyEval_MakePendingCalls", _CHECK, "3.12 on", "Python/ceval_gil.c"),
    CFunctionRow("handle_signals", _CHECK, "3.8 on", "Python/ceval_gil.c"),
    CFunctionRow("eval_frame_handle_pending", _CHECK, "3.9 to 3.11", "Python/ceval.c"),
    CFunctionRow("_Py_HandlePending", _CHECK, "3.12 on", "Python/ceval_gil.c"),
    CFunctionRow("PyErr_SetFromErrno", _ERRNO, "all", "Python/errors.c", is_landmark=True),
    CFunctionRow(
        "PyErr_SetFromErrnoWithFilename", _ERRNO, "all", "Python/errors.c", is_landmark=True
    ),
    CFunctionRow(
        "PyErr_SetFromErrnoWithFilenameObject", _ERRNO, "all", "Python/errors.c", is_landmark=True
    ),
    # The others end in it.
    CFunctionRow(
        "PyErr_SetFromErrnoWithFilenameObjects",
        _ERRNO,
        "3.4 on",
        "Python/errors.c",
        is_landmark=True,
    ),
    # Since 3.6 it only calls the other (PEP 523).
    CFunctionRow("PyEval_EvalFrameEx", _LOOP, "all", "Python/ceval.c", is_landmark=True),
    CFunctionRow("_PyEval_EvalFrameDefault", _LOOP, "3.6 on", "Python/ceval.c", is_landmark=True),
    # The instructions, where the interpreter is built with tail calls (--with-tail-call-interp).
    CFunctionRow("_TAIL_CALL_*", _LOOP, "3.14 on", "Python/generated_cases.c.h"),
    CFunctionRow("signal_handler", CFunctionRole.C_HANDLER, "all", "Modules/signalmodule.c"),
    CFunctionRow("trip_signal", CFunctionRole.C_HANDLER, "all", "Modules/signalmodule.c"),
    # They call _PyIO_trap_eintr() on what a raw file's method raised.
    CFunctionRow(
        "_bufferedreader_raw_read", CFunctionRole.TRAPS_EINTR, "all", "Modules/_io/bufferedio.c"
    ),
    CFunctionRow(
        "_bufferedwriter_raw_write", CFunctionRole.TRAPS_EINTR, "all", "Modules/_io/bufferedio.c"
    ),
    CFunctionRow("signal_pause", CFunctionRole.ASKS_ONCE, "all", "Modules/signalmodule.c"),
    CFunctionRow("PyObject_Repr", CFunctionRole.INCIDENTAL, "all", "Objects/object.c"),
    CFunctionRow("PyObject_Str", CFunctionRole.INCIDENTAL, "all", "Objects/object.c"),
    CFunctionRow("call_function", _CALL, "2.7 to 3.10", "Python/ceval.c"),
    CFunctionRow("ext_do_call", _CALL, "2.7", "Python/ceval.c"),
    CFunctionRow("do_call*", _CALL, "2.7 to 3.11", "Python/ceval.c"),
    CFunctionRow("cfunction_*", _CALL, "3.8 on", "Objects/methodobject.c"),
    CFunctionRow("PyCFunction_*", _CALL, "all", "Objects/methodobject.c"),
    CFunctionRow("_PyCFunction_*", _CALL, "3.6 to 3.7", "Objects/methodobject.c"),
    CFunctionRow("_PyMethodDef_*", _CALL, "3.7 to 3.8", "Objects/call.c"),
    CFunctionRow("_PyMethodDescr_*", _CALL, "3.7", "Objects/descrobject.c"),
    CFunctionRow("method_vectorcall*", _CALL, "3.8 on", "Objects/descrobject.c"),
    CFunctionRow("PyObject_Call*", _CALL, "all", "Objects/call.c"),
    CFunctionRow("PyObject_Vectorcall*", _CALL, "3.9 on", "Objects/call.c"),
    CFunctionRow("_PyObject_*", _CALL, "all", "Objects/call.c"),
    CFunctionRow("_PyVectorcall_*", _CALL, "3.9 on", "Objects/call.c"),
    CFunctionRow("PyVectorcall_*", _CALL, "3.8 on", "Objects/call.c"),
    # What is no longer needed goes while the frame is at the call: arguments, a callee's variables.
    CFunctionRow("_Py_Dealloc", _NO_OBJECT, "3.9 on", "Objects/object.c", is_landmark=True),
    CFunctionRow("_PyFrame_Clear*", _NO_OBJECT, "3.11 on", "Python/frame.c"),
    CFunctionRow("_PyEvalFrameClearAndPop", _NO_OBJECT, "3.11 to 3.12", "Python/ceval.c"),
    CFunctionRow("_PyEval_FrameClearAndPop", _NO_OBJECT, "3.13 on", "Python/ceval.c"),
    CFunctionRow("clear_thread_frame", _NO_OBJECT, "3.12 on", "Python/ceval.c"),
    CFunctionRow("clear_gen_frame", _NO_OBJECT, "3.12 on", "Python/ceval.c"),
    # Instructions that call by themselves, and what they do with arguments before.
    CFunctionRow("PyObject_Size", _NO_OBJECT, "all", "Objects/abstract.c"),
    CFunctionRow("PyObject_IsInstance", _NO_OBJECT, "all", "Objects/abstract.c"),
    CFunctionRow("PyDict_Update", _NO_OBJECT, "all", "Objects/dictobject.c"),
    CFunctionRow("_PyForIter_VirtualIteratorNext", _NO_OBJECT, "3.15 on", "Python/ceval.c"),
    CFunctionRow("call_trace*", _NO_OBJECT, "2.7 to 3.11", "Python/ceval.c"),
    CFunctionRow("_Py_call_instrumentation*", _NO_OBJECT, "3.12 on", "Python/instrumentation.c"),
)


def _landmarks(role: CFunctionRole) -> tuple[str, ...]:
    return tuple(row.name for row in C_FUNCTIONS if row.is_landmark and row.role is role)


ERRNO_EXCEPTION_FUNCTIONS: Final = _landmarks(CFunctionRole.ERRNO_EXCEPTION)
SIGNAL_CHECK_FUNCTIONS: Final = _landmarks(CFunctionRole.SIGNAL_CHECK)
EVALUATION_LOOP_FUNCTIONS: Final = _landmarks(CFunctionRole.EVALUATION_LOOP)
DEALLOC_FUNCTIONS: Final = _landmarks(CFunctionRole.GIVES_NO_OBJECT)


def plain_name(function: str) -> str:
    """Give a function's name without what GCC adds to parts and clones (``.part.0``, ``.cold``)."""
    return function.partition(".")[0]


@cache
def role_of(function: str) -> CFunctionRole | None:
    """Give the role of a C function by its symbol; ``None``: it has none of these."""
    name = plain_name(function)
    for row in C_FUNCTIONS:
        beginning = row.name.removesuffix("*")
        if name == beginning or (beginning != row.name and name.startswith(beginning)):
            return row.role
    return None
