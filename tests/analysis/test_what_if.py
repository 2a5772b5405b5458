from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from eintr_trace.analysis.what_if.answer import (
    NEWEST,
    OLDEST,
    Cell,
    Client,
    HandlerChoice,
    LimitChoice,
    Question,
    ThreadChoice,
    answer,
    limits_of,
)
from eintr_trace.analysis.what_if.sentences import say
from eintr_trace.analysis.what_if.table import what_if_table
from eintr_trace.facts.pep475 import Pep475Row, all_pep475_rows, parse_version
from eintr_trace.facts.restart_codes import RestartCode
from eintr_trace.facts.syscalls import all_interruptible_calls
from eintr_trace.model.episodes import KernelAction, Layer, Outcome
from tests.analysis.matrix_page import MatrixCell, matrix_cells

ASKED = {
    row["scenario"]: row
    for row in yaml.safe_load(
        (Path(__file__).parent / "what_if_matrix.yaml").read_text(encoding="utf-8")
    )
}
ROWS: dict[str, Pep475Row] = {
    name: row for row in all_pep475_rows() for name in (*row.names, row.id)
}
# SIGUSR1, SIGWINCH, SIGSTOP, SIGCONT.
DISPOSITIONS: dict[str, dict[str, Any]] = {
    "plain": {"handler": HandlerChoice.PLAIN},
    "siginterrupt-false": {"handler": HandlerChoice.SA_RESTART},
    "raising-handler": {"handler": HandlerChoice.RAISES},
    "sig-ign": {"handler": HandlerChoice.IGNORED},
    "default-ignored": {"handler": HandlerChoice.NONE, "signo": 28},
    "default-fatal": {"handler": HandlerChoice.NONE, "signo": 10},
    "stop-continue": {"handler": HandlerChoice.NONE, "signo": 19},
    "sigcont": {"handler": HandlerChoice.NONE, "signo": 18},
    "worker-thread": {"handler": HandlerChoice.PLAIN, "thread": ThreadChoice.WORKER},
    "c-handler": {"handler": HandlerChoice.PLAIN},
    "c-handler-sa-restart": {"handler": HandlerChoice.SA_RESTART},
}


def question(cell: MatrixCell) -> Question:
    asked = ASKED[cell.scenario]
    limit = asked.get("limit")
    return Question(
        asked.get("syscall"),
        ROWS[asked["function"]],
        parse_version(cell.version),
        limit=None if limit is None else LimitChoice(limit),
        **DISPOSITIONS[cell.disposition],
    )


def measured() -> list[MatrixCell]:
    return [
        cell
        for cell in matrix_cells()
        if cell.scenario in ASKED
        and cell.disposition in DISPOSITIONS
        and Outcome.UNKNOWN not in cell.outcomes
    ]


def test_no_answer_contradicts_what_was_measured() -> None:
    wrong = []
    for cell in measured():
        answers = answer(question(cell))
        said = {outcome for one in answers for outcome in (one.outcomes or one.if_traced)}
        if not answers or not set(cell.outcomes) <= said:
            wrong.append((cell, said))
        if cell.induced != any(one.if_traced for one in answers):
            wrong.append((cell, said))
    assert wrong == []


def test_the_answers_are_held_against_all_that_was_measured() -> None:
    cells = measured()
    assert len(cells) > 4000
    assert {cell.scenario for cell in cells} == set(ASKED)
    assert {cell.disposition for cell in cells} == set(DISPOSITIONS)


def test_an_answer_says_one_thing_unless_it_depends() -> None:
    several = Counter(
        cell.scenario
        for cell in measured()
        for one in answer(question(cell))
        if len(one.outcomes) > 1
    )
    assert set(several) == {"socket.connect full backlog", "file.read(4) pipe"}


SYSCALLS = sorted({call.syscall for call in all_interruptible_calls()})


@pytest.mark.parametrize("syscall", SYSCALLS)
def test_every_call_has_a_table_and_every_cell_its_words(syscall: str) -> None:
    assert what_if_table(Question(syscall)).rows
    for handler, client, thread in product(HandlerChoice, Client, ThreadChoice):
        for limit in (None, *LimitChoice):
            asked = Question(syscall, None, NEWEST, handler, limit, client=client, thread=thread)
            for cell in answer(asked):
                require_words(cell)


@pytest.mark.parametrize("row", all_pep475_rows(), ids=lambda row: row.id)
def test_every_function_is_answered_for_every_era(row: Pep475Row) -> None:
    for era in row.eras:
        for handler in HandlerChoice:
            version = max(era.since, OLDEST)
            for cell in answer(Question(None, row, version, handler)):
                require_words(cell)
                assert cell.outcomes or cell.if_traced


def require_words(cell: Cell) -> None:
    said = say(cell)
    assert said.title
    assert said.layers[0][0] is Layer.KERNEL
    assert said.layers[-1][0] is Layer.PROGRAM
    assert all(text.endswith(".") for _, text in said.layers), said
    assert not any("{" in text for text in said.advice)
    assert said.sources


def only(asked: Question) -> Cell:
    (cell,) = answer(asked)
    return cell


def test_the_founding_case() -> None:
    python_2 = only(Question("recvfrom", ROWS["socket.recv"], (2, 7), HandlerChoice.PLAIN))
    assert (python_2.kernel_action, python_2.outcomes) == (KernelAction.EINTR, (Outcome.RAISED,))
    assert python_2.codes == (RestartCode.ERESTARTSYS,)
    python_3 = only(Question("recvfrom", ROWS["socket.recv"], (3, 13), HandlerChoice.PLAIN))
    assert python_3.outcomes == (Outcome.RESUMED_BY_INTERPRETER,)
    restarted = only(Question("recvfrom", ROWS["socket.recv"], (2, 7), HandlerChoice.SA_RESTART))
    assert restarted.kernel_action is KernelAction.RESTART


def test_thrift_of_python_wraps_and_of_cpp_calls_again() -> None:
    wrapped = only(Question("recvfrom", None, (2, 7), client=Client.THRIFT))
    assert "unexpected exception" in " ".join(text for _, text in say(wrapped).layers)
    assert any("Close the connection" in text for text in say(wrapped).advice)
    cpp = only(Question("recvfrom", client=Client.CPP))
    assert cpp.outcomes == (Outcome.RETRIED_BY_LIBRARY,)
    thrown = only(Question("sendto", client=Client.CPP))
    assert thrown.outcomes == ()


def test_settimeout_makes_it_poll() -> None:
    cell = only(Question("recvfrom", ROWS["socket.recv"], (2, 7), limit=LimitChoice.SETTIMEOUT))
    assert cell.calls == ("poll",)
    limits = limits_of("recvfrom", None)
    assert limits == (LimitChoice.NONE, LimitChoice.SETTIMEOUT, LimitChoice.SOCKET)


def test_a_version_that_has_no_such_function() -> None:
    assert answer(Question("read", None, (2, 7)))
    names = {cell.row.id for cell in answer(Question("read", None, (2, 7))) if cell.row}
    assert "os.eventfd" not in names
