"""An episode as the steps that can be held against those of another run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from eintr_trace.analysis.two_runs.exhibits import supporting_evidence
from eintr_trace.analysis.wording import bare_name, exception, place, result
from eintr_trace.facts.restart_codes import RESTART_RULES, AfterSignal
from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.comparison import Step, StepKind
from eintr_trace.model.episodes import (
    Confidence,
    DecisionKind,
    DelayBound,
    Episode,
    EvidenceKind,
    HandlerRun,
    KernelAction,
    Outcome,
    RaisedException,
    Receiver,
)
from eintr_trace.model.python_state import CodeLocation

_NOT_SEEN = "not seen"
_UNSEEN = (None,)
# A count, or a span of time with its unit, as analysis.wording says them.
_AMOUNT = re.compile(r"\d[\d.e+]*( (µs|ms|s)\b)?")
_EXIT_STATUS = re.compile(r"\bstatus (\d+)")
# A log does not show the exception.
_ENDED = re.compile(r"The (uncaught exception ended the process|process ended)\b")
# What a log shows of a call that came back early is less, but nothing else.
_NOT_ITS_COURSE = re.compile(
    r", (although|with no exception to tell it that) the call had not run its course"
)

# What C code must have decided, where no sample showed it, for the outcome to come about.
_DECIDED: dict[Outcome, DecisionKind] = {
    Outcome.RAISED: DecisionKind.RAISE,
    Outcome.RETRIED_BY_PROGRAM: DecisionKind.RAISE,
    Outcome.RESUMED_BY_INTERPRETER: DecisionKind.CALL_AGAIN,
    Outcome.RETRIED_BY_LIBRARY: DecisionKind.CALL_AGAIN,
    Outcome.RETURNED_EARLY: DecisionKind.NONE,
}
_RESTARTED_WITHOUT_HANDLER = frozenset(
    code.name for code, rule in RESTART_RULES.items() if rule.handler is AfterSignal.EINTR
)
_WITHOUT_EXCEPTION = frozenset(Outcome) - {
    Outcome.RAISED,
    Outcome.RETRIED_BY_PROGRAM,
    Outcome.ABANDONED_BY_HANDLER,
    Outcome.UNKNOWN,
}


def steps_of(episode: Episode) -> dict[StepKind, tuple[Step, ...]]:
    """Give what happened, by kind; a kind that is not there did not happen."""
    steps: dict[StepKind, tuple[Step, ...]] = {}
    for step in _steps(episode):
        steps[step.kind] = (*steps.get(step.kind, ()), step)
    return steps


def _steps(episode: Episode) -> Iterator[Step]:
    yield _signal(episode)
    yield _call(episode)
    if episode.tracer_induced is not None:
        kind = episode.tracer_induced.value
        yield _step(episode, StepKind.TRACER_INDUCED, f"because of the tracer: {kind}", kind)
    if _is_call_unknown(episode):
        yield _unseen(StepKind.RESTART_CODE)
        yield _unseen(StepKind.KERNEL_ACTION)
    elif episode.syscall is not None:
        yield _restart_code(episode)
        yield from _kernel_action(episode)
    yield from _c_steps(episode)
    yield _handler(episode)
    yield from _exceptions(episode)
    yield from _return(episode)
    yield from _consequences(episode)
    yield _outcome(episode)


def _step(
    episode: Episode,
    kind: StepKind,
    text: str,
    *identity: str | bool | None,
    confidence: Confidence = Confidence.OBSERVED,
) -> Step:
    return Step(kind, text, identity, supporting_evidence(episode, kind), confidence)


def _unseen(kind: StepKind) -> Step:
    return Step(kind, _NOT_SEEN, _UNSEEN)


def _signal(episode: Episode) -> Step:
    if episode.signal is None:
        return _unseen(StepKind.SIGNAL)
    thread = {True: "the main thread", False: "another thread than the main one", None: "a thread"}
    text = f"{episode.signal.name} comes to {thread[episode.main_thread]}"
    return _step(episode, StepKind.SIGNAL, text, episode.signal.name, episode.main_thread)


def _call(episode: Episode) -> Step:
    if _is_call_unknown(episode):
        return _unseen(StepKind.CALL)
    if episode.syscall is None:
        return _step(episode, StepKind.CALL, "it is in no system call", "")
    name = episode.syscall.syscall.name
    verb = "came back from" if episode.syscall.restart_code is None else "waits in"
    where = python_place(episode)
    called_in = "" if where is None else f", which {_bare_place(where)} called"
    return _step(episode, StepKind.CALL, f"it {verb} {name}{called_in}", name)


def _is_call_unknown(episode: Episode) -> bool:
    """A log shows no call that was already over, nor one that is left out of it."""
    is_judged = episode.outcome is not Outcome.UNKNOWN
    return episode.syscall is None and (not is_judged or _is_from_a_log(episode))


def _is_from_a_log(episode: Episode) -> bool:
    return any(one.kind is EvidenceKind.LOG_LINE for one in episode.evidence)


def python_place(episode: Episode) -> CodeLocation | None:
    """Give the innermost Python frame at the interruption."""
    if episode.python is None or not episode.python.stack:
        return None
    return episode.python.stack[0].location


def _bare_place(location: CodeLocation) -> str:
    """Say where, as all versions would: only from 3.11 on a name is qualified by its class."""
    return place(replace(location, function=bare_name(location.function)))


def _restart_code(episode: Episode) -> Step:
    assert episode.syscall is not None
    code = episode.syscall.restart_code
    if code is None:
        text = f"the call already has its result: {episode.syscall.retval}"
        return _step(episode, StepKind.RESTART_CODE, text, "result")
    verb = "the call itself returns" if code == "EINTR" else "the kernel gives the call up with"
    return _step(episode, StepKind.RESTART_CODE, f"{verb} {code}", code)


def _kernel_action(episode: Episode) -> Iterator[Step]:
    kind = StepKind.KERNEL_ACTION
    match episode.kernel_action:
        case KernelAction.EINTR:
            without = " (no SA_RESTART)" if episode.sa_restart is False else ""
            yield _step(episode, kind, f"the kernel hands out EINTR{without}", "eintr")
        case KernelAction.RESTART:
            because = " (SA_RESTART)" if episode.sa_restart else ""
            because = " (no handler)" if is_without_handler(episode) else because
            yield _step(episode, kind, f"the kernel restarts the call{because}", "restart")
        case KernelAction.NONE if episode.outcome is Outcome.DIED:
            yield _step(episode, kind, "the signal's default action ends the process", "death")
        case KernelAction.NONE if _is_kernel_unknown(episode):
            yield _unseen(kind)
        case KernelAction.NONE:
            return


def _is_kernel_unknown(episode: Episode) -> bool:
    return episode.kernel_action is KernelAction.NONE and episode.outcome is Outcome.UNKNOWN


def is_without_handler(episode: Episode) -> bool:
    """Tell whether that the kernel restarted the call proves that no handler ran.

    After a handler the kernel restarts a call of itself only with SA_RESTART, which the signal
    frame then shows, or after ERESTARTNOINTR: ``facts.restart_codes.RESTART_RULES``.
    """
    code = None if episode.syscall is None else episode.syscall.restart_code
    is_restarted = episode.kernel_action is KernelAction.RESTART and episode.sa_restart is None
    return is_restarted and code in _RESTARTED_WITHOUT_HANDLER


def _c_steps(episode: Episode) -> Iterator[Step]:
    is_known = not _is_call_unknown(episode)
    if is_known and episode.kernel_action is KernelAction.EINTR:
        yield _receiver(episode)
        yield _decision(episode)
    elif not is_known or _is_kernel_unknown(episode):
        yield _unseen(StepKind.RECEIVER)
        yield _unseen(StepKind.DECISION)


def _receiver(episode: Episode) -> Step:
    receiver = episode.received_by
    if receiver is None:
        return _unseen(StepKind.RECEIVER)
    text = f"EINTR reaches {receiver_name(receiver)}"
    owner = None if receiver.role is CodeRole.CPYTHON else receiver_owner(receiver)
    identity = (receiver.role.value, owner)
    kind = StepKind.RECEIVER
    return _step(episode, kind, text, *identity, confidence=receiver.confidence)


def receiver_name(receiver: Receiver) -> str:
    """Say ``CPython's sock_recv``, ``the extension module psycopg2._psycopg``."""
    match receiver.role:
        case CodeRole.CPYTHON:
            return f"CPython's {receiver.function or 'C code'}"
        case CodeRole.CTYPES:
            return "C code called through ctypes"
        case CodeRole.EXTENSION:
            return f"the extension module {receiver_owner(receiver) or '(which one is not known)'}"
        case CodeRole.LIBRARY | CodeRole.C_LIBRARY | CodeRole.PROGRAM:
            return receiver_owner(receiver) or "C code"


def receiver_owner(receiver: Receiver) -> str | None:
    """Name whose code it is: the module, else the file, without the folder."""
    if receiver.module is not None:
        return receiver.module
    return None if receiver.file is None else receiver.file.rpartition("/")[2]


def decision_kind(episode: Episode) -> DecisionKind | None:
    """Give what C code did about EINTR: as a sample showed it, or as the outcome shows."""
    if episode.decision is not None:
        return episode.decision.kind
    return _DECIDED.get(episode.outcome)


def _decision(episode: Episode) -> Step:
    decided = decision_kind(episode)
    if decided is None:
        return _unseen(StepKind.DECISION)
    confidence = Confidence.OBSERVED if episode.decision is not None else episode.confidence
    text = f"{_decider(episode)} {decision_phrase(episode, decided)}"
    return _step(episode, StepKind.DECISION, text, decided.value, confidence=confidence)


def decision_phrase(episode: Episode, decided: DecisionKind) -> str:
    """Say what C code does, with what is known of the signal handlers."""
    match decided:
        case DecisionKind.RAISE:
            return "makes an exception of it"
        case DecisionKind.NONE:
            return "returns without an exception"
        case DecisionKind.CALL_AGAIN if episode.outcome is Outcome.ABANDONED_BY_HANDLER:
            return "lets signal handlers run"
        case DecisionKind.CALL_AGAIN if _lets_handlers_run(episode):
            return "lets signal handlers run and calls again"
        case DecisionKind.CALL_AGAIN:
            return "calls again"


def _lets_handlers_run(episode: Episode) -> bool:
    """Tell it as it was seen, else as PEP 475 has it; other loops in C may not let them."""
    if episode.decision is not None:
        return True
    receiver = episode.received_by
    by_table = receiver is None or receiver.retries_since is not None
    return episode.outcome is Outcome.RESUMED_BY_INTERPRETER and by_table


def _decider(episode: Episode) -> str:
    receiver = episode.received_by
    if receiver is None:
        # A log does not show whose code it was: its verdicts suppose that it was CPython's.
        is_resumed = episode.outcome is Outcome.RESUMED_BY_INTERPRETER
        by_cpython = is_resumed or _is_from_a_log(episode)
        return "CPython" if by_cpython else "C code"
    return "CPython" if receiver.role is CodeRole.CPYTHON else "it"


def _handler(episode: Episode) -> Step:
    run = None if episode.python is None else episode.python.handler
    if run is None and is_without_handler(episode):
        return _step(episode, StepKind.HANDLER, "no handler runs", "")
    if run is None:
        return _unseen(StepKind.HANDLER)
    function = "(not named)" if run.location is None else bare_name(run.location.function)
    who = "the handler" if run.location is None else f"the handler {_bare_place(run.location)}"
    raises = handler_raises(episode)
    text = f"{who} {_how_it_ran(run, raises)}"
    begun = run.delay_bound is not DelayBound.AT_LEAST
    return _step(
        episode, StepKind.HANDLER, text, function, begun, run.inside_call if begun else None, raises
    )


def _how_it_ran(run: HandlerRun, raises: bool | None) -> str:
    if run.delay_bound is DelayBound.AT_LEAST:
        return "has not begun by the end"
    where = {True: " inside the call", False: " after the call", None: ""}[run.inside_call]
    return f"runs{where} and raises" if raises else f"runs{where}"


def handler_raises(episode: Episode) -> bool | None:
    """Tell whether the Python handler raised, as the outcome shows."""
    if episode.outcome is Outcome.UNKNOWN:
        return None
    return episode.outcome is Outcome.ABANDONED_BY_HANDLER


def _exceptions(episode: Episode) -> Iterator[Step]:
    if not episode.exceptions:
        if episode.outcome not in _WITHOUT_EXCEPTION:
            yield _unseen(StepKind.EXCEPTION)
            yield _unseen(StepKind.CAUGHT)
        return
    for number, raised in enumerate(episode.exceptions):
        yield _step(
            episode,
            StepKind.EXCEPTION,
            _exception_text(raised, is_first=number == 0),
            bare_name(raised.type_name),
            None if raised.errno is None else str(raised.errno),
        )
    yield _caught(episode)


def _exception_text(raised: RaisedException, is_first: bool) -> str:
    where = "" if raised.raised_at is None else f" in {_bare_place(raised.raised_at)}"
    if is_first:
        return f"{exception(raised)} is raised{where}"
    return f"it becomes {exception(raised)}{where}"


def _caught(episode: Episode) -> Step:
    kind = StepKind.CAUGHT
    if episode.caught is None:
        return _unseen(kind)
    if not episode.caught:
        return _step(episode, kind, "nobody catches it", "nobody")
    at = episode.caught_at
    if at is None:
        return _step(episode, kind, "it is caught", "caught", None)
    return _step(episode, kind, f"{_bare_place(at)} catches it", "caught", bare_name(at.function))


_RETURN_PHRASES: dict[Outcome, str] = {
    Outcome.RESTARTED_BY_KERNEL: "{} goes on",
    Outcome.RESUMED_BY_INTERPRETER: "CPython calls {} again",
    Outcome.RETRIED_BY_LIBRARY: "C code that is not CPython's calls {} again",
    Outcome.RETRIED_BY_PROGRAM: "the program calls {} again",
    Outcome.RETURNED_EARLY: "{} comes back before its time",
    Outcome.COMPLETED: "{} is complete all the same",
}


def _return(episode: Episode) -> Iterator[Step]:
    """What the call gave in the end, where an exception did not end it."""
    outcome = episode.outcome
    if outcome is Outcome.UNKNOWN or _is_call_unknown(episode):
        yield _unseen(StepKind.RETURN)
    phrase = _RETURN_PHRASES.get(outcome)
    if phrase is None or episode.syscall is None:
        return
    name = episode.syscall.syscall.name
    given, success = _given(episode)
    yield _step(episode, StepKind.RETURN, phrase.format(name) + given, outcome.value, success)


def _given(episode: Episode) -> tuple[str, bool | None]:
    """Say what the call made again gave, and whether that was no error."""
    if episode.follow_up is None or episode.syscall is None:
        return "", None
    retval = episode.follow_up.retval
    return f" (it {result(episode.syscall.syscall.name, retval)})", retval >= 0


def _consequences(episode: Episode) -> Iterator[Step]:
    for text in episode.consequences:
        status = _EXIT_STATUS.search(text)
        said = "ended" if _ENDED.match(text) else _AMOUNT.sub("0", _NOT_ITS_COURSE.sub("", text))
        yield _step(episode, StepKind.CONSEQUENCE, text, said, status and status[1])
    if episode.python is None:
        yield _unseen(StepKind.CONSEQUENCE)  # there may be more


def _outcome(episode: Episode) -> Step:
    text = episode.outcome.value
    identity = None if episode.outcome is Outcome.UNKNOWN else text
    if _was_over(episode):
        identity = Outcome.NOT_BLOCKING.value
    return _step(episode, StepKind.OUTCOME, text, identity, confidence=episode.confidence)


def _was_over(episode: Episode) -> bool:
    """Whether the call had its result, which a log does not tell from no call in progress."""
    is_complete = episode.outcome is Outcome.COMPLETED
    return is_complete and episode.syscall is not None and episode.syscall.restart_code is None
