"""What a what-if answer says: layer by layer, what to do, and from which tables it comes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eintr_trace.analysis.what_if.advice import advice
from eintr_trace.analysis.what_if.answer import (
    Cell,
    Client,
    Disturbance,
    HandlerChoice,
    LimitChoice,
    Question,
    ThreadChoice,
)
from eintr_trace.facts.glossary.functions import best_name, version_said
from eintr_trace.facts.pep475 import Behaviour, Era, Pep475Row
from eintr_trace.facts.restart_codes import RESTART_RULES, AfterSignal, RestartCode
from eintr_trace.facts.signals import signal_name
from eintr_trace.facts.syscalls import is_sending
from eintr_trace.facts.thrift import OnEintr
from eintr_trace.model.episodes import Layer, Outcome


@dataclass(frozen=True)
class Said:
    """An answer in words. ``title`` says what was asked, ``sources`` what the answer rests on."""

    title: str
    layers: tuple[tuple[Layer, str], ...]
    advice: tuple[str, ...]
    sources: tuple[str, ...]


def say(cell: Cell) -> Said:
    """Put one answer into words."""
    layers = [(Layer.KERNEL, _kernel(cell))]
    for layer, text in ((Layer.C, _c(cell)), (Layer.PYTHON, _python(cell))):
        if text is not None:
            layers.append((layer, text))
    layers.append((Layer.PROGRAM, _program(cell)))
    return Said(_title(cell), tuple(layers), tuple(advice(cell)), tuple(_sources(cell)))


def _title(cell: Cell) -> str:
    question = cell.question
    calls = " or ".join(cell.calls)
    parts = [calls if cell.row is None else f"{_functions(cell.row)} ({calls})"]
    match question.client:
        case Client.PYTHON:
            parts.append(f"CPython {version_said(question.version)}")
        case Client.THRIFT:
            parts.append(f"Apache Thrift on CPython {version_said(question.version)}")
        case Client.CPP:
            parts.append("Apache Thrift in C++")
        case Client.C:
            parts.append("a program in C")
    parts.append(_handler(question))
    if question.limit not in {None, LimitChoice.NONE}:
        parts.append(_limit(cell))
    if question.thread is ThreadChoice.WORKER:
        parts.append("in a worker thread, which takes the signal")
    return ", ".join(parts)


def _functions(row: Pep475Row) -> str:
    return best_name(row) if len(row.names) <= 1 else f"{best_name(row)} and others"


def _handler(question: Question) -> str:
    match question.handler:
        case HandlerChoice.PLAIN:
            return "a handler without SA_RESTART"
        case HandlerChoice.SA_RESTART:
            return "a handler with SA_RESTART"
        case HandlerChoice.RAISES:
            return "a handler that raises"
        case HandlerChoice.IGNORED:
            return "the signal ignored"
        case HandlerChoice.NONE:
            return f"no handler for {signal_name(question.signo)}"


def _limit(cell: Cell) -> str:
    match cell.question.limit:
        case LimitChoice.SETTIMEOUT:
            return "settimeout()"
        case LimitChoice.SOCKET:
            return _socket_option(cell)
        case _:
            return "a timeout of the call"


def _socket_option(cell: Cell) -> str:
    return "SO_SNDTIMEO" if is_sending(cell.calls[0]) else "SO_RCVTIMEO"


def _kernel(cell: Cell) -> str:
    match cell.disturbance:
        case Disturbance.FATAL:
            name = signal_name(cell.question.signo)
            return f"{name} has its default action, which ends the process; no code of it runs."
        case Disturbance.DROPPED:
            return (
                "Ignored, the signal is dropped when it is sent: nobody wakes up. Only to a traced"
                f" process it is delivered, and then a waiting {_fate(cell)}"
            )
        case Disturbance.HANDLER | Disturbance.STOP:
            return f"A waiting {_fate(cell)}"


def _fate(cell: Cell) -> str:
    calls = " or ".join(cell.calls)
    codes = " or ".join(code.name for code in cell.codes)
    match cell.after:
        case None:
            return f"{calls} was not seen to fail for a signal: it comes back with its result."
        case AfterSignal.EINTR:
            return f"{calls} ends with {codes}: {_why_eintr(cell)}"
        case AfterSignal.SAME_CALL:
            return f"{calls} ends with {codes}: {_why_again(cell)}, with the same arguments."
        case AfterSignal.RESTART_SYSCALL:
            return (
                f"{calls} ends with {codes}: no handler runs, so the kernel carries on with it as"
                " restart_syscall, with the time that is left."
            )


def _why_eintr(cell: Cell) -> str:
    if cell.codes == (RestartCode.ERESTARTSYS,):
        return "the handler lacks SA_RESTART, so the kernel hands out EINTR."
    if cell.codes == (RestartCode.EINTR,):
        return "nothing restarts a call that ends this way, not even SA_RESTART."
    if cell.question.handler is HandlerChoice.SA_RESTART:
        return "a handler runs, and after that SA_RESTART does not help: the program gets EINTR."
    return "a handler runs, so the kernel hands out EINTR."


def _why_again(cell: Cell) -> str:
    if cell.codes == (RestartCode.ERESTARTNOINTR,):
        return "the kernel always makes it again"
    if cell.disturbance is Disturbance.HANDLER:
        return "the handler has SA_RESTART, so the kernel makes it again"
    return "no handler runs, so the kernel makes it again"


def _reaches_program(cell: Cell) -> bool:
    disturbed = cell.disturbance in {Disturbance.HANDLER, Disturbance.STOP}
    return disturbed and cell.after is AfterSignal.EINTR


def _c(cell: Cell) -> str | None:
    if not _reaches_program(cell):
        return None
    if cell.question.client is Client.CPP:
        if cell.thrift is None:
            return "What Thrift's C++ library does around this call was not looked at."
        return f"{cell.thrift.text}."
    if cell.row is None:
        return None
    era = _era(cell)
    if era is None:
        return None
    found = cell.row.c_function(cell.question.version)
    name = "CPython's C code" if found is None else f"CPython's {found.name}()"
    return f"EINTR reaches {name}: {era.how}."


def _era(cell: Cell) -> Era | None:
    if cell.row is None or cell.behaviour in {None, Behaviour.NOT_KNOWN}:
        return None
    eras = cell.row.eras_of(cell.question.version)
    return eras[-1] if eras else None


def _python(cell: Cell) -> str | None:
    if cell.row is None or cell.disturbance is Disturbance.FATAL:
        return None
    if not _reaches_program(cell):
        return _late_handler(cell)
    parts = [_exception(cell), _python_handler(cell)]
    return " ".join(part for part in parts if part is not None) or None


def _exception(cell: Cell) -> str | None:
    if cell.behaviour is None:
        version = version_said(cell.question.version)
        return f"CPython {version} has no such function, as far as the table knows."
    if cell.behaviour is Behaviour.NOT_KNOWN:
        return "What this version does is not in the table."
    if Outcome.ABANDONED_BY_HANDLER in cell.outcomes:
        return "The handler's exception goes to the caller, and the call is given up."
    era = _era(cell)
    if Outcome.RAISED in cell.outcomes and era is not None:
        raised = f"{era.raises} with errno 4 is raised."
        return raised if cell.thrift is None else f"{raised} {_wrapped(cell)}"
    return None


def _wrapped(cell: Cell) -> str:
    assert cell.thrift is not None  # asked for before
    return f"Thrift (up to {cell.thrift.last}): {cell.thrift.text}."


def _python_handler(cell: Cell) -> str | None:
    question = cell.question
    if not question.runs_python_handler or Outcome.ABANDONED_BY_HANDLER in cell.outcomes:
        return None
    if question.thread is ThreadChoice.WORKER:
        return (
            "The Python handler runs in the main thread, when that gets back to the interpreter;"
            " what it raises is raised there."
        )
    match cell.behaviour:
        case Behaviour.LOOPS_IN_C:
            return "The Python handler has to wait until the call comes back."
        case Behaviour.RETRIES | Behaviour.RAISES:
            return "The Python handler runs first."
        case _:
            return None


def _late_handler(cell: Cell) -> str | None:
    if not cell.question.runs_python_handler:
        return None
    if cell.question.thread is ThreadChoice.WORKER:
        return "The Python handler runs in the main thread, when that gets to the interpreter."
    return "The Python handler waits until the call comes back by itself."


def _program(cell: Cell) -> str:
    if cell.disturbance is Disturbance.DROPPED:
        traced = " or ".join(outcome.value for outcome in cell.if_traced)
        return f"Nothing happens. Under a tracer: {traced or 'EINTR'} [tracer-induced]."
    if not cell.outcomes:
        return _without_outcome(cell)
    text = " ".join(_CONSEQUENCES[outcome] for outcome in cell.outcomes[:1])
    if cell.depends is not None:
        text += f" Or it comes back before its time: that depends {cell.depends}."
    if cell.question.limit is LimitChoice.SOCKET and cell.behaviour is Behaviour.RETRIES:
        text += f" Each new call waits the whole {_socket_option(cell)} again."
    return text


def _without_outcome(cell: Cell) -> str:
    match cell.question.client:
        case Client.CPP if cell.thrift is not None and cell.thrift.on_eintr is OnEintr.WRAPS:
            return "The C++ program gets the exception."
        case Client.C | Client.CPP:
            return "The program gets -1 and errno EINTR, and has to call again by itself."
        case Client.PYTHON | Client.THRIFT:
            return "There is nothing to say of it."


_CONSEQUENCES = {
    Outcome.RESTARTED_BY_KERNEL: "The program never notices.",
    Outcome.RESUMED_BY_INTERPRETER: "The Python code that made the call does not notice.",
    Outcome.RETRIED_BY_LIBRARY: "The program does not notice, as long as the retries suffice.",
    Outcome.RETRIED_BY_PROGRAM: "The program has called again.",
    Outcome.RAISED: "The program gets an exception; nothing of the call had been done yet.",
    Outcome.ABANDONED_BY_HANDLER: "The program gets the handler's exception instead of a result.",
    Outcome.RETURNED_EARLY: "The program goes on as if the call were done: no exception tells it.",
    Outcome.COMPLETED: "The program gets its result.",
    Outcome.NOT_BLOCKING: "There was no call.",
    Outcome.DIED: "The program is gone.",
    Outcome.UNKNOWN: "What the program sees is not known.",
}


def _sources(cell: Cell) -> Iterator[str]:
    for wait in cell.waits:
        yield f"case {wait.case}: {wait.source}; {_measured(wait.run_on)}"
    if cell.codes:
        yield RESTART_RULES[cell.codes[0]].citation
    if cell.row is not None and cell.behaviour is not None:
        yield from _of_python(cell.row, cell.question)
    if cell.thrift is not None:
        yield cell.thrift.citation


def _measured(run_on: str | None) -> str:
    return "read, not run" if run_on is None else f"measured on {run_on.partition(':')[0]}"


def _of_python(row: Pep475Row, question: Question) -> Iterator[str]:
    found = row.c_function(question.version)
    if found is not None:
        yield f"CPython {found.source} {found.file}:{found.line} {found.name}()"
    branch = question.version[:2]
    seen = [version for version in row.observed_on if version[:2] == branch]
    if seen:
        yield f"seen on CPython {', '.join(map(version_said, seen))}"
    yield row.citation
