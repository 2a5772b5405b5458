"""Where events did not fit the pipe, the lines say so in that place."""

from __future__ import annotations

from eintr_trace.analysis.lines.trace_lines import TraceLines
from eintr_trace.model.events import EventsLost, Syscall, SyscallEntered, SyscallExited


def test_the_place_of_lost_events_is_marked_and_no_call_is_joined_across_it() -> None:
    lines = TraceLines()
    told = [
        SyscallEntered(1, 7, 7, Syscall("read", 0, (3, 0, 1), "read(3, NULL, 1)")),
        EventsLost(2, 0, 0, 120),
        SyscallExited(3, 7, 7, "read", 0, 1),
    ]
    parts = [made.part for event in told for made in lines.feed(event)]
    texts = [part.line.text for part in parts if part.line is not None]
    assert texts[0] == "eintr-trace: 120 events are missing here"
    assert texts[1].split() == ["<...", "read", "resumed>)", "=", "1"]
