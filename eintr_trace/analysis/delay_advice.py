"""What to change where a Python signal handler began late."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.handler_delay import handler_run
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.advice import RemedyId
from eintr_trace.facts.pep475 import parse_version
from eintr_trace.model.episodes import DelayCause

_WORTH_IT_NS = 100_000_000
# PEP 475, pthread_sigmask() and locks that run handlers: in all versions that are read but 2.7.
_PYTHON_3 = (3,)


def delay_remedies(trail: Trail, finding: Finding) -> Iterator[RemedyId]:
    """Give the remedies for the cause of the delay, where that is known; the best first."""
    run, interpreter = handler_run(trail, finding), trail.interruption.interpreter
    if run is None or run.delay_ns is None or interpreter is None:
        return
    if run.delay_ns - (run.held_ns or 0) < _WORTH_IT_NS or run.delayed_by is None:
        return
    if parse_version(interpreter.version) >= _PYTHON_3:
        yield from _against(run.delayed_by, finding)
    elif _main_thread_call(trail) == "futex":
        yield RemedyId.LOCK_WITH_TIMEOUT
    yield RemedyId.THREAD_FOR_SIGNALS


def _against(cause: DelayCause, finding: Finding) -> Iterator[RemedyId]:
    match cause:
        case DelayCause.WORKER_THREAD:
            yield RemedyId.MAIN_THREAD_TAKES_IT
        case DelayCause.RESTARTED_CALL if finding.kernel.sa_restart:
            yield RemedyId.DO_NOT_RESTART
        case DelayCause.RESTARTED_CALL | DelayCause.C_CODE:
            # After ERESTARTNOINTR the kernel restarts a call whatever the handler's flags.
            pass


def _main_thread_call(trail: Trail) -> str | None:
    """Name the call that the main thread was in."""
    call, watch = trail.interruption.call, trail.interruption.handler_watch
    if not trail.interruption.is_main_thread:
        return None if watch is None else watch.main_blocked_in
    return None if call is None else call.syscall.name
