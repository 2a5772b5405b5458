"""What if: what becomes of a call that a signal interrupts, worked out from the tables.

A question names the call or the function of Python, its version, the handler, the time limit and
the thread. An answer goes through the kernel, C, Python and the program, as an episode does;
nothing is traced for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from eintr_trace.facts.glossary.functions import (
    rows_of_call,
    waits_in,
    waits_in_with_settimeout,
)
from eintr_trace.facts.pep475 import Behaviour, Pep475Row, Version
from eintr_trace.facts.restart_codes import RESTART_RULES, AfterSignal, RestartCode
from eintr_trace.facts.signals import DefaultAction, default_action
from eintr_trace.facts.syscalls import InterruptibleCall, TimeLimit, interruptible_calls
from eintr_trace.facts.thrift import (
    OnEintr,
    ThriftFact,
    newest_thrift_fact,
    thrift_cpp_fact_of_call,
)
from eintr_trace.model.episodes import KernelAction, Outcome

NEWEST: Final[Version] = (3, 15)
"""The newest branch that the PEP 475 table was held against."""

OLDEST: Final[Version] = (2, 7)
_SIGUSR1: Final = 10
_USED_BY_THRIFT: Final = frozenset({"socket.recv", "socket.send"})


class HandlerChoice(StrEnum):
    """What the program does with the signal."""

    PLAIN = "plain"  # a handler without SA_RESTART, as signal.signal() installs it
    SA_RESTART = "sa_restart"
    RAISES = "raises"  # a Python handler that raises
    IGNORED = "ignored"
    NONE = "none"  # the default action


class LimitChoice(StrEnum):
    """Where a time limit of the call comes from."""

    NONE = "none"
    SETTIMEOUT = "settimeout"  # of a Python socket
    SOCKET = "socket"  # SO_RCVTIMEO, SO_SNDTIMEO
    CALL = "call"  # an argument of the call


class Client(StrEnum):
    """Whose code gets EINTR."""

    PYTHON = "python"  # CPython's standard library
    THRIFT = "thrift"  # Apache Thrift's Python library on top of it
    CPP = "cpp"  # Apache Thrift's C++ library
    C = "c"  # any C code: it gets what the kernel gives


class ThreadChoice(StrEnum):
    """Which thread makes the call, and takes the signal."""

    MAIN = "main"
    WORKER = "worker"


@dataclass(frozen=True)
class Question:
    """One cell. ``row``: a function of Python's; ``None``: all code that makes ``syscall``.

    ``syscall`` of ``None``: whatever the function waits in. ``signo`` matters to
    ``HandlerChoice.NONE`` alone. ``limit`` of ``None``: without one where the call allows that.
    """

    syscall: str | None
    row: Pep475Row | None = None
    version: Version = NEWEST
    handler: HandlerChoice = HandlerChoice.PLAIN
    limit: LimitChoice | None = None
    client: Client = Client.PYTHON
    thread: ThreadChoice = ThreadChoice.MAIN
    signo: int = _SIGUSR1

    @property
    def runs_python_handler(self) -> bool:
        """Whether a handler is installed from Python."""
        has_handler = self.handler not in {HandlerChoice.IGNORED, HandlerChoice.NONE}
        return has_handler and self.client in {Client.PYTHON, Client.THRIFT}


class Disturbance(StrEnum):
    """Whether the signal reaches the call at all."""

    HANDLER = "a handler runs"
    STOP = "the process stops, and SIGCONT lets it go on"
    FATAL = "the process ends"
    DROPPED = "the kernel drops the signal"  # but not under a tracer


@dataclass(frozen=True)
class Cell:
    """An answer. ``waits`` are the measured cases that it holds for, all with one fate.

    ``after`` is what the kernel does with the call, ``None`` where there is nothing to decide.
    ``outcomes`` are as in reports: more than one where it depends (``depends`` says on what),
    none where the signal disturbs nothing (under a tracer ``if_traced`` then). ``behaviour`` is
    that of ``row`` under the version: ``None`` of C code, or where it does not come to it.
    ``thrift`` is what Thrift does with the EINTR that it gets.
    """

    question: Question
    disturbance: Disturbance
    waits: tuple[InterruptibleCall, ...]
    after: AfterSignal | None
    outcomes: tuple[Outcome, ...]
    row: Pep475Row | None = None
    behaviour: Behaviour | None = None
    depends: str | None = None
    thrift: ThriftFact | None = None
    if_traced: tuple[Outcome, ...] = ()

    @property
    def kernel_action(self) -> KernelAction:
        """As in reports."""
        if self.after is None or self.disturbance in {Disturbance.FATAL, Disturbance.DROPPED}:
            return KernelAction.NONE
        eintr = self.after is AfterSignal.EINTR
        return KernelAction.EINTR if eintr else KernelAction.RESTART

    @property
    def codes(self) -> tuple[RestartCode, ...]:
        """The restart codes of the cases."""
        return tuple(dict.fromkeys(wait.code for wait in self.waits if wait.code is not None))

    @property
    def calls(self) -> tuple[str, ...]:
        """The system calls of the cases."""
        return tuple(dict.fromkeys(wait.syscall for wait in self.waits))


def answer(question: Question) -> tuple[Cell, ...]:
    """Answer a question: a cell for each fate that the call can have; none if it never waits so.

    Cells differ where the call was measured with several restart codes, or where several
    functions make it and do not agree.
    """
    cells: list[Cell] = []
    for waits, row in _waits_and_rows(question):
        disturbance = _disturbance(question)
        for after, alike in _by_fate(waits, question, disturbance):
            cells.append(_cell(question, disturbance, alike, after, row))
    return tuple(cells)


def limits_of(syscall: str | None, row: Pep475Row | None) -> tuple[LimitChoice, ...]:
    """Give the time limits with which a call, or what a function waits in, was measured."""
    return tuple(limit for limit in LimitChoice if _was_measured(syscall, row, limit))


def _was_measured(syscall: str | None, row: Pep475Row | None, limit: LimitChoice) -> bool:
    clients = [Client.PYTHON]
    if row is None and limit is not LimitChoice.SETTIMEOUT:
        clients.append(Client.C)
    questions = [Question(syscall, row, limit=limit, client=client) for client in clients]
    return any(waits for question in questions for waits, _ in _waits_and_rows(question))


def _waits_and_rows(
    question: Question,
) -> Iterator[tuple[tuple[InterruptibleCall, ...], Pep475Row | None]]:
    """Give what is waited in, once for each row of functions that it is to be told of."""
    if question.client in {Client.C, Client.CPP}:
        yield _cases(_calls(question, question.row), question.limit), None
        return
    for row in (question.row,) if question.row is not None else _rows(question):
        limit = question.limit
        if row.is_timed and limit is None:
            limit = LimitChoice.CALL
        waits = _cases(_calls(question, row), limit)
        # No C function of CPython's waits for a futex that inherits priority.
        met = tuple(wait for wait in waits if wait.code is not RestartCode.ERESTARTNOINTR)
        if met:
            yield met, row


def _rows(question: Question) -> Iterator[Pep475Row]:
    """Give the rows of functions that make the call, one of those that do just the same."""
    seen: set[object] = set()
    for row in rows_of_call(question.syscall or ""):
        kind = (row.eras, row.hands_over_part, row.resumes_with, row.note)
        if question.client is Client.THRIFT and row.id not in _USED_BY_THRIFT:
            continue
        if question.version[0] > row.checked_through[0] or not row.eras_of(question.version):
            continue  # not a function of this Python
        if question.syscall not in row.calls_of(question.version):
            continue  # which makes another call in this Python
        if question.limit is LimitChoice.SETTIMEOUT and not waits_in_with_settimeout(row):
            continue
        if kind not in seen:
            seen.add(kind)
            yield row


def _calls(question: Question, row: Pep475Row | None) -> tuple[str, ...]:
    if question.limit is LimitChoice.SETTIMEOUT:
        return ("poll",) if row is None else waits_in_with_settimeout(row)
    if question.syscall is not None:
        return (question.syscall,)
    if row is None:
        return ()
    of_version = row.calls_of(question.version)
    return tuple(call for call in waits_in(row) if call in of_version)


def _cases(calls: Iterable[str], limit: LimitChoice | None) -> tuple[InterruptibleCall, ...]:
    """Give the measured cases of calls with such a time limit."""
    cases = tuple(case for call in calls for case in interruptible_calls(call))
    match limit:
        case LimitChoice.SOCKET:
            kinds: set[TimeLimit | None] = {TimeLimit.SOCKET}
        case LimitChoice.CALL:
            kinds = {TimeLimit.CALL, None}
        case LimitChoice.NONE:
            kinds = {TimeLimit.NONE, None}
        case LimitChoice.SETTIMEOUT:
            kinds = {TimeLimit.CALL}
        case None:
            without = tuple(case for case in cases if case.time_limit in {TimeLimit.NONE, None})
            return without or tuple(c for c in cases if c.time_limit is TimeLimit.CALL)
    return tuple(case for case in cases if case.time_limit in kinds)


def _disturbance(question: Question) -> Disturbance:
    match question.handler:
        case HandlerChoice.IGNORED:
            return Disturbance.DROPPED
        case HandlerChoice.NONE:
            return _of_default(default_action(question.signo))
        case _:
            return Disturbance.HANDLER


def _of_default(action: DefaultAction) -> Disturbance:
    match action:
        case DefaultAction.TERMINATE | DefaultAction.CORE:
            return Disturbance.FATAL
        case DefaultAction.STOP:
            return Disturbance.STOP
        case DefaultAction.IGNORE | DefaultAction.CONTINUE:
            return Disturbance.DROPPED


def _by_fate(
    waits: tuple[InterruptibleCall, ...], question: Question, disturbance: Disturbance
) -> Iterator[tuple[AfterSignal | None, tuple[InterruptibleCall, ...]]]:
    fates: dict[AfterSignal | None, tuple[InterruptibleCall, ...]] = {}
    for wait in waits:
        fate = None if wait.code is None else _fate(wait.code, question.handler, disturbance)
        fates[fate] = (*fates.get(fate, ()), wait)
    yield from fates.items()


def _fate(code: RestartCode, handler: HandlerChoice, disturbance: Disturbance) -> AfterSignal:
    rule = RESTART_RULES[code]
    if disturbance is not Disturbance.HANDLER:
        return rule.no_handler
    return rule.handler_sa_restart if handler is HandlerChoice.SA_RESTART else rule.handler


def _cell(
    question: Question,
    disturbance: Disturbance,
    waits: tuple[InterruptibleCall, ...],
    after: AfterSignal | None,
    row: Pep475Row | None,
) -> Cell:
    cell = Cell(question, disturbance, waits, after, (), row)
    match disturbance:
        case Disturbance.FATAL:
            return replace(cell, outcomes=(Outcome.DIED,))
        case Disturbance.DROPPED:
            reached = _reached(cell)
            return replace(reached, outcomes=(), if_traced=reached.outcomes)
        case Disturbance.HANDLER | Disturbance.STOP:
            return _reached(cell)


def _reached(cell: Cell) -> Cell:
    """Give what becomes of a call that the thread has to leave for the signal."""
    if cell.after is None:
        return replace(cell, outcomes=(Outcome.COMPLETED,))
    if cell.after is not AfterSignal.EINTR:
        return replace(cell, outcomes=(Outcome.RESTARTED_BY_KERNEL,))
    match cell.question.client:
        case Client.PYTHON:
            return _in_python(cell)
        case Client.THRIFT:
            return _in_thrift(_in_python(cell))
        case Client.CPP:
            return _in_thrift_cpp(cell)
        case Client.C:
            return cell


def _in_thrift(cell: Cell) -> Cell:
    """What Thrift's Python code does is told only where an exception reaches it."""
    if Outcome.RAISED not in cell.outcomes:
        return cell
    return replace(cell, thrift=newest_thrift_fact(cell.calls[0]))


def _in_thrift_cpp(cell: Cell) -> Cell:
    fact = thrift_cpp_fact_of_call(cell.calls[0])
    retries = fact is not None and fact.on_eintr is OnEintr.RETRIES_SOME_TIMES
    outcomes = (Outcome.RETRIED_BY_LIBRARY,) if retries else ()
    return replace(cell, thrift=fact, outcomes=outcomes)


_OUTCOMES: Final = {
    Behaviour.LOOPS_IN_C: Outcome.RESUMED_BY_INTERPRETER,
    Behaviour.RAISES: Outcome.RAISED,
    Behaviour.RETURNS_EARLY: Outcome.RETURNED_EARLY,
    Behaviour.NOT_KNOWN: Outcome.UNKNOWN,
}


def _in_python(cell: Cell) -> Cell:
    row, question = cell.row, cell.question
    if row is None:
        return cell
    behaviour = row.behaviour(question.version)
    told = replace(cell, behaviour=behaviour)
    if behaviour is None:
        return told
    if _handler_raises_here(question) and _asks_for_handlers(behaviour):
        return replace(told, outcomes=(Outcome.ABANDONED_BY_HANDLER,))
    if behaviour is Behaviour.RETRIES:
        return _retried(told, row)
    return replace(told, outcomes=(_OUTCOMES[behaviour],))


def _handler_raises_here(question: Question) -> bool:
    """Python handlers run in the main thread only: a worker's call is not given up for one."""
    return question.handler is HandlerChoice.RAISES and question.thread is ThreadChoice.MAIN


def _asks_for_handlers(behaviour: Behaviour) -> bool:
    """Whether Python handlers run before the call is made again, or else right after it.

    What raises runs them first (PyErr_SetFromErrno()); after what returns early the evaluation
    loop does.
    """
    return behaviour not in {Behaviour.LOOPS_IN_C, Behaviour.NOT_KNOWN}


def _retried(cell: Cell, row: Pep475Row) -> Cell:
    outcomes: tuple[Outcome, ...] = (Outcome.RESUMED_BY_INTERPRETER,)
    if row.hands_over_part:
        outcomes += (Outcome.RETURNED_EARLY,)
        return replace(cell, outcomes=outcomes, depends="on whether it had read anything yet")
    waits_for_another = not set(cell.calls) & set(row.resumes_with)
    if waits_for_another and row.note is not None:
        # connect() is not called again: CPython waits for one that may not be under way.
        outcomes += (Outcome.RETURNED_EARLY,)
        return replace(cell, outcomes=outcomes, depends=f"on the socket: {row.note}")
    return replace(cell, outcomes=outcomes)
