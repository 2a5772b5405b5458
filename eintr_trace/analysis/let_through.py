"""Which layer let an interruption through to the program where CPython has PEP 475 (3.5+)."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.calls import is_meant_to_end
from eintr_trace.analysis.connecting import waits_for_no_connect
from eintr_trace.analysis.decision import Sampled, sampled_decision
from eintr_trace.analysis.draft import Draft
from eintr_trace.analysis.exceptions import Chain, holds_eintr
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.receiver import is_foreign, reception
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import place
from eintr_trace.facts.pep475 import Behaviour, Pep475Decision, parse_version
from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.episodes import DecisionKind, KernelAction, Layer, Outcome
from eintr_trace.model.python_state import PythonFrame, TracebackEntry

_PEP_475 = (3, 5)
_LETS_THROUGH = frozenset({Behaviour.RAISES, Behaviour.RETURNS_EARLY})


def let_through(trail: Trail, finding: Finding) -> Iterator[Draft]:
    """Say in one sentence who let it through, where the evidence tells."""
    interpreter, call = trail.interruption.interpreter, trail.interruption.call
    if interpreter is None or parse_version(interpreter.version) < _PEP_475 or call is None:
        return
    if finding.kernel.action is not KernelAction.EINTR or is_meant_to_end(call.syscall):
        return
    match finding.outcome:
        case Outcome.ABANDONED_BY_HANDLER:
            yield from _by_handler(trail, finding)
        case Outcome.RAISED:
            yield from _by_python(trail, finding) or _by_c(trail, finding)
        case Outcome.RETURNED_EARLY:
            yield from _by_c(trail, finding)
        case _:
            return


def _draft(text: str, *topics: Topic) -> list[Draft]:
    return [Draft(Layer.C, text, topics)]


def _by_handler(trail: Trail, finding: Finding) -> list[Draft]:
    decision = trail.interruption.pep475
    if decision is None or decision.calls_again is not True:
        return []
    shown_by = Topic.EXCEPTION if finding.chain else Topic.DEFAULT_INT_HANDLER
    text = (
        "What let the interruption through is the Python signal handler, by raising: this CPython"
        " makes the call again after a handler that returns."
    )
    return _draft(text, Topic.PEP475, shown_by)


def _by_python(trail: Trail, finding: Finding) -> list[Draft]:
    """An exception that holds EINTR and did not come out of the interrupted call."""
    frame = trail.interruption.frame
    raised = _raised_at(finding.chain)
    if frame is None or raised is None or _is_at(raised, frame):
        return []
    text = (
        f"What raised EINTR is Python code, {place(raised.location)}, after the interrupted call"
        f" in {place(frame.location)} had come back{_without_retry(trail)}."
    )
    return _draft(text, Topic.EXCEPTION, Topic.STACK)


def _by_c(trail: Trail, finding: Finding) -> list[Draft]:
    decision, frame = trail.interruption.pep475, trail.interruption.frame
    if decision is None or waits_for_no_connect(trail):
        return []
    got_it = reception(trail)
    if got_it is not None and is_foreign(got_it) and got_it.is_seen:
        code = "that code, not CPython's,"
        if got_it.receiver.role is CodeRole.CTYPES:
            code = "ctypes, which leaves errno to the program,"
        return _draft(f"So it is {code} that let the interruption through.", Topic.C_STACK)
    sampled = sampled_decision(trail)
    if sampled is not None and sampled.kind is DecisionKind.RAISE:
        return _by_sample(sampled)
    if decision.behaviour in _LETS_THROUGH:
        text = "So it is CPython's own C code that let the interruption through to the program."
        return _draft(text, Topic.PEP475)
    name = None if frame is None else frame.calls
    if not decision.rows:
        by = "" if name is None else f" called by the name of {name}"
        text = (
            f"No function of CPython's that waits in {_call_name(trail)} fits: C code{by} that is"
            " not CPython's let the interruption through."
        )
        return _draft(text, Topic.DELIVERY, Topic.STACK)
    if name is not None and holds_eintr(finding.chain):
        return _by_its_exception(trail, decision, name)
    return []


def _by_sample(sampled: Sampled) -> list[Draft]:
    if sampled.role is not CodeRole.CPYTHON:
        return []
    text = "So it is CPython's own C code that let the interruption through to the program."
    return _draft(text, Topic.DECISION)


def _by_its_exception(trail: Trail, decision: Pep475Decision, name: str) -> list[Draft]:
    """Tell apart the functions of one name by the exception that came out of the call."""
    interpreter = trail.interruption.interpreter
    version = parse_version("" if interpreter is None else interpreter.version)
    raising = [row for row in decision.rows if row.behaviour(version) is Behaviour.RAISES]
    if raising:
        names = " or ".join(one for row in raising for one in row.names if one.endswith(name))
        text = (
            f"Of CPython's functions called {name} only {names} does not call again after EINTR"
            f" ({raising[0].eras_of(version)[-1].how}): so it is CPython's own C code that let the"
            " interruption through to the program."
        )
        return _draft(text, Topic.PEP475, Topic.EXCEPTION)
    if decision.calls_again is not True:
        return []
    text = (
        f"CPython's own {name} makes the call again; so it is C code of that name that is not"
        " CPython's, an extension or the C library by way of ctypes, that let the interruption"
        " through."
    )
    return _draft(text, Topic.PEP475, Topic.EXCEPTION)


def _raised_at(chain: Chain) -> TracebackEntry | None:
    """Give where the first exception with EINTR was raised."""
    for exception in chain:
        if holds_eintr((exception,)):
            return exception.traceback[-1] if exception.traceback else None
    return None


def _is_at(entry: TracebackEntry, frame: PythonFrame) -> bool:
    """Tell whether an exception may have come out of the call that ``frame`` was making.

    By the line: since 3.11 a traceback has a frame object where the stack has the frame itself,
    and may name an inline cache entry of the instruction (tb_lasti), so that neither addresses
    nor offsets compare.
    """
    return entry.location == frame.location


def _without_retry(trail: Trail) -> str:
    decision = trail.interruption.pep475
    if decision is None or decision.calls_again is not True:
        return ""
    return " without being made again, as CPython's own function of that name would have made it"


def _call_name(trail: Trail) -> str:
    call = trail.interruption.call
    return "this call" if call is None else call.syscall.name
