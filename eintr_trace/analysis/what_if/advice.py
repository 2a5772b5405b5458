"""What to do about a what-if answer: which rows of ``facts/advice`` apply."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.what_if.answer import Cell, Client, LimitChoice, ThreadChoice
from eintr_trace.facts.advice import RemedyId, remedy, retry_loop_remedy, sa_restart_remedy
from eintr_trace.facts.glossary.functions import version_said
from eintr_trace.facts.pep475 import Behaviour
from eintr_trace.facts.restart_codes import RestartCode
from eintr_trace.model.episodes import Outcome

_PYTHON_3_RETRIES = (3, 5)


def advice(cell: Cell) -> Iterator[str]:
    """Give the remedies of an answer, the best first."""
    for one in dict.fromkeys(_remedies(cell)):
        text = remedy(one).text
        if one is RemedyId.UPGRADE_PYTHON and cell.row is not None:
            since = cell.row.retry_since
            text = text.format(since="" if since is None else version_said(since))
        yield text


def _remedies(cell: Cell) -> Iterator[RemedyId]:
    for outcome in cell.outcomes:
        yield from _against(outcome, cell)
    if cell.thrift is not None:
        yield from _against_thrift(cell)
    if cell.behaviour is Behaviour.LOOPS_IN_C:
        yield RemedyId.LOCK_WITH_TIMEOUT
    if cell.question.limit is LimitChoice.SOCKET and cell.behaviour is Behaviour.RETRIES:
        yield RemedyId.USE_SETTIMEOUT
    in_worker = cell.question.thread is ThreadChoice.WORKER
    is_python_3 = cell.question.version >= _PYTHON_3_RETRIES
    if in_worker and is_python_3 and cell.question.runs_python_handler:
        yield RemedyId.MAIN_THREAD_TAKES_IT


def _against(outcome: Outcome, cell: Cell) -> Iterator[RemedyId]:
    match outcome:
        case Outcome.RAISED:
            yield from _against_raising(cell)
        case Outcome.ABANDONED_BY_HANDLER:
            yield RemedyId.HANDLER_MUST_NOT_RAISE
        case Outcome.RETURNED_EARLY:
            yield from _against_early_returns(cell)
        case Outcome.RESTARTED_BY_KERNEL if _could_retry_instead(cell):
            yield RemedyId.DO_NOT_RESTART
        case _:
            pass


def _could_retry_instead(cell: Cell) -> bool:
    """Whether Python would call again by itself, and run its handler sooner, without SA_RESTART."""
    question = cell.question
    is_python_3 = question.runs_python_handler and question.version >= _PYTHON_3_RETRIES
    return is_python_3 and cell.codes == (RestartCode.ERESTARTSYS,) and _retries(cell)


def _retries(cell: Cell) -> bool:
    return cell.row is not None and cell.row.behaviour(cell.question.version) is Behaviour.RETRIES


def _against_raising(cell: Cell) -> Iterator[RemedyId]:
    if cell.row is not None and cell.row.retry_since is not None:
        yield RemedyId.UPGRADE_PYTHON
    if "close" in cell.calls or "dup2" in cell.calls:
        yield RemedyId.DO_NOT_RETRY_CLOSE
        return
    for code in cell.codes:
        yield sa_restart_remedy(code).id
    if cell.thrift is None:
        yield retry_loop_remedy(cell.question.version).id
    if cell.question.limit not in {None, LimitChoice.NONE}:
        yield RemedyId.RETRY_WITH_DEADLINE


def _against_early_returns(cell: Cell) -> Iterator[RemedyId]:
    if cell.row is None or not cell.row.is_of_cpython:
        yield RemedyId.CHECK_ERRNO
    elif "connect" in cell.calls:
        if _retries(cell):
            yield RemedyId.CHECK_CONNECTED
    elif cell.row.retry_since is not None and cell.behaviour is Behaviour.RETURNS_EARLY:
        yield RemedyId.SLEEP_UNTIL
        yield RemedyId.UPGRADE_PYTHON


def _against_thrift(cell: Cell) -> Iterator[RemedyId]:
    if cell.question.client is Client.THRIFT:
        yield RemedyId.CLOSE_CONNECTION
        yield RemedyId.THRIFT_DOES_NOT_RETRY
    elif cell.outcomes == (Outcome.RETRIED_BY_LIBRARY,):
        yield RemedyId.MORE_RECV_RETRIES
