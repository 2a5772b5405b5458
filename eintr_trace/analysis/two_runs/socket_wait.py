"""Whether CPython waits in poll because the socket has a timeout: settimeout()."""

from __future__ import annotations

from collections.abc import Iterable

from eintr_trace.facts.pep475 import Pep475Row, all_pep475_rows, public_name, rows_of_c_function
from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.episodes import Episode
from eintr_trace.model.python_state import CalleeKind

_WAIT = "poll"
_SOCKET = "socket."
_INT_SIGN_BIT = 1 << 31


def is_wait_of_the_same(polling: Episode, waiting: Episode) -> bool:
    """Tell whether ``polling`` is in the poll of a function which ``waiting`` is in, too.

    A method of a socket calls poll(2) with the time that is left: Modules/socketmodule.c,
    internal_select(). Which function it is shows the C stack, or the Python frame.
    """
    if _call(polling) != _WAIT or _call(waiting) == _WAIT or not _has_time_limit(polling):
        return False
    both = {row.id for row in _socket_rows(polling)} & {row.id for row in _socket_rows(waiting)}
    return bool(both)


def _call(episode: Episode) -> str | None:
    return None if episode.syscall is None else episode.syscall.syscall.name


def _has_time_limit(episode: Episode) -> bool:
    """poll(2): the third argument is an int, negative for no limit."""
    args = None if episode.syscall is None else episode.syscall.syscall.args
    limit = () if args is None else args[2:3]
    return any(not value & _INT_SIGN_BIT for value in limit)


def _socket_rows(episode: Episode) -> list[Pep475Row]:
    """Give what can have made the call, of the functions that wait in poll as well."""
    call = _call(episode)
    return [
        row
        for row in _functions(episode)
        if row.id.startswith(_SOCKET) and {call, _WAIT} <= {*row.syscalls}
    ]


def _functions(episode: Episode) -> Iterable[Pep475Row]:
    receiver = episode.received_by
    if receiver is not None and receiver.function is not None:
        return rows_of_c_function(receiver.function) if receiver.role is CodeRole.CPYTHON else ()
    stack = () if episode.python is None else episode.python.stack
    callee = stack[0].callee if stack else None
    if callee is None or callee.kind is not CalleeKind.C_FUNCTION or callee.name is None:
        return ()
    name = public_name(callee.name)
    return tuple(row for row in all_pep475_rows() if name in row.names)
