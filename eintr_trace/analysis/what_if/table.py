"""All cells of a call or a function at once: what becomes of it, by version and handler."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from eintr_trace.analysis.what_if.answer import (
    NEWEST,
    OLDEST,
    Cell,
    Client,
    Disturbance,
    HandlerChoice,
    LimitChoice,
    Question,
    answer,
    limits_of,
)
from eintr_trace.facts.glossary.entry import Table
from eintr_trace.facts.glossary.functions import best_name, version_said
from eintr_trace.facts.pep475 import Era, Version
from eintr_trace.facts.syscalls import is_sending
from eintr_trace.model.episodes import Outcome

_HANDLERS = (HandlerChoice.PLAIN, HandlerChoice.SA_RESTART, HandlerChoice.RAISES)
_HEADINGS = {
    HandlerChoice.PLAIN: "handler",
    HandlerChoice.SA_RESTART: "and SA_RESTART",
    HandlerChoice.RAISES: "that raises",
    HandlerChoice.IGNORED: "ignored",
    HandlerChoice.NONE: "no handler",
}
_LIMITS = {
    LimitChoice.NONE: "",
    LimitChoice.SETTIMEOUT: ", settimeout()",
    LimitChoice.SOCKET: ", SO_RCVTIMEO",
    LimitChoice.CALL: ", with a timeout",
}


def what_if_table(question: Question, handlers: tuple[HandlerChoice, ...] = _HANDLERS) -> Table:
    """Give the table of a call or a function, for all versions of Python and C code.

    ``question`` says of what, and leaves open (``None``) or says the time limit.
    """
    headers = ("who waits", "from", *(_HEADINGS[handler] for handler in handlers))
    return Table(headers, tuple(_rows(question, handlers)))


def _rows(question: Question, handlers: tuple[HandlerChoice, ...]) -> Iterator[tuple[str, ...]]:
    limits = limits_of(question.syscall, question.row)
    for limit in (question.limit,) if question.limit is not None else limits:
        asked = replace(question, limit=limit)
        if question.client in {Client.PYTHON, Client.THRIFT}:
            yield from _python_rows(asked, handlers)
        if question.row is None and limit is not LimitChoice.SETTIMEOUT:
            yield from _c_rows(asked, handlers)


def _python_rows(
    question: Question, handlers: tuple[HandlerChoice, ...]
) -> Iterator[tuple[str, ...]]:
    for row in dict.fromkeys(cell.row for cell in answer(question) if cell.row is not None):
        asked = replace(question, row=row)
        who = best_name(row) + _limit(asked)
        lines = (
            (version, tuple(_cell(replace(asked, version=version), one) for one in handlers))
            for version in _versions(row.eras)
        )
        for number, (cells, alike) in enumerate(groupby(lines, key=lambda line: line[1])):
            since = version_said(next(alike)[0])
            yield (who if number == 0 else "", since, *cells)


def _limit(question: Question) -> str:
    said = _LIMITS[question.limit or LimitChoice.NONE]
    calls = {call for cell in answer(question) for call in cell.calls}
    return said.replace("RCV", "SND") if any(map(is_sending, calls)) else said


def _versions(eras: tuple[Era, ...]) -> tuple[Version, ...]:
    return tuple(max(era.since, OLDEST) for era in eras)


def _c_rows(question: Question, handlers: tuple[HandlerChoice, ...]) -> Iterator[tuple[str, ...]]:
    limit = _limit(question)
    for client, name in ((Client.CPP, "Thrift in C++"), (Client.C, "C code")):
        if question.client not in {client, Client.PYTHON}:
            continue
        asked = replace(question, client=client, version=NEWEST)
        cells = answer(asked)
        if client is Client.CPP and all(cell.thrift is None for cell in cells):
            continue
        if cells:
            yield (name + limit, "", *(_cell(asked, one) for one in handlers))


def _cell(question: Question, handler: HandlerChoice) -> str:
    if handler is HandlerChoice.RAISES and question.client in {Client.C, Client.CPP}:
        return ""
    cells = answer(replace(question, handler=handler))
    return " or ".join(dict.fromkeys(said for cell in cells for said in _said(cell)))


def _said(cell: Cell) -> Iterator[str]:
    if cell.disturbance is Disturbance.DROPPED:
        yield "nothing"
    elif cell.outcomes:
        yield from (outcome.value for outcome in cell.outcomes)
    elif cell.question.client is Client.CPP and cell.thrift is not None:
        yield "throws"
    else:
        yield "EINTR" if cell.question.client is Client.C else Outcome.UNKNOWN.value
