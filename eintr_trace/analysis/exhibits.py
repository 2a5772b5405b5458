"""The evidence of a verdict, one exhibit a topic, in the order in which things happened."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from eintr_trace.analysis import decision_exhibits, exception_exhibits, handler_exhibits
from eintr_trace.analysis.c_path_exhibit import c_path_exhibit
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.handler_end import is_waiting
from eintr_trace.analysis.interruption import Trigger
from eintr_trace.analysis.kernel import ShownBy
from eintr_trace.analysis.logs import exhibits as log_exhibits
from eintr_trace.analysis.merged import merged_evidence
from eintr_trace.analysis.no_more_waiting import waited_long_enough
from eintr_trace.analysis.pep475_exhibit import pep475
from eintr_trace.analysis.receiver_exhibits import c_stack, foreign_exception, library_fact_exhibit
from eintr_trace.analysis.reduced import reduced_evidence
from eintr_trace.analysis.socket_exhibits import (
    closed,
    framing,
    received_next,
    sent_again,
    socket_look,
    timeout,
    unconnected,
)
from eintr_trace.analysis.tracer_induced import tracer_induced
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import after_the_signal, counted, place, result
from eintr_trace.facts.restart_codes import RESTART_RULES, restart_code
from eintr_trace.model.episodes import Evidence, EvidenceKind, KernelAction, Outcome
from eintr_trace.model.events import Disposition
from eintr_trace.model.python_state import CalleeKind


class Topic(Enum):
    """What an exhibit is about; sentences name the topics they rest on."""

    DELIVERY = auto()
    DISPOSITION = auto()
    JOINED = auto()
    THREAD = auto()
    STACK = auto()
    C_STACK = auto()
    LIBRARY_FACT = auto()
    FOREIGN_EXCEPTION = auto()
    C_HANDLER = auto()
    SIGNAL_FRAME = auto()
    KERNEL_RULE = auto()
    DECISION = auto()
    ASKED_IN_C = auto()
    ANSWER = auto()
    NOT_RETURNED = auto()
    UNWATCHED = auto()
    C_PATH = auto()
    HANDLER = auto()
    HANDLER_RUN = auto()
    MAIN_THREAD = auto()
    HANDLER_RULE = auto()
    HANDLER_END = auto()
    DEFAULT_INT_HANDLER = auto()
    REENTERED = auto()
    C_STACK_AGAIN = auto()
    FOLLOW_UP = auto()
    EXCEPTION = auto()
    CATCHER = auto()
    STATE = auto()
    PEP475 = auto()
    SOCKET_LOOK = auto()
    SENT_AGAIN = auto()
    RECEIVED_NEXT = auto()
    FRAMING = auto()
    CLOSED = auto()
    TIMEOUT = auto()
    UNCONNECTED = auto()
    TRACER = auto()
    MERGED = auto()
    INTERPRETER = auto()
    LOST = auto()
    REDUCED = auto()
    ENDING = auto()


_RESTING_ON_THE_STATE = {
    Outcome.RETURNED_EARLY,
    Outcome.UNKNOWN,
    Outcome.ABANDONED_BY_HANDLER,
    Outcome.RAISED,
}

_CALLEES = {
    CalleeKind.C_FUNCTION: "the C function",
    CalleeKind.CTYPES: "a foreign function, through ctypes",
    CalleeKind.OTHER: "no C function of CPython's kind",
}

Exhibits = dict[Topic, Evidence]

_ROWS_SHOWN = 2


def gather(trail: Trail, finding: Finding) -> Exhibits:
    """Collect what the verdict rests on."""
    makers = _MAKERS | _LOG_MAKERS if trail.log is not None else _MAKERS
    found = {topic: make(trail, finding) for topic, make in makers.items()}
    return {topic: evidence for topic, evidence in found.items() if evidence is not None}


def _after(trail: Trail, time_ns: int) -> str:
    return after_the_signal(trail.span_after(time_ns), trail.interruption.what_came)


def _delivery(trail: Trail, _: Finding) -> Evidence:
    interruption = trail.interruption
    match interruption.trigger:
        case Trigger.DELIVERY:
            when = f"at the delivery of {interruption.signal_name}"
        case Trigger.GROUP_STOP:
            when = f"in the stop by {interruption.signal_name}"
        case Trigger.STOP_ENDED:
            when = "when SIGCONT ended a stop"
        case Trigger.CONTINUE_TRAP:
            when = "at the trap for SIGCONT"
        case Trigger.NO_SIGNAL:
            when = "without a delivery"
    call = interruption.call
    if call is None:
        text = f"{when} the thread was in no system call"
    else:
        code = restart_code(call.retval)
        value = f"{call.retval} ({code.name})" if code is not None else str(call.retval)
        text = f"{when} the thread was in {call.syscall.text}; the return register held {value}"
    return Evidence(EvidenceKind.REGISTER, text, interruption.time_ns)


def _disposition(trail: Trail, _: Finding) -> Evidence | None:
    interruption = trail.interruption
    match interruption.disposition:
        case Disposition.CAUGHT:
            text = f"SigCgt of /proc/PID/status: the program has a handler for {_name(trail)}"
        case Disposition.IGNORED:
            text = f"SigIgn of /proc/PID/status: the program ignores {_name(trail)}"
        case Disposition.DEFAULT:
            text = (
                f"neither SigCgt nor SigIgn of /proc/PID/status has {_name(trail)}: the default"
                f" action, {interruption.default_action}, applies"
            )
        case None:
            return None
    return Evidence(EvidenceKind.PROC, text, interruption.time_ns)


def _joined(trail: Trail, _: Finding) -> Evidence | None:
    if trail.joined is None:
        return None
    return Evidence(
        EvidenceKind.WAIT_STATUS,
        f"{trail.joined.name}, which has a handler, was delivered before the thread ran on",
    )


def _thread(trail: Trail, _: Finding) -> Evidence | None:
    interruption = trail.interruption
    if interruption.is_main_thread:
        return None
    known = interruption.python is not None and interruption.python.is_python_main_thread is False
    if known:
        text = f"the interpreter's record of its main thread is not thread {interruption.tid}"
        return Evidence(EvidenceKind.MEMORY, text, interruption.time_ns)
    text = f"thread {interruption.tid} is not the first of process {interruption.tgid}"
    return Evidence(EvidenceKind.PROC, text, interruption.time_ns)


def _stack(trail: Trail, _: Finding) -> Evidence | None:
    python, frame = trail.interruption.python, trail.interruption.frame
    if python is None or frame is None:
        if python is None or python.problem is None:
            return None
        text = f"the Python stack could not be read: {python.problem}"
        return Evidence(EvidenceKind.MEMORY, text, trail.interruption.time_ns)
    calling = "" if frame.calls is None else f", calling {frame.calls}"
    if frame.callee is not None:
        calling += f"; what it calls is {_CALLEES[frame.callee.kind]}"
        calling += "" if frame.callee.name is None else f" {frame.callee.name}"
    text = f"the innermost Python frame was {place(frame.location)}{calling}"
    return Evidence(EvidenceKind.MEMORY, text, trail.interruption.time_ns)


def _signal_frame(trail: Trail, finding: Finding) -> Evidence | None:
    restored = trail.restored
    if restored is None or finding.kernel.shown_by is not ShownBy.SIGNAL_FRAME:
        return None
    if finding.kernel.action is KernelAction.EINTR:
        text = "the signal frame that rt_sigreturn restored held -4 (EINTR) as the call's result"
    else:
        text = (
            "the signal frame that rt_sigreturn restored held the call's number, and the address"
            " of its instruction to go on at"
        )
    return Evidence(EvidenceKind.SIGNAL_FRAME, text, restored.time_ns)


def _kernel_rule(_: Trail, finding: Finding) -> Evidence | None:
    code = finding.kernel.code
    if code is None:
        return None
    rule = RESTART_RULES[code]
    text = f"{code.name}: {rule.meaning} ({rule.citation})"
    return Evidence(EvidenceKind.RULE, text)


def _reentered(trail: Trail, _: Finding) -> Evidence | None:
    again = trail.reentered
    if again is None or again.call is None:
        return None
    text = f"{_after(trail, again.time_ns)} the thread entered {again.call.text}"
    if again.survival is not None:
        same = again.survival.at_the_call
        text += (
            "; the interrupted Python frame was at the same instruction as before"
            if same
            else "; the interrupted Python frame was no longer at that instruction"
        )
        if again.survival.code_ran:
            text += ", but its local variables had changed, so that its code had run"
        if not again.chain:
            text += ", and no new exception was pending or being handled"
        if is_waiting(trail, again):
            text += f", and the Python handler of {_name(trail)} was still to be called"
    return Evidence(EvidenceKind.FOLLOWING_CALL, text, again.time_ns)


def _follow_up(trail: Trail, _: Finding) -> Evidence | None:
    follow_up, again = trail.follow_up, trail.reentered
    if again is None or again.call is None:
        return None
    if follow_up is not None and trail.follow_up_ns is not None:
        end_ns = trail.follow_up_ns
        given = result(again.call.name, follow_up.retval)
        text = f"{_after(trail, end_ns)} {again.call.name} {given}"
        return Evidence(EvidenceKind.FOLLOWING_CALL, text, end_ns)
    if trail.reentry_interrupted:
        text = f"{again.call.name}, entered again, was interrupted in turn by the next signal"
        return Evidence(EvidenceKind.FOLLOWING_CALL, text)
    return None


def _state(trail: Trail, finding: Finding) -> Evidence | None:
    """Where the thread was last seen, for the outcomes that rest on it."""
    latest = trail.latest
    if latest is None or not (
        finding.outcome in _RESTING_ON_THE_STATE or waited_long_enough(trail)
    ):
        return None
    if finding.outcome is Outcome.RAISED and finding.chain:
        return None
    doing = "" if latest.call is None else f" the thread entered {latest.call.text};"
    if latest.survival is None or latest.survival.innermost is None:
        python = "the Python stack was not read, or nothing of the interrupted one was left"
    else:
        python = f"the innermost frame left was {place(latest.survival.innermost.location)}"
    kind = EvidenceKind.MEMORY if latest.snapshot is not None else EvidenceKind.FOLLOWING_CALL
    return Evidence(kind, f"{_after(trail, latest.time_ns)}{doing} {python}", latest.time_ns)


def _tracer(trail: Trail, _: Finding) -> Evidence | None:
    induced = tracer_induced(trail.interruption)
    if induced is None:
        return None
    return Evidence(EvidenceKind.RULE, f"tracer-induced, {induced.kind.value}: {induced.text}")


def _interpreter(trail: Trail, _: Finding) -> Evidence | None:
    process = trail.interruption.process
    if process is None or trail.interruption.interpreter is not None:
        return None
    problem = process.interpreter_problem
    text = "no CPython was found in the process" + ("" if problem is None else f": {problem}")
    return Evidence(EvidenceKind.PROC, text)


def _lost(trail: Trail, _: Finding) -> Evidence | None:
    if not trail.lost_events:
        return None
    are = "is" if trail.lost_events == 1 else "are"
    missing = f"{counted(trail.lost_events, 'event')} {are} missing"
    return Evidence(EvidenceKind.RULE, f"{missing}: the pipe to the report was full")


def _ending(trail: Trail, _: Finding) -> Evidence | None:
    exited = trail.exited
    if exited is None:
        return None
    if exited.signo is not None:
        how = f"by {exited.signal_name or f'signal {exited.signo}'}"
    else:
        how = f"with status {exited.status}"
    text = f"{_after(trail, exited.time_ns)} the process ended {how}"
    return Evidence(EvidenceKind.WAIT_STATUS, text, exited.time_ns)


_MAKERS: dict[Topic, Callable[[Trail, Finding], Evidence | None]] = {
    Topic.DELIVERY: _delivery,
    Topic.DISPOSITION: _disposition,
    Topic.JOINED: _joined,
    Topic.THREAD: _thread,
    Topic.STACK: _stack,
    Topic.C_STACK: c_stack,
    Topic.LIBRARY_FACT: library_fact_exhibit,
    Topic.FOREIGN_EXCEPTION: foreign_exception,
    Topic.C_HANDLER: handler_exhibits.c_handler,
    Topic.SIGNAL_FRAME: _signal_frame,
    Topic.KERNEL_RULE: _kernel_rule,
    Topic.DECISION: decision_exhibits.decision,
    Topic.ASKED_IN_C: decision_exhibits.asked_in_c,
    Topic.ANSWER: decision_exhibits.given_back,
    Topic.NOT_RETURNED: decision_exhibits.not_returned,
    Topic.UNWATCHED: decision_exhibits.unwatched,
    Topic.C_PATH: c_path_exhibit,
    Topic.HANDLER: handler_exhibits.handler,
    Topic.HANDLER_RUN: handler_exhibits.handler_run,
    Topic.MAIN_THREAD: handler_exhibits.main_thread,
    Topic.HANDLER_RULE: handler_exhibits.handler_rule,
    Topic.HANDLER_END: handler_exhibits.handler_end,
    Topic.DEFAULT_INT_HANDLER: handler_exhibits.default_int_handler,
    Topic.REENTERED: _reentered,
    Topic.C_STACK_AGAIN: decision_exhibits.c_stack_again,
    Topic.FOLLOW_UP: _follow_up,
    Topic.EXCEPTION: exception_exhibits.raised,
    Topic.CATCHER: exception_exhibits.catcher,
    Topic.STATE: _state,
    Topic.PEP475: pep475,
    Topic.SOCKET_LOOK: socket_look,
    Topic.SENT_AGAIN: sent_again,
    Topic.RECEIVED_NEXT: received_next,
    Topic.FRAMING: framing,
    Topic.CLOSED: closed,
    Topic.TIMEOUT: timeout,
    Topic.UNCONNECTED: unconnected,
    Topic.TRACER: _tracer,
    Topic.MERGED: merged_evidence,
    Topic.INTERPRETER: _interpreter,
    Topic.LOST: _lost,
    Topic.REDUCED: reduced_evidence,
    Topic.ENDING: _ending,
}
_LOG_MAKERS: dict[Topic, Callable[[Trail, Finding], Evidence | None]] = {
    Topic.DELIVERY: log_exhibits.delivery,
    Topic.DISPOSITION: log_exhibits.disposition,
    Topic.DEFAULT_INT_HANDLER: log_exhibits.default_int_handler,
    Topic.SIGNAL_FRAME: log_exhibits.signal_frame,
    Topic.REENTERED: log_exhibits.reentered,
    Topic.FOLLOW_UP: log_exhibits.follow_up,
    Topic.STATE: log_exhibits.state,
    Topic.EXCEPTION: log_exhibits.exception,
    Topic.ENDING: log_exhibits.ending,
}


def _name(trail: Trail) -> str:
    return trail.interruption.signal_name
