"""What the calls that follow tell about C, Python and the program, in words: for strace logs."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.draft import Draft
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.logs.interrupt_key import (
    has_default_int_handler,
    may_raise_keyboard_interrupt,
    shows_keyboard_interrupt,
)
from eintr_trace.analysis.logs.likely_rows import met_call
from eintr_trace.analysis.logs.reasons import restored_eintr
from eintr_trace.analysis.receiver import reception
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import result
from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.episodes import Layer, Outcome

_RETURNS = frozenset({"rt_sigreturn", "sigreturn"})
LIMITS = (
    "an strace log shows system calls and signals, but no Python frames and no memory: whose code"
    " made a call, which exception was raised and who caught it are not in it. What follows from"
    " CPython's version and the calls that came next is marked as inferred; the rest is unknown"
)


def met_no_call(trail: Trail) -> str:
    """Say what the thread had done before a signal for which no call was given up."""
    if restored_eintr(trail):
        return ", and its handler's return gives EINTR to a call that the log leaves out."
    before = None if trail.log is None else trail.log.before
    unless = "unless the log leaves calls out (-e trace=SET)"
    if before is not None and before.syscall.name not in _RETURNS:
        given = result(before.syscall.name, before.retval)
        return f" after {before.syscall.name} {given}: no call was given up for it, {unless}."
    if trail.interruption.after_call:
        return f" after a signal handler had returned: no call was given up for it, {unless}."
    return ", and no call that was given up for it is shown, nor what the thread did before."


def following_calls_sentences(trail: Trail, finding: Finding) -> Iterator[Draft]:
    """Say what by the table became of EINTR, and what that supposes."""
    match finding.outcome:
        case Outcome.RESUMED_BY_INTERPRETER:
            text = f"{_functions(trail, 'call')} again after EINTR, and the same call follows."
            yield _draft(Layer.C, f"{text}{_assumed(trail)}", Topic.REENTERED)
        case Outcome.RETRIED_BY_PROGRAM:
            text = (
                f"{_functions(trail, 'make')} an exception of EINTR, and the same call follows:"
                " the program caught it and called again."
            )
            yield _draft(Layer.C, f"{text}{_assumed(trail)}", Topic.REENTERED)
        case Outcome.RAISED:
            text = (
                f"{_functions(trail, 'make')} an exception of EINTR{_unless_raised(trail)}. The"
                " thread went on without calling again; which exception it was, and who caught it,"
                " is not shown. That the call was one of CPython's is assumed."
            )
            yield _draft(Layer.C, text, Topic.STATE)
        case Outcome.RETURNED_EARLY:
            text = f"{_functions(trail, 'come')} back early after EINTR, without an error."
            yield _draft(Layer.C, f"{text}{_assumed(trail)}", Topic.STATE, Topic.REENTERED)
        case Outcome.ABANDONED_BY_HANDLER:
            yield from _abandoned(trail, finding)
        case _:
            return


def _abandoned(trail: Trail, finding: Finding) -> Iterator[Draft]:
    if shows_keyboard_interrupt(trail):
        text = "Python's handler of SIGINT raised KeyboardInterrupt, which ended the call."
        yield Draft(Layer.PYTHON, text, (Topic.EXCEPTION, Topic.ENDING))
    elif has_default_int_handler(trail):
        text = (
            "Python's own handler of SIGINT raises KeyboardInterrupt, which ended the call; who"
            " caught it, if anybody, is not shown."
        )
        yield Draft(Layer.PYTHON, text, (Topic.DISPOSITION, Topic.DEFAULT_INT_HANDLER, Topic.STATE))
    elif finding.by_table:
        text = (
            f"{_functions(trail, 'call')} again after EINTR unless the signal's Python handler"
            " raises. The call was not made again, and an exception was printed: the handler's, it"
            " seems. That the call was CPython's own is assumed."
        )
        yield _draft(Layer.C, text, Topic.EXCEPTION)


def _functions(trail: Trail, verb: str) -> str:
    """Say whose functions are meant, and ``verb`` in the form that goes with it."""
    interpreter, call = trail.interruption.interpreter, met_call(trail)
    got_it = reception(trail)
    version = "" if interpreter is None else f" {interpreter.version}"
    if got_it is not None and got_it.is_seen and got_it.receiver.function is not None:
        return f"CPython{version}'s {got_it.receiver.function} {verb}s"
    name = "the call" if call is None else call.name
    return f"CPython{version}'s own functions that wait in {name} {verb}"


def _unless_raised(trail: Trail) -> str:
    """Say what else may have been raised: nothing where strace injected the error."""
    if trail.interruption.injected:
        return ""
    return ", unless the signal's Python handler raises one of its own"


def _assumed(trail: Trail) -> str:
    """Say what the inference rests on besides the table."""
    if may_raise_keyboard_interrupt(trail):
        return (
            " That it was a wait for a lock, in which CPython 2 runs no Python handler, is assumed:"
            " its handler of SIGINT raises."
        )
    got_it = reception(trail)
    is_seen = got_it is not None and got_it.is_seen
    if is_seen and got_it is not None and got_it.receiver.role is CodeRole.CPYTHON:
        if trail.interruption.injected:
            return ""
        return " That the signal's Python handler did not raise is assumed: a log does not show it."
    if trail.interruption.injected:
        return " That it was one of them is assumed: a log does not show whose call it was."
    return (
        " That it was one of them, and that the signal's Python handler did not raise, is assumed:"
        " a log shows neither whose call it was nor what the handler did."
    )


def _draft(layer: Layer, text: str, *topics: Topic) -> Draft:
    return Draft(layer, text, (Topic.PEP475, Topic.C_STACK, *topics))
