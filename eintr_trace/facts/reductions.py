"""What each kind of reduced evidence means, with the limit that was met."""

from __future__ import annotations

from typing import Final

from eintr_trace.model.events import Reduction

REDUCTION_TEXTS: Final[dict[Reduction, str]] = {
    Reduction.MEMORY_UNREAD: (
        "the memory of the process was not read, and so nothing of its Python side:"
        " eintr-trace had no file descriptor left (EMFILE; RLIMIT_NOFILE of getrlimit(2))"
    ),
    Reduction.WATCHPOINT_REFUSED: (
        "when the Python handler began was not watched: perf_event_open(2) is not allowed here"
        " (kernel.perf_event_paranoid, a container's seccomp filter), or offers no watchpoints"
    ),
    Reduction.WATCHPOINTS_TAKEN: (
        "when the Python handler began was not watched: the main thread had no watchpoint left"
        " (ENOSPC; a processor has four, of which eintr-trace takes two)"
    ),
    Reduction.WATCHPOINT_UNOPENED: (
        "when the Python handler began was not watched: eintr-trace had no file descriptor or"
        " no locked memory left (EMFILE, ENOMEM; RLIMIT_NOFILE and RLIMIT_MEMLOCK of getrlimit(2))"
    ),
    Reduction.WATCHPOINT_SPARED: (
        "when the Python handler began was not watched: signals came so fast, or the machine was"
        " so busy, that its hits would have held the program back"
    ),
    Reduction.MAIN_THREAD_UNKNOWN: (
        "when the Python handler began was not watched: which thread is CPython's main thread"
        " could not be read"
    ),
    Reduction.DECISION_REFUSED: (
        "who decided about EINTR was not watched: perf_event_open(2) is not allowed here"
        " (kernel.perf_event_paranoid, a container's seccomp filter), or offers no breakpoints"
    ),
    Reduction.DECISION_SLOTS_TAKEN: (
        "who decided about EINTR was not watched: the thread had no hardware breakpoint left"
        " (ENOSPC; a processor has four, of which eintr-trace takes three)"
    ),
    Reduction.DECISION_UNOPENED: (
        "who decided about EINTR was not watched: eintr-trace had no file descriptor or no locked"
        " memory left (EMFILE, ENOMEM; RLIMIT_NOFILE and RLIMIT_MEMLOCK of getrlimit(2))"
    ),
    Reduction.DECISION_SPARED: (
        "who decided about EINTR was not watched: signals came so fast, or the machine was so"
        " busy, that its hits would have held the program back"
    ),
    Reduction.DECISION_THREADS_BUSY: (
        "who decided about EINTR was not watched: eintr-trace watches eight threads at a time, and"
        " so many others were deciding"
    ),
    Reduction.DECISION_UNNAMED: (
        "who decided about EINTR was not watched: the interpreter's file does not name"
        " PyErr_CheckSignals, nor what makes exceptions of errno"
    ),
    Reduction.DECISION_LEFT_OUT: (
        "C stacks that were copied are missing: what reads the report was so slow that only"
        " smaller events had room"
    ),
}
