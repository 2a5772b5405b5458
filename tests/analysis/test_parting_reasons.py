"""Every sentence that says why two runs part, over what may differ between two episodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from eintr_trace.analysis.two_runs.comparison import compare
from eintr_trace.model.comparison import Comparison, StepKind
from eintr_trace.model.episodes import Episode, KernelAction, Outcome, TracerInduced
from tests.analysis.compared_runs import BASES, episode, run

CHANGES: tuple[dict[str, Any], ...] = (
    {"main_thread": False},
    {"main_thread": None},
    {"call": "poll", "args": [1, 1, 100], "restart_code": "ERESTART_RESTARTBLOCK"},
    {"call": "epoll_wait", "restart_code": "EINTR"},
    {"syscall": None},
    {"restart_code": None},
    {"receive_timeout_ns": 1, "restart_code": "EINTR"},
    {"sa_restart": None},
    {"sa_restart": True, "kernel_action": "restart"},
    {"function": "sock_recv_guts"},
    {"receiver": ["extension", "a._b"]},
    {"receiver": ["ctypes", None]},
    {"caught": None},
    {"caught": False},
    {"exceptions": []},
    {"consequences": []},
    {"consequences": ["7 bytes of it lay unread.", "The process ended with status 2."]},
    {"follow_up": -104},
    *({"outcome": outcome} for outcome in Outcome),
    *({"kernel_action": action} for action in KernelAction),
    *({"tracer_induced": kind} for kind in TracerInduced),
)


def _episodes() -> Iterator[Episode]:
    yield from BASES.values()
    for base in ("RAISED", "RESUMED", "BY_LOG"):
        for fields in CHANGES:
            changed = episode({"like": base, **fields})
            assert BASES["RAISED"].signal is not None
            yield replace(changed, signal=BASES["RAISED"].signal)


def _comparisons(python: str | None) -> Iterator[tuple[Comparison, Comparison]]:
    for one, other in product(_episodes(), BASES.values()):
        left, right = run("a", "2.7.18", [one]), run("b", python, [other])
        yield compare(left, right), compare(right, left)


@pytest.mark.parametrize("python", ["3.12.1", None])
def test_each_is_one_sentence_and_says_the_same_the_other_way_round(python: str | None) -> None:
    seen = set()
    for there, back in _comparisons(python):
        if there.first_pair is not None and there.first_pair.parting_row is not None:
            seen.add(there.first_pair.parting_row.kind)
        for one in (there, back):
            assert re.fullmatch(r"[A-Z].*[^.,:; ][).]\.?", one.reason), one.reason
            assert not re.search(r"None|  |\.\.|[a-zA-Z]\. [A-Z]|sigusr|,,", one.reason), one.reason
        if len(there.pairs) == 1:  # else each has a signal of its own, and A's comes first
            assert _words(there.reason) == _words(back.reason, swapped=True)
    assert seen == set(StepKind)


def _words(reason: str, swapped: bool = False) -> list[str]:
    """Without the words that join them, which stand elsewhere the other way round."""
    words = re.sub(r"[,;:.]", "", reason).split()
    letters = {"A": "B", "B": "A"} if swapped else {}
    return sorted(letters.get(word, word) if word in {"A", "B"} else word.lower() for word in words)
