"""Whether a call is the interrupted one made again."""

from __future__ import annotations

from eintr_trace.analysis.calls import RESTART_SYSCALL, same_call
from eintr_trace.analysis.interruption import Interruption
from eintr_trace.analysis.logs.printed_arguments import printed_arguments
from eintr_trace.analysis.sightings import Sighting
from eintr_trace.model.events import Syscall


def is_reentry(interruption: Interruption, sighting: Sighting) -> bool:
    """Tell whether the thread was entering the interrupted call again."""
    interrupted = interruption.call
    if interrupted is None or sighting.call is None:
        return False
    if sighting.call.name == RESTART_SYSCALL:
        return True
    met = interruption.resumed or interrupted.syscall
    survival = sighting.survival
    at_the_call = survival is not None and survival.at_the_call
    if at_the_call and survival is not None and survival.above:
        # Another handler, a finaliser: code on top of the interrupted frame.
        return False
    if same_call(met, sighting.call):
        return True
    if _handler_is_due(interruption, sighting):
        # CPython runs handlers before it carries on: this is C code below it (OpenSSL).
        return False
    if interruption.vantage.is_log:
        return _waits_on_in_another_way(interruption, met, sighting.call)
    return at_the_call and sighting.call.name in _other_ways_on(interruption, met)


def _handler_is_due(interruption: Interruption, sighting: Sighting) -> bool:
    """Tell whether the Python handler waits still, in the only thread that runs it."""
    handler = None if sighting.snapshot is None else sighting.snapshot.handler
    due = handler is not None and handler.tripped is True
    return due and interruption.is_main_thread


def _other_ways_on(interruption: Interruption, interrupted: Syscall) -> set[str]:
    """Name the other calls by which CPython carries on: connect(2) goes on with poll(2)."""
    decision = interruption.pep475
    rows = () if decision is None else decision.rows
    return {name for row in rows for name in row.resumes_with} - {interrupted.name}


def _waits_on_in_another_way(
    interruption: Interruption, interrupted: Syscall, call: Syscall
) -> bool:
    """Tell by what a log shows: poll(2) on the interrupted connect's socket alone."""
    descriptor, arguments = interrupted.descriptor, printed_arguments(call.text)
    if call.name not in _other_ways_on(interruption, interrupted) or descriptor is None:
        return False
    on_it = f"[{{fd={descriptor.fd}"
    return bool(arguments) and arguments[0].startswith((f"{on_it},", f"{on_it}<"))
