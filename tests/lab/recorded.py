"""What a recording of the experiment holds."""

from __future__ import annotations

from pathlib import Path

from eintr_trace.model.events import SignalDelivered
from eintr_trace.sources.recording.reader import read_recording


def deliveries(recording: Path) -> list[SignalDelivered]:
    """The signals that the tracer saw delivered."""
    with recording.open("rb") as stream:
        events = read_recording(stream, str(recording)).events
        return [event for event in events if isinstance(event, SignalDelivered)]
