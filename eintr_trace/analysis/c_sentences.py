"""What C code made of EINTR, in words: CPython's, as far as its behaviour is known."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.answers import stayed_in_c
from eintr_trace.analysis.connecting import waits_for_no_connect
from eintr_trace.analysis.decision import Sampled, kept_library, sampled_decision
from eintr_trace.analysis.decision_sentences import made_again
from eintr_trace.analysis.draft import Draft
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.handler_end import is_waiting
from eintr_trace.analysis.interruption import Interruption
from eintr_trace.analysis.let_through import let_through
from eintr_trace.analysis.receiver import is_foreign, reception
from eintr_trace.analysis.replaced_handler import handler_was_replaced
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import called, place
from eintr_trace.facts.pep475 import Behaviour, Pep475Row, Version, parse_version
from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.episodes import Confidence, DecisionKind, KernelAction, Layer, Outcome
from eintr_trace.model.python_state import HandlerKind

_PYTHON_2 = 2
_PEP_475 = (3, 5)
_SEEN_RESUMED = (
    Topic.DECISION,
    Topic.C_STACK_AGAIN,
    Topic.REENTERED,
    Topic.HANDLER,
    Topic.HANDLER_RUN,
    Topic.HANDLER_END,
)
_BY_LIBRARY = (Topic.STACK, Topic.REENTERED, Topic.NOT_RETURNED, Topic.C_PATH)
_RESUMED = (Topic.STATE, Topic.PEP475, *_SEEN_RESUMED)


def c_sentences(trail: Trail, finding: Finding) -> Iterator[Draft]:
    """Say which C handler ran, and what the C code that got EINTR did."""
    yield from _foreign_handler(trail)
    match finding.outcome:
        case Outcome.RESUMED_BY_INTERPRETER:
            seen = finding.confidence is Confidence.OBSERVED
            yield _draft(_resumed(trail), *(_SEEN_RESUMED if seen else _RESUMED))
        case Outcome.RETRIED_BY_LIBRARY if not _was_said(trail):
            yield _draft(_by_library(trail), *_BY_LIBRARY)
        case Outcome.RESTARTED_BY_KERNEL:
            yield from _flag_only(trail)
        case Outcome.ABANDONED_BY_HANDLER if sampled_decision(trail) is None:
            yield from _abandoned(trail)
        case Outcome.RETURNED_EARLY if waits_for_no_connect(trail):
            yield _draft(_takes_for_under_way(trail), Topic.REENTERED, Topic.PEP475)
        case _ if finding.kernel.action is KernelAction.EINTR:
            yield from _by_table(trail)
    yield from let_through(trail, finding)


def _draft(text: str, *topics: Topic) -> Draft:
    return Draft(Layer.C, text, topics)


def _foreign_handler(trail: Trail) -> Iterator[Draft]:
    python = trail.interruption.python
    handler = None if python is None else python.handler
    if handler is None or not trail.interruption.has_c_handler:
        return
    name = trail.interruption.signal_name
    if handler.kind is HandlerKind.NOT_PYTHON:
        yield _draft(
            f"The handler of {name} was not installed from Python: it is C code's own.",
            Topic.DISPOSITION,
        )
    elif handler_was_replaced(trail):
        theirs = "" if handler.location is None else f" {place(handler.location)}"
        yield _draft(
            f"The handler of {name} that ran is C code's own: CPython's, which leads to the"
            f" Python handler{theirs}, has been replaced since (sigaction(2)).",
            Topic.DISPOSITION,
            Topic.C_HANDLER,
        )


def _resumed(trail: Trail) -> str:
    interruption = trail.interruption
    row, version = _row(interruption)
    call = interruption.call
    again = made_again(trail)
    if row is None or call is None or interruption.interpreter is None:
        return f"EINTR reached CPython's C code, which {again}."
    lead = f"EINTR reached CPython's {_c_code(trail, row, version)} which"
    sampled = sampled_decision(trail)
    came_back = sampled is None or sampled.kind is DecisionKind.NONE
    if row.behaviour(version) is Behaviour.LOOPS_IN_C and came_back:
        if trail.reentered is None:
            return f"{lead} {again}. It does not run Python signal handlers meanwhile."
        return f"{lead} {again} at once, without running Python signal handlers."
    return f"{lead}{_since(row)} {_ran_handler(trail)} and {again}."


def _c_code(trail: Trail, row: Pep475Row, version: Version) -> str:
    """Name the C function that got EINTR: as seen on the stack, else as the table knows it."""
    frame, got_it = trail.interruption.frame, reception(trail)
    calls = None if frame is None else frame.calls
    if got_it is not None and got_it.is_seen and got_it.receiver.role is CodeRole.CPYTHON:
        name = got_it.receiver.function
    else:
        function = row.c_function(version)
        name = None if function is None else function.name
    if name is None:
        return "C code," if calls is None else f"C code of {calls},"
    return f"{name}," if calls is None else f"{name}, the C code of {calls},"


def _takes_for_under_way(trail: Trail) -> str:
    interruption = trail.interruption
    row, version = _row(interruption)
    function = None if row is None else row.c_function(version)
    who = "C code" if function is None else function.name
    return (
        f"EINTR reached CPython's {who}, which takes the connect for one under way: it waits with"
        " poll until the socket is writable and asks for its error. But on AF_UNIX nothing is"
        " under way: the socket is writable at once and has no error, and connect comes back as"
        " if it had succeeded. So it is CPython itself that let the interruption through."
    )


def _was_said(trail: Trail) -> bool:
    """Tell whether a sample, or the C stacks, say who called again."""
    return sampled_decision(trail) is not None or kept_library(trail) is not None


def _by_library(trail: Trail) -> str:
    callee, got_it = trail.interruption.callee, reception(trail)
    so_it_is = f"{made_again(trail)}: single steps led to it, past no Python code."
    if stayed_in_c(trail):
        so_it_is = f"{made_again(trail)} without coming back to Python."
    elif is_waiting(trail, trail.reentered):
        so_it_is = (
            f"{made_again(trail)}: CPython, which calls a handler that is due before its next"
            " instruction, had not done so."
        )
    if got_it is not None and got_it.is_seen:
        return f"That code {so_it_is}"
    what = "C code that Python had called through ctypes"
    if callee is not None and callee.name is not None:
        what = f"{callee.name}, C code that is not CPython's"
    return f"EINTR reached {what}; that code {so_it_is}"


def _since(row: Pep475Row) -> str:
    """Say since when the function retries, if not since Python 2; PEP 475 came with 3.5."""
    since = row.retry_since
    if since is None or since[0] == _PYTHON_2:
        return ""
    by = "PEP 475, since" if since >= _PEP_475 else "since CPython"
    return f" ({by} {_text(since)})"


def _ran_handler(trail: Trail) -> str:
    handler = trail.interruption.python_handler
    if not trail.interruption.is_main_thread:
        return "left the Python handler to the main thread"
    if handler is None or handler.location is None or not _handler_ran_first(trail):
        return "gave Python's signal handlers their turn"
    return f"ran the handler {place(handler.location)} from inside the call"


def _handler_ran_first(trail: Trail) -> bool:
    """Tell whether the Python handler was seen to run before the call was made again."""
    run, again = trail.handler_run, trail.reentered
    if trail.handler_seen is not None or trail.handler_done_ns is not None:
        return True
    return run is not None and again is not None and run.time_ns < again.time_ns


def _flag_only(trail: Trail) -> Iterator[Draft]:
    if trail.restored is None or not trail.restored.tripped:
        return
    yield _draft(
        "CPython's C handler only set a flag: the Python handler runs once the call has returned.",
        Topic.C_HANDLER,
    )


def _abandoned(trail: Trail) -> Iterator[Draft]:
    call = trail.interruption.call
    if call is None:
        return
    name = called(trail.interruption.frame, call.syscall)
    yield _draft(
        f"EINTR reached the C code of {name}, which runs Python's signal handlers before it goes"
        " on; an exception from one of them ends the call in its place.",
        Topic.EXCEPTION,
        Topic.HANDLER_END,
        Topic.PEP475,
    )


def _by_table(trail: Trail) -> Iterator[Draft]:
    interruption, got_it = trail.interruption, reception(trail)
    row, version = _row(interruption)
    if row is None or interruption.call is None or interruption.interpreter is None:
        return
    if _agrees(row.behaviour(version), sampled_decision(trail)):
        return
    if not row.is_of_cpython:
        yield _draft(f"{row.eras_of(version)[-1].how}.", Topic.PEP475)
        return
    if got_it is not None and is_foreign(got_it) and got_it.is_seen:
        return
    name = called(interruption.frame, interruption.call.syscall)
    lead = f"CPython {interruption.interpreter.version}'s {name}"
    eras = row.eras_of(version)
    match row.behaviour(version):
        case Behaviour.RAISES:
            text = f"{lead} does not call again after EINTR ({eras[-1].how})."
        case Behaviour.RETURNS_EARLY:
            text = f"{lead} comes back early after EINTR ({eras[-1].how})."
        case _:
            return
    yield _draft(text, Topic.PEP475)


def _agrees(expected: Behaviour | None, sampled: Sampled | None) -> bool:
    """Tell whether a sample shows what the table would say."""
    if sampled is None:
        return False
    if sampled.kind is DecisionKind.RAISE:
        return expected is Behaviour.RAISES
    return sampled.kind is DecisionKind.NONE and expected is Behaviour.RETURNS_EARLY


def _row(interruption: Interruption) -> tuple[Pep475Row | None, Version]:
    """Give the table's row where it is unambiguous, and the interpreter's version."""
    interpreter, decision = interruption.interpreter, interruption.pep475
    if interpreter is None or decision is None:
        return None, ()
    only = decision.rows[0] if len(decision.rows) == 1 else None
    return only, parse_version(interpreter.version)


def _text(version: Version) -> str:
    return ".".join(str(part) for part in version)
