"""What the PEP 475 table says of a call that a log shows, without the Python code that made it.

The table has a row for each function of the standard library; several make the same call. Its
printed arguments rule some of them out, a C stack (``strace -k``) all but one.
"""

from __future__ import annotations

from collections.abc import Callable

from eintr_trace.analysis.logs.printed_arguments import printed_arguments
from eintr_trace.analysis.receiver import is_foreign, reception
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.pep475 import (
    Behaviour,
    Pep475Decision,
    Pep475Row,
    decide_among,
    parse_version,
    rows_of_c_function,
)
from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.events import Syscall

_EVENTFD_BYTES = "8"  # Modules/posixmodule.c os_eventfd_read_impl(): sizeof(eventfd_t)
_LENGTH = 2


def likely_decision(trail: Trail) -> Pep475Decision | None:
    """Say what CPython makes of EINTR here; ``None``: no CPython is known, or its code had no part.

    A decision without rows: the table has none for the call.
    """
    decision, interpreter = trail.interruption.pep475, trail.interruption.interpreter
    call = met_call(trail)
    if decision is None or interpreter is None or call is None:
        return None
    got_it = reception(trail)
    if got_it is not None and is_foreign(got_it):
        return None
    rows = tuple(row for row in decision.rows if _can_make(row, call))
    if got_it is not None and got_it.is_seen and got_it.receiver.role is CodeRole.CPYTHON:
        own = rows_of_c_function(got_it.receiver.function or "")
        rows = tuple(row for row in rows if row in own) or rows
    return decide_among(parse_version(interpreter.version), rows)


def decision_not_to_call_again(trail: Trail) -> Behaviour | None:
    """Say what CPython made of EINTR if it did not call again; ``None``: no CPython is known.

    Of poll(2), which few functions make, those that call again are out: the signal's handler is
    assumed not to raise.
    """
    decision, interpreter, call = (
        likely_decision(trail),
        trail.interruption.interpreter,
        met_call(trail),
    )
    if decision is None or interpreter is None or call is None:
        return None
    if call.name != "poll":
        return decision.behaviour
    version = parse_version(interpreter.version)
    left = [row for row in decision.rows if row.behaviour(version) is not Behaviour.RETRIES]
    return decide_among(version, left).behaviour


def waits_without_handlers(trail: Trail) -> bool:
    """Tell whether CPython 2's wait for a lock fits: it goes on and runs no handler meanwhile."""
    decision, interpreter = likely_decision(trail), trail.interruption.interpreter
    if decision is None or interpreter is None:
        return False
    version = parse_version(interpreter.version)
    return any(row.behaviour(version) is Behaviour.LOOPS_IN_C for row in decision.rows)


def met_call(trail: Trail) -> Syscall | None:
    """Give the call that was interrupted: what restart_syscall was carrying on with, if known."""
    interruption = trail.interruption
    return interruption.resumed or (
        None if interruption.call is None else interruption.call.syscall
    )


def _can_make(row: Pep475Row, call: Syscall) -> bool:
    """Tell whether the row's functions make a call with such arguments."""
    rule = _RULED_OUT.get(row.id)
    return rule is None or not rule(call, printed_arguments(call.text))


def _is_no_eventfd(_: Syscall, arguments: tuple[str, ...]) -> bool:
    """Tell whether the length is not that of an eventfd's counter."""
    return len(arguments) > _LENGTH and arguments[_LENGTH] != _EVENTFD_BYTES


def _has_sets(call: Syscall, arguments: tuple[str, ...]) -> bool:
    """Tell whether select() was given sets: time.sleep() gives none."""
    return call.name in {"select", "pselect6"} and arguments[1:4] != ("NULL",) * 3


def _has_no_sets(call: Syscall, arguments: tuple[str, ...]) -> bool:
    """Tell whether select() was given no sets: select.select() gives three, if empty."""
    return call.name in {"select", "pselect6"} and arguments[1:4] == ("NULL",) * 3


def _is_not_of_stdin(call: Syscall, arguments: tuple[str, ...]) -> bool:
    """Tell whether it does not wait for the terminal's descriptor, as readline does."""
    if call.name in {"select", "pselect6"}:
        return not "".join(arguments[1:2]).startswith(("[0]", "[0<"))
    return call.descriptor is not None and call.descriptor.fd != 0


def _is_from_the_start(_: Syscall, arguments: tuple[str, ...]) -> bool:
    """Tell whether the lock counts from the file's start: os.lockf() locks from where it is."""
    return any("l_whence=SEEK_SET" in argument for argument in arguments)


def _waits_to_read(call: Syscall, arguments: tuple[str, ...]) -> bool:
    """Tell whether poll() waits for something to read, and nothing else."""
    return call.name == "poll" and bool(arguments) and "POLLOUT" not in arguments[0]


def _waits_to_write(call: Syscall, arguments: tuple[str, ...]) -> bool:
    """Tell whether poll() waits until it can write, and for nothing else."""
    return call.name == "poll" and bool(arguments) and "POLLIN" not in arguments[0]


_SENDING = ("socket.send", "socket.sendto", "socket.sendmsg", "socket.sendall", "ssl.write")
_CONNECTING = ("socket.connect", "socket.connect_ex")
_RECEIVING = ("socket.recv", "socket.recvfrom", "socket.recvmsg", "socket.accept", "ssl.read")
_RULED_OUT: dict[str, Callable[[Syscall, tuple[str, ...]], bool]] = {
    "os.eventfd": _is_no_eventfd,
    "time.sleep": _has_sets,
    "select.select": _has_no_sets,
    "input": _is_not_of_stdin,
    "os.lockf": _is_from_the_start,
    **dict.fromkeys((*_SENDING, *_CONNECTING), _waits_to_read),
    **dict.fromkeys(_RECEIVING, _waits_to_write),
}
