"""Two ways through C, held side by side."""

from __future__ import annotations

import pytest

from eintr_trace.analysis.fork import Fork, fork
from eintr_trace.model.c_stack import PathEnd, PathStep
from eintr_trace.model.episodes import CPath

LIBC = "/lib/libc.so.6"
RAISED = "recv sock_recv_guts PyEval_RestoreThread | set_error PyErr_SetFromErrno"
RESUMED = "recv sock_recv PyEval_RestoreThread take_gil | PyErr_CheckSignals (handler) recv"


def path(text: str) -> CPath:
    """What is before the bar has returned by the end, but for the second: it called the rest."""
    before, _, after = text.partition(" | ")
    first, second, *passed = before.split()
    steps = [PathStep(first, LIBC, 25, 7), PathStep(second, "x.so", 9, 3)]
    for name in passed:
        steps += [PathStep(name, "x.so", 0, 90), PathStep(second, "x.so", 12, 3)]
    entered = [name for name in after.split() if name not in {"(handler)", first}]
    steps += [PathStep(name, "x.so", 0, 1) for name in entered]
    return CPath(tuple(before.split() + after.split()), PathEnd.DECISION, tuple(steps))


def shown(one: Fork) -> str:
    marked = [
        f"{'| ' if number == one.parts_at else ''}{row.left or '-'}"
        + ("" if row.left == row.right else f"/{row.right or '-'}")
        for number, row in enumerate(one.rows)
    ]
    return " ".join(marked)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (
            RAISED,
            RESUMED,
            "recv sock_recv_guts/sock_recv PyEval_RestoreThread -/take_gil"
            " | set_error/PyErr_CheckSignals PyErr_SetFromErrno/(handler) -/recv",
        ),
        (RAISED, RAISED, "recv sock_recv_guts PyEval_RestoreThread set_error PyErr_SetFromErrno"),
        (
            RAISED,
            RAISED.replace("set_error", "_set_error.part.0"),
            "recv sock_recv_guts PyEval_RestoreThread set_error/_set_error.part.0"
            " PyErr_SetFromErrno",
        ),
        (
            RAISED,
            "epoll_wait pyepoll_poll | PyErr_SetFromErrno",
            "recv/epoll_wait sock_recv_guts/pyepoll_poll PyEval_RestoreThread/- set_error/-"
            " PyErr_SetFromErrno",
        ),
    ],
    ids=["2.7 and 3.13", "the same", "a clone", "another call"],
)
def test_the_fork(left: str, right: str, expected: str) -> None:
    assert shown(fork(path(left), path(right))) == expected


def test_nothing_to_compare() -> None:
    empty = CPath((), PathEnd.ENDED)
    assert fork(empty, empty) == Fork((), None)
