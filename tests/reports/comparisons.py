"""Comparisons to be drawn: each kind of divergence a reader may meet."""

from __future__ import annotations

from dataclasses import replace

from eintr_trace.analysis.two_runs.comparison import compare
from eintr_trace.model.c_stack import CodeRole, PathEnd
from eintr_trace.model.comparison import Comparison
from eintr_trace.model.episodes import CPath, Decision, DecisionKind, Episode, FollowUp, Receiver
from tests.analysis.compared_runs import BASES, run
from tests.reports import samples

RAISED = replace(
    samples.RAISED,
    received_by=Receiver(CodeRole.CPYTHON, "sock_recv_guts", "_socket.so", retries_since="3.5"),
    decision=Decision(DecisionKind.RAISE, "PyErr_SetFromErrno", ("set_error", "sock_recv_guts")),
    c_path=CPath(
        ("recv", "sock_recv_guts", "PyEval_RestoreThread", "set_error", "PyErr_SetFromErrno"),
        PathEnd.DECISION,
    ),
)
RESUMED = replace(
    samples.RESUMED,
    c_path=CPath(
        ("recv", "sock_recv", "PyEval_RestoreThread", "PyErr_CheckSignals", "(handler)", "recv"),
        PathEnd.HANDLER_DUE,
    ),
    python=replace(samples.RESUMED.python, problem=None) if samples.RESUMED.python else None,
    follow_up=FollowUp(1372568, 76_000_000),
)
ALIKE = (samples.RESTARTED, samples.RESTARTED, samples.NOT_BLOCKING)


def two_interpreters() -> Comparison:
    """Compare one signal under 2.7 with two under 3.12; others go the same way."""
    return compare(
        run("python2.7.jsonl", "2.7.18", [RAISED, *ALIKE]),
        run("python3.12.jsonl", "3.12.1", [RESUMED, RESUMED, *ALIKE]),
    )


def the_same_twice() -> Comparison:
    """Compare a run with itself."""
    return compare(run("once", "2.7.18", [RAISED]), run("again", "2.7.18", [RAISED]))


def beside_a_log() -> Comparison:
    """Compare a live trace with what a log shows of the same."""
    return compare(run("live", "2.7.18", [RAISED]), run("log", None, [BASES["BY_LOG"]]))


def many_kinds(count: int) -> Comparison:
    """Compare runs that part in ``count`` ways."""

    def episode(base: Episode, number: int) -> Episode:
        assert base.signal is not None
        return replace(base, signal=replace(base.signal, name=f"SIGRT_{number}"))

    return compare(
        run("a", "2.7.18", [episode(RAISED, number) for number in range(count)]),
        run("b", "3.12.1", [episode(RESUMED, number) for number in range(count)]),
    )


def hostile() -> Comparison:
    """Compare runs whose every string tries to be markup, script, or to move the cursor."""
    bad = '<script>alert("x")</script>\x1b[2J\u202e\n\udcff&\'"`${x}</style>'
    assert RAISED.signal is not None
    left = replace(
        RAISED,
        signal=replace(RAISED.signal, name=bad),
        exceptions=tuple(replace(one, type_name=bad, message=bad) for one in RAISED.exceptions),
        received_by=Receiver(CodeRole.CPYTHON, bad, bad),
        c_path=CPath((bad, "x"), PathEnd.DECISION),
        consequences=(bad,),
        evidence=tuple(replace(one, text=bad) for one in RAISED.evidence),
    )
    right = replace(RESUMED, signal=left.signal, c_path=CPath((bad, "y"), PathEnd.DECISION))
    return compare(run(bad, bad, [left]), run(f"{bad}2", f"3{bad}", [right]))
