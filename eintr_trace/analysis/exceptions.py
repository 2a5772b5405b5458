"""Exceptions that an interruption brought about, told from those that were there before."""

from __future__ import annotations

import errno

from eintr_trace.analysis.frames import Survival
from eintr_trace.analysis.handler import is_default_int_handler
from eintr_trace.model.episodes import RaisedException
from eintr_trace.model.python_state import (
    CodeLocation,
    ExceptionOrigin,
    PythonException,
    PythonHandler,
    PythonSnapshot,
    TracebackEntry,
)

Chain = tuple[PythonException, ...]


def new_chain(
    before: PythonSnapshot | None, now: PythonSnapshot, survival: Survival | None
) -> Chain:
    """Give the exceptions of ``now`` that were not there before, first raised to last.

    An old exception stays visible for long: 2.7 keeps ``sys.exc_info()`` until the function
    that caught it returns. Exceptions that only live in code called *after* the catch (their
    traceback begins in a frame that did not exist at the interruption) are no part of what
    the first ones became and are left out.
    """
    known = set() if before is None else {exception.address for exception in before.exceptions}
    if not now.exceptions or now.exceptions[-1].address in known:
        return ()
    chain = [exception for exception in now.exceptions if exception.address not in known]
    younger = set() if survival is None else {frame.address for frame in survival.above}
    while chain and chain[-1].traceback and chain[-1].traceback[0].frame_address in younger:
        chain.pop()
    return tuple(chain)


def holds_eintr(chain: Chain) -> bool:
    """Tell whether one of the exceptions carries errno 4 (EINTR)."""
    return any(exception.errno == errno.EINTR for exception in chain)


def raised_by_handler(chain: Chain, handler: PythonHandler | None) -> bool:
    """Tell whether one of the exceptions came out of the Python signal handler.

    Its traceback passes through the handler's code; or it is the KeyboardInterrupt of
    ``signal.default_int_handler``, which leaves no entry there.
    """
    if handler is None or handler.location is None:
        return False
    if is_default_int_handler(handler):
        return any(exception.type_name == KeyboardInterrupt.__name__ for exception in chain)
    return any(_is_of(entry, handler) for exception in chain for entry in exception.traceback)


def comes_of_it(chain: Chain, earlier: Chain, handler: PythonHandler | None) -> bool:
    """Tell whether exceptions go on from ``earlier`` ones, or else come of the signal."""
    if earlier:
        seen = {exception.address for exception in earlier}
        return any(exception.address in seen for exception in chain)
    return holds_eintr(chain) or raised_by_handler(chain, handler)


def describe(chain: Chain, interrupted_at: CodeLocation | None) -> tuple[RaisedException, ...]:
    """Put a chain into the words of a report.

    2.7 keeps a traceback only for the last exception: an EINTR without one was raised by the
    interrupted call, so ``interrupted_at`` is its place.
    """
    return tuple(
        RaisedException(
            type_name=exception.type_name,
            errno=exception.errno,
            message=exception.message,
            raised_at=_raised_at(exception, interrupted_at),
            found_in=_found_in(exception, chain[index + 1] if index + 1 < len(chain) else None),
        )
        for index, exception in enumerate(chain)
    )


def _is_of(entry: TracebackEntry, handler: PythonHandler) -> bool:
    """Tell whether an entry is of the handler's code; by its names in recordings without more."""
    if entry.code_address is not None and handler.code_address is not None:
        return entry.code_address == handler.code_address
    where = handler.location
    return where is not None and (entry.location.function, entry.location.file) == (
        where.function,
        where.file,
    )


def _raised_at(
    exception: PythonException, interrupted_at: CodeLocation | None
) -> CodeLocation | None:
    if exception.traceback:
        return exception.traceback[-1].location
    return interrupted_at if exception.errno == errno.EINTR else None


def _found_in(exception: PythonException, became: PythonException | None) -> str:
    holder = "the next exception" if became is None else became.type_name
    match exception.origin:
        case ExceptionOrigin.PENDING:
            return "the pending exception"
        case ExceptionOrigin.HANDLED:
            return "the exception being handled (sys.exc_info)"
        case ExceptionOrigin.LAST:
            return "sys.last_value"
        case ExceptionOrigin.ARGUMENT:
            return f"the args of {holder}"
        case ExceptionOrigin.ATTRIBUTE:
            return f"the attribute {exception.attribute} of {holder}"
        case ExceptionOrigin.CAUSE | ExceptionOrigin.CONTEXT:
            return f"{exception.origin.value} of {holder}"
