"""A checker of trace events, after the document "Trace Event Format" (Google, chrome://tracing).

It knows the phases that the report uses, and complains about everything else.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

Events = list[dict[str, Any]]

_OF_PHASE = {
    "X": {"name", "cat", "ts", "dur", "pid", "tid", "args"},  # "Complete Events"
    "i": {"name", "cat", "ts", "pid", "tid", "s", "args"},  # "Instant Events"
    "s": {"name", "cat", "ts", "pid", "tid", "id"},  # "Flow Events"
    "f": {"name", "cat", "ts", "pid", "tid", "id", "bp"},
}
_METADATA = {  # "Metadata Events"
    "process_name": {"name", "pid", "args"},
    "thread_name": {"name", "pid", "tid", "args"},
}


def check(document: Any) -> None:
    """Raise AssertionError unless the "JSON Object Format" is kept, as the report uses it."""
    assert set(document) == {"traceEvents", "displayTimeUnit", "otherData"}
    assert document["displayTimeUnit"] in ("ms", "ns")
    events: Events = document["traceEvents"]
    for event in events:
        _check_members(event)
    timed = [event for event in events if event["ph"] != "M"]
    assert [event["ts"] for event in timed] == sorted(event["ts"] for event in timed)
    _check_nesting(timed)
    _check_arrows(timed)
    _check_names(events)


def _check_members(event: dict[str, Any]) -> None:
    phase = event["ph"]
    members = _METADATA[event["name"]] if phase == "M" else _OF_PHASE[phase]
    assert set(event) == members | {"ph"}
    assert isinstance(event["name"], str)
    assert event["name"]
    for member in {"pid", "tid", "id"} & members:
        assert type(event[member]) is int
    for member in {"ts", "dur"} & members:
        assert math.isfinite(event[member])
        assert event[member] >= 0
    if phase == "i":
        assert event["s"] in ("g", "p", "t")
    if phase == "f":
        assert event["bp"] == "e"
    if phase == "M":
        assert list(event["args"]) == ["name"]


def _check_nesting(timed: Events) -> None:
    """Of two slices of a thread, one lies within the other or after it."""
    open_slices: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for event in timed:
        if event["ph"] != "X":
            continue
        stack = open_slices[event["pid"], event["tid"]]
        start, end = event["ts"], event["ts"] + event["dur"]
        while stack and not _reaches(stack[-1][1], start):
            stack.pop()
        if stack:
            assert _reaches(stack[-1][1], end) or math.isclose(stack[-1][1], end, abs_tol=1e-6)
        stack.append((start, end))


def _reaches(end: float, moment: float) -> bool:
    return end > moment and not math.isclose(end, moment, rel_tol=0, abs_tol=1e-4)


def _check_arrows(timed: Events) -> None:
    """Each id has one beginning and then one end, both tied to something of their thread."""
    ends: dict[int, list[str]] = defaultdict(list)
    for index, event in enumerate(timed):
        if event["ph"] not in "sf":
            continue
        ends[event["id"]].append(event["ph"])
        assert any(
            (one["pid"], one["tid"]) == (event["pid"], event["tid"])
            and one["ph"] in "Xi"
            and one["ts"] <= event["ts"] <= one["ts"] + one.get("dur", 0)
            for one in timed[: index + 1]
        )
    assert all(phases == ["s", "f"] for phases in ends.values())


def _check_names(events: Events) -> None:
    """Each thread that has events has one name."""
    named = [(one["pid"], one["tid"]) for one in events if one["name"] == "thread_name"]
    assert len(named) == len(set(named))
    assert {(one["pid"], one["tid"]) for one in events if one["ph"] != "M"} <= set(named)
