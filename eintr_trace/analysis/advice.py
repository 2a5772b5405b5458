"""What to change, for outcomes that hurt: the remedies of the facts that apply."""

from __future__ import annotations

import re
from collections.abc import Iterator

from eintr_trace.analysis.calls import is_meant_to_end
from eintr_trace.analysis.connecting import waits_for_no_connect
from eintr_trace.analysis.cost_advice import cost_remedies
from eintr_trace.analysis.delay_advice import delay_remedies
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.handler import is_default_int_handler
from eintr_trace.analysis.handler_end import handler_raised
from eintr_trace.analysis.logs.interrupt_key import may_raise_keyboard_interrupt
from eintr_trace.analysis.logs.likely_rows import likely_decision
from eintr_trace.analysis.lost_frames import goes_through_thrift, is_out_of_step
from eintr_trace.analysis.receiver import dotted, is_foreign, reception
from eintr_trace.analysis.receiver_advice import foreign_advice
from eintr_trace.analysis.tracer_induced import tracer_induced
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import called
from eintr_trace.facts.advice import RemedyId, remedy, retry_loop_remedy, sa_restart_remedy
from eintr_trace.facts.pep475 import Pep475Decision, Pep475Row, Version, parse_version
from eintr_trace.model.episodes import KernelAction, Outcome, TracerInduced
from eintr_trace.model.events import Syscall

# How the remedies' examples name the signal.
_SIGNUM = re.compile(r"\bsignum\b")
# Without a tracer these interrupt nothing; the others would, elsewhere or more often.
_ONLY_WHILE_TRACED = frozenset(
    {TracerInduced.IGNORED, TracerInduced.SIGCONT, TracerInduced.INJECTED}
)
_NOTHING_TO_CHANGE = "Nothing to change for this one: it does not happen without a tracer."
_POLLS = frozenset({"poll", "ppoll"})
_RECEIVING = "recv recv_into recvfrom recvfrom_into recvmsg recvmsg_into accept readinto"
_SENDING = "send sendto sendall sendmsg connect connect_ex"
_OF_SOCKETS = frozenset(f"{_RECEIVING} {_SENDING}".split())
_SLEEP_ROW = "time.sleep"  # of facts/pep475.json
_NEVER_RETRY = frozenset({"close", "dup2", "dup3"})
_WITH_TIMEOUT = frozenset(
    {"poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "rt_sigtimedwait"}
)


def advice(trail: Trail, finding: Finding) -> tuple[str, ...]:
    """Give the sentences of advice, the best remedy first; none where nothing was harmed."""
    if _is_the_tracers(trail):
        is_harm = finding.outcome in {Outcome.RAISED, Outcome.RETURNED_EARLY}
        return (_NOTHING_TO_CHANGE,) if is_harm else ()
    by_cause = (*cost_remedies(trail, finding), *delay_remedies(trail, finding))
    return (
        *_for_outcome(trail, finding),
        *(_name_signal(trail, remedy(one).text) for one in by_cause),
    )


def _is_the_tracers(trail: Trail) -> bool:
    induced = tracer_induced(trail.interruption)
    return induced is not None and induced.kind in _ONLY_WHILE_TRACED


def _for_outcome(trail: Trail, finding: Finding) -> Iterator[str]:
    match finding.outcome:
        case Outcome.ABANDONED_BY_HANDLER:
            yield from _for_handler(trail)
        case Outcome.RETURNED_EARLY if waits_for_no_connect(trail):
            yield from _for_connect(trail, finding)
        case Outcome.RAISED | Outcome.RETURNED_EARLY:
            yield from _for_eintr(trail, finding)
        case Outcome.UNKNOWN if _came_back_from_foreign_code(trail, finding):
            yield from _for_eintr(trail, finding)
        case _:
            return


def _came_back_from_foreign_code(trail: Trail, finding: Finding) -> bool:
    """Tell whether such code got EINTR and did not call again, whatever it made of it."""
    got_it = reception(trail)
    if finding.kernel.action is not KernelAction.EINTR or got_it is None or not got_it.is_seen:
        return False
    has_left = trail.has_left_the_call and trail.reentered is None
    return is_foreign(got_it) and has_left and handler_raised(trail) is not True


def _for_handler(trail: Trail) -> Iterator[str]:
    # Python's own for Ctrl-C exists to raise.
    is_default = is_default_int_handler(trail.interruption.python_handler)
    if not is_default and not may_raise_keyboard_interrupt(trail):
        yield remedy(RemedyId.HANDLER_MUST_NOT_RAISE).text


def _for_connect(trail: Trail, finding: Finding) -> Iterator[str]:
    yield remedy(RemedyId.CHECK_CONNECTED).text
    if finding.kernel.code is not None and trail.runs_c_handler:
        yield _name_signal(trail, sa_restart_remedy(finding.kernel.code).text)


def _for_eintr(trail: Trail, finding: Finding) -> Iterator[str]:
    call = trail.interruption.call
    if call is None or is_meant_to_end(call.syscall):
        return
    got_it = reception(trail)
    is_retryable = call.syscall.name not in _NEVER_RETRY
    if got_it is not None and is_foreign(got_it) and is_retryable:
        yield from (_name_signal(trail, one) for one in foreign_advice(trail, finding, got_it))
        return
    yield from _upgrade(trail)
    yield from _sa_restart(trail, finding)
    if goes_through_thrift(trail, finding):
        yield remedy(RemedyId.THRIFT_DOES_NOT_RETRY).text
    yield from _in_the_program(trail, finding)


def _sa_restart(trail: Trail, finding: Finding) -> Iterator[str]:
    code, call = finding.kernel.code, trail.interruption.call
    if code is None or call is None or not trail.runs_c_handler:
        return
    helps = sa_restart_remedy(code)
    yield _name_signal(trail, helps.text)
    if helps.id is RemedyId.RESTART_CANNOT_HELP and _may_be_a_socket(trail, call.syscall):
        yield remedy(RemedyId.SETTIMEOUT_POLLS).text


def _may_be_a_socket(trail: Trail, call: Syscall) -> bool:
    """Tell whether it may be the poll of a socket with settimeout(): by the function's name."""
    if call.name not in _POLLS:
        return False
    return trail.interruption.frame is None or called(trail.interruption.frame, call) in _OF_SOCKETS


def _upgrade(trail: Trail) -> Iterator[str]:
    interpreter, decision = trail.interruption.interpreter, _decision(trail)
    if interpreter is None or decision is None or not decision.rows:
        return
    since = _retry_since(decision.rows)
    if since is not None and parse_version(interpreter.version) < since:
        text = remedy(RemedyId.UPGRADE_PYTHON).text.format(since=dotted(since))
        yield f"{text} This one is {interpreter.version}."


def _retry_since(rows: tuple[Pep475Row, ...]) -> tuple[int, ...] | None:
    """The version since which all that the call can be made by retries."""
    each = [row.retry_since for row in rows]
    return None if None in each else max(since for since in each if since is not None)


def _in_the_program(trail: Trail, finding: Finding) -> Iterator[str]:
    call = trail.interruption.call
    if call is None:
        return
    if call.syscall.name in _NEVER_RETRY:
        yield remedy(RemedyId.DO_NOT_RETRY_CLOSE).text
    elif is_out_of_step(trail, finding):
        yield remedy(RemedyId.CLOSE_CONNECTION).text
    elif finding.outcome is Outcome.RAISED:
        with_timeout = call.syscall.name in _WITH_TIMEOUT
        yield retry_loop_remedy(_version(trail)).text
        if with_timeout:
            yield remedy(RemedyId.RETRY_WITH_DEADLINE).text
    elif _is_sleep(trail, call.syscall):
        yield remedy(RemedyId.SLEEP_UNTIL).text
    elif not _has_rows(trail):
        yield remedy(RemedyId.FIX_EXTENSION).text


def _is_sleep(trail: Trail, call: Syscall) -> bool:
    """Tell whether it is time.sleep(): by its name, or in a log by the arguments of the call."""
    if called(trail.interruption.frame, call) in {"sleep", "_sleep"}:
        return True
    decision = None if trail.log is None else _decision(trail)
    return decision is not None and [row.id for row in decision.rows] == [_SLEEP_ROW]


def _decision(trail: Trail) -> Pep475Decision | None:
    """Give what the table says of the call; in a log of those functions that its arguments fit."""
    return trail.interruption.pep475 if trail.log is None else likely_decision(trail)


def _version(trail: Trail) -> Version:
    interpreter = trail.interruption.interpreter
    return () if interpreter is None else parse_version(interpreter.version)


def _has_rows(trail: Trail) -> bool:
    decision = _decision(trail)
    return decision is not None and bool(decision.rows)


def _name_signal(trail: Trail, text: str) -> str:
    signal = trail.interruption.signal
    return text if signal is None else _SIGNUM.sub(f"signal.{signal.name}", text)
