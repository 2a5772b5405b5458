"""What the calls after an interruption tell, where a log shows nothing else of the program."""

from __future__ import annotations

from signal import SIGALRM

from eintr_trace.analysis.logs.interrupt_key import may_raise_keyboard_interrupt
from eintr_trace.analysis.logs.likely_rows import met_call
from eintr_trace.analysis.logs.printed_arguments import printed_arguments
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.program_calls import SIGNS_OF_MOVING_ON
from eintr_trace.facts.syscalls import is_bookkeeping
from eintr_trace.model.events import Syscall

_TIMEOUT_OF = {"poll": 2, "epoll_wait": 3, "epoll_pwait": 3}  # position, in milliseconds
_ROUNDING_NS = 2_000_000  # a timeout in milliseconds is rounded up


def may_have_moved_on(trail: Trail) -> bool:
    """Tell whether what came between may be the program's, after the call had ended for it.

    A Python signal handler's own calls come between as well: it prints, it writes to a pipe.
    """
    log, call = trail.log, met_call(trail)
    if log is None or call is None:
        return False
    return any(_is_of_the_program(one, call) for one in log.between)


def has_used_the_descriptor(trail: Trail) -> bool:
    """Tell whether the interrupted call's descriptor was closed, or used otherwise, since."""
    log, call = trail.log, met_call(trail)
    if log is None or call is None:
        return False
    return any(_is_of_the_same_descriptor(one, call) for one in log.between)


def tried_the_descriptor(trail: Trail) -> bool:
    """Tell whether the descriptor that poll(2) waited for was read or written next.

    CPython's ssl does that after a signal, without an exception (Modules/_ssl.c); so may a
    program that has caught one.
    """
    log, call = trail.log, met_call(trail)
    if log is None or call is None or call.name not in {"poll", "ppoll"}:
        return False
    used = [one for one in log.between if _is_of_the_same_descriptor(one, call)]
    return bool(used) and used[0].name in {"read", "write"}


def _is_of_the_program(one: Syscall, interrupted: Syscall) -> bool:
    if one.name in SIGNS_OF_MOVING_ON:
        return True
    return _is_of_the_same_descriptor(one, interrupted)


def _is_of_the_same_descriptor(one: Syscall, other: Syscall) -> bool:
    mine, its = one.descriptor, other.descriptor
    return mine is not None and its is not None and mine.fd == its.fd


def has_gone_on(trail: Trail) -> bool:
    """Tell whether a call that an interpreter does not make on its own account was seen."""
    log = trail.log
    return log is not None and any(not is_bookkeeping(one.name) for one in log.between)


def printed_another_exception(trail: Trail) -> bool:
    """Tell whether an exception was printed that does not say EINTR: it may be the handler's."""
    log = trail.log
    return log is not None and log.printed_exception and not log.printed_eintr


def is_often_raising(trail: Trail) -> bool:
    """Tell whether handlers of the signal exist to raise: CPython's for SIGINT, SIGALRM's."""
    signal = trail.interruption.signal
    is_alarm = signal is not None and signal.signo == SIGALRM
    return is_alarm or may_raise_keyboard_interrupt(trail)


def began_waiting_anew(trail: Trail) -> bool:
    """Tell whether the call made again has its timeout in full: CPython passes on what is left.

    Known only where the timeout is printed, and the time that had passed by then.
    """
    call, again, log = met_call(trail), trail.reentered, trail.log
    position = None if call is None else _TIMEOUT_OF.get(call.name)
    if call is None or again is None or again.call is None or log is None or position is None:
        return False
    if call.name != again.call.name or log.call_began_ns is None:
        return False
    before, now = printed_arguments(call.text), printed_arguments(again.call.text)
    if len(before) <= position or before[position : position + 1] != now[position : position + 1]:
        return False
    if not before[position].isdigit():
        return False
    clock = trail.interruption.vantage.clock
    waited_ns = clock.span_ns(log.call_began_ns, trail.interruption.time_ns)
    return waited_ns is not None and waited_ns > _ROUNDING_NS
