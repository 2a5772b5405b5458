"""The page of C paths says for each call and version who decided, and how it came there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from eintr_trace.lab.interpreters import FoundIn, FoundInterpreter
from eintr_trace.lab.paths.document import PathsPage, render
from eintr_trace.lab.paths.run import SeenPath
from eintr_trace.model.c_stack import PathEnd, PathStep
from eintr_trace.model.episodes import CPath, Decision, DecisionKind, Episode
from tests.reports.samples import RAISED, RESUMED

LIBRARY = "/opt/py/lib/libpython.so"
STEPS_27 = (
    PathStep("recv", "/lib/libc.so.6", 4, 7),
    PathStep("sock_recv_guts", LIBRARY, 80, 12),
    PathStep("set_error", LIBRARY, 0, 3),
    PathStep("PyErr_SetFromErrno", LIBRARY, 0, 1),
)
RAISES = replace(
    RAISED,
    decision=Decision(DecisionKind.RAISE, "PyErr_SetFromErrno", ("set_error", "sock_recv_guts")),
    c_path=CPath(tuple(step.function or "" for step in STEPS_27), PathEnd.DECISION, STEPS_27),
)
RETRIES = replace(
    RESUMED,
    decision=Decision(DecisionKind.CALL_AGAIN, "PyErr_CheckSignals", ("sock_call_impl",)),
    c_path=CPath(("recv", "sock_call_impl", "PyErr_CheckSignals"), PathEnd.HANDLER_DUE),
)


def seen(version: tuple[int, int, int], episode: Episode, took_ns: int | None) -> SeenPath:
    python = FoundInterpreter(Path("/opt/py/bin/python"), version, "CPython", FoundIn.PATH)
    return SeenPath("socket.recv", python, episode, took_ns)


def page(*seen: SeenPath) -> str:
    return render(PathsPage(seen, kernel="6.12", tool_version="1.0"))


def test_a_row_says_who_decided_and_how_it_came_there() -> None:
    text = page(seen((2, 7, 18), RAISES, 3_400_000), seen((3, 13, 0), RETRIES, 11_000_000))
    assert (
        "| 2.7.18 | raised | PyErr_SetFromErrno ← set_error ← sock_recv_guts: raises "
        "| recv → sock_recv_guts → set_error → PyErr_SetFromErrno "
        "| the entry of a function that makes an exception of errno "
        "| 23 | 3.4 |" in text
    )
    assert "| PyErr_CheckSignals ← sock_call_impl: calls again |" in text


def test_the_oldest_and_the_newest_are_drawn_side_by_side() -> None:
    middle = seen((3, 6, 15), RETRIES, None)
    text = page(seen((2, 7, 18), RAISES, None), middle, seen((3, 13, 0), RETRIES, None))
    drawn = text.split("```")[1]
    assert drawn.split("\n")[1].split("  ")[0] == "CPython 2.7.18"
    assert "CPython 3.13.0" in drawn
    assert "3.6.15" not in drawn
    assert "the fork in the road" in drawn


def test_what_was_not_seen_is_not_made_up() -> None:
    assert "| 2.7.18 | raised | – | – | – | – | – |" in page(seen((2, 7, 18), RAISED, None))


def test_no_place_of_this_machine_is_on_the_page() -> None:
    assert "/opt" not in page(seen((2, 7, 18), RAISES, 1))
