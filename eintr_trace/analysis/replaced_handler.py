"""A C handler that C code installed behind CPython's back, with sigaction(2)."""

from __future__ import annotations

from eintr_trace.analysis.trail import Trail


def handler_was_replaced(trail: Trail) -> bool:
    """Tell whether the handler that ran is not CPython's, although its table has one.

    CPython's C handler marks the signal (Modules/signalmodule.c trip_signal()), and only the
    main thread takes the mark away, to call the Python handler. So where the main thread itself
    took the signal and returns from the C handler without that mark, another handler ran.
    """
    interruption, restored = trail.interruption, trail.restored
    return (
        interruption.python_handler is not None
        and interruption.is_main_thread is True
        and restored is not None
        and restored.tripped is False
    )
