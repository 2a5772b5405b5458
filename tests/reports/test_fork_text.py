"""The fork in the road as it is printed."""

from __future__ import annotations

import re

from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.episodes import CPath, Outcome
from eintr_trace.reports.fork_text import ForkSide, draw_fork
from eintr_trace.reports.layout import Layout, columns

RAISED = CPath(("recv", "sock_recv_guts", "set_error", "PyErr_SetFromErrno"), PathEnd.DECISION)
RESUMED = CPath(
    ("recv", "sock_recv", "PyErr_CheckSignals", "(handler)", "recv"), PathEnd.HANDLER_DUE
)


def drawn(width: int, colour: bool = False, right: CPath = RESUMED) -> str:
    sides = (
        ForkSide("CPython 2.7.18", RAISED, Outcome.RAISED),
        ForkSide("CPython 3.13.0", right, Outcome.RESUMED_BY_INTERPRETER),
    )
    return draw_fork(*sides, Layout(width, colour))


def test_two_columns_and_a_line_where_they_part() -> None:
    assert drawn(56) == (
        "CPython 2.7.18               CPython 3.13.0\n"
        "recv                         recv\n"
        "───────────────── the fork in the road ─────────────────\n"
        "sock_recv_guts               sock_recv\n"
        "set_error                    PyErr_CheckSignals\n"
        "PyErr_SetFromErrno           (handler)\n"
        "                             recv\n"
        "→ raised                     → resumed-by-interpreter\n"
    )


def test_no_line_where_they_do_not_part() -> None:
    assert "fork" not in drawn(80, right=RAISED)


def test_it_fits() -> None:
    hostile = CPath(("recv", "x" * 200, "\x1b[2J漢字" * 20), PathEnd.DECISION)
    for width in (40, 79, 80):
        text = drawn(width, right=hostile)
        assert "\x1b" not in text
        assert all(columns(line) <= width for line in text.splitlines())
    coloured = drawn(80, colour=True, right=hostile)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == drawn(80, right=hostile)
