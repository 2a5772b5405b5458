"""The report of a live trace, in the process that writes it."""

from __future__ import annotations

from typing import BinaryIO

from eintr_trace.commands.exits import ExitStatus, complain, guarded
from eintr_trace.commands.presentation import Presentation
from eintr_trace.commands.presenting import present_trace
from eintr_trace.sources.live.named_stream import NamedStream
from eintr_trace.sources.recording.reader import read_recording
from eintr_trace.sources.recording.writer import RecordingWriter

_NAME = "the trace"  # in messages about it


def report_live(wanted: Presentation, recorder: RecordingWriter | None, stream: BinaryIO) -> int:
    """Print and record the trace as it comes; return the exit status.

    It leaves by the same way out as the tracing process: errors are told, not raised.
    """

    def record(line: bytes) -> None:
        if recorder is not None and (failure := recorder.write_line(line)) is not None:
            complain(failure)

    def present() -> int:
        trace = read_recording(NamedStream(stream), _NAME, record)
        return present_trace(trace, _NAME, wanted)

    status = guarded(present)
    if recorder is None:
        return status
    if (failure := recorder.close()) is not None:
        complain(failure)
    failed = recorder.failure is not None
    return ExitStatus.FAILED if failed and status == ExitStatus.DONE else status
