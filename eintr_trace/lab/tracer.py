"""eintr-trace itself, attached to the experiment's client as one would by hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.experiment import Attach
from eintr_trace.lab.processes import Child, Deadline, running

ATTACH_LIMIT_S = 20.0
END_LIMIT_S = 20.0
_ATTACHED = "eintr-trace: attached to "


def recording_to(recording: Path, options: Sequence[str] = ()) -> Attach:
    """Return what attaches ``eintr-trace -p PID -o recording`` with further ``options``.

    Its report is discarded: it can be had from the recording. Entering raises EintrTraceError
    when it cannot attach, leaving when it failed or outlived the client by END_LIMIT_S.
    """

    def attach(client_pid: int) -> AbstractContextManager[None]:
        return recording_all([client_pid], recording, options)

    return attach


@contextmanager
def recording_all(
    pids: Sequence[int], recording: Path, options: Sequence[str] = ()
) -> Iterator[None]:
    """Attach one tracer to all ``pids``; leave once all have ended, as ``recording_to`` does."""
    names = [word for pid in pids for word in ("-p", str(pid))]
    command = [sys.executable, "-m", "eintr_trace", *names, "-o", str(recording), *options]
    with running("tracer", command, os.environ, stderr_only=True) as tracer:
        deadline = Deadline(ATTACH_LIMIT_S)
        for pid in pids:
            if not tracer.wait_for_text(f"{_ATTACHED}{pid} ", deadline):
                raise _failed(tracer, deadline)
        yield
        deadline = Deadline(END_LIMIT_S)
        if tracer.wait(deadline):
            raise _failed(tracer, deadline)


def _failed(tracer: Child, deadline: Deadline) -> EintrTraceError:
    status = tracer.wait(deadline)
    said = tracer.output.strip().splitlines()
    return EintrTraceError(
        f"the tracer of the experiment ended with exit status {status}: "
        + (said[-1] if said else "it said nothing"),
        "`eintr-trace doctor` says what this machine allows",
    )
