"""What files to be reported are: a recording or an strace log, and the trace that they hold."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from eintr_trace.commands.progress import ProgressBar
from eintr_trace.errors import EintrTraceError, UsageError
from eintr_trace.model.trace import Trace
from eintr_trace.sources.recording.reader import read_recording

_RECORDING_BEGINS: Final = b"{"  # the header: a line of JSON
_STDIN: Final = "-"


@dataclass(frozen=True)
class OpenedTrace:
    """A trace, and what to call it in messages."""

    trace: Trace
    name: str


@contextmanager
def opened_trace(files: Sequence[str], python: str | None = None) -> Iterator[OpenedTrace]:
    """Give the trace of one recording, or of one strace log in one or several files.

    ``-`` is stdin, which may be either. ``python`` is the version of CPython that the user says
    the processes of a log have. A name that is no file stands for the files of ``strace -ff``
    that begin with it. Raises EintrTraceError.
    """
    # Imported here: a recording needs none of it.
    from eintr_trace.sources.strace_log.separate_files import files_of_log

    names = [name for file in files for name in ([file] if file == _STDIN else files_of_log(file))]
    if len(names) > 1 and _STDIN in names:
        raise UsageError("stdin is one of several files", "Give the files of one log, or - alone")
    with ExitStack() as stack:
        streams = [stack.enter_context(_opened(name)) for name in names]
        called = "stdin" if names == [_STDIN] else names[0] if len(names) == 1 else files[0]
        if len(streams) == 1 and _is_recording(streams[0]):
            yield OpenedTrace(read_recording(streams[0], called), called)
            return
        for name, stream in zip(names, streams, strict=True):
            if len(streams) > 1 and _is_recording(stream):
                raise UsageError(f"{name} is a recording, one of several files", "Give it alone")
        yield OpenedTrace(_log(streams, names, called, python), called)


def _log(
    streams: list[io.BufferedReader], names: list[str], called: str, python: str | None
) -> Trace:
    from eintr_trace.sources.strace_log.large_file import is_large, read_large_log
    from eintr_trace.sources.strace_log.programs import given_interpreter
    from eintr_trace.sources.strace_log.separate_files import pid_of_file, read_separate_files
    from eintr_trace.sources.strace_log.source import read_log
    from eintr_trace.sources.strace_log.text_lines import numbered_lines

    interpreter = None if python is None else given_interpreter(python)
    if len(streams) > 1:
        return read_separate_files(list(zip(names, streams, strict=True)), interpreter)
    own_pid = pid_of_file(names[0])
    if is_large(streams[0]):
        return read_large_log(streams[0], called, interpreter, own_pid, ProgressBar())
    return read_log(numbered_lines(streams[0]), called, interpreter, own_pid)


@contextmanager
def _opened(name: str) -> Iterator[io.BufferedReader]:
    if name == _STDIN:
        yield cast(io.BufferedReader, sys.stdin.buffer)  # never closed: it is the process's
        return
    try:
        stream = Path(name).open("rb")  # noqa: SIM115 - the with follows
    except OSError as error:
        raise EintrTraceError(
            f"cannot read {name}: {os.strerror(error.errno or 0)}",
            "Name a file that eintr-trace -o wrote, or strace -o",
        ) from error
    with stream:
        yield stream


def _is_recording(stream: io.BufferedReader) -> bool:
    """Look at the first byte, which no line of strace has; an empty file is an empty recording."""
    return stream.peek(1)[:1] in {b"", _RECORDING_BEGINS}
