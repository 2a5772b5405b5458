"""The reporting child behind the pipe: its start, its stream and its end."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import BinaryIO

from eintr_trace.errors import EintrTraceError
from eintr_trace.sources.live.outlet import Outlet
from eintr_trace.sources.live.own_signals import wait_for_end_signal

_LOOK_AGAIN_S = 0.02
_NICENESS = 10  # a tenth of a processor's time where the tracer or the traced program wants it

Consume = Callable[[BinaryIO], int]
"""Gets the recording as a stream, returns the exit status of the report."""

Prepare = Callable[[], Consume]
"""What takes time at the child's start, such as imports: we attach meanwhile."""


class Reporter:
    """A child that runs ``prepare`` and what that returns; ``outlet`` is our end of its pipe.

    ``has_to_keep_up``: there is much to tell all the time, so that it gets its full share of a
    busy processor.
    """

    def __init__(self, prepare: Prepare, *, has_to_keep_up: bool = False) -> None:
        read_fd, write_fd = os.pipe()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # closed by the shell: `>&-`
                stream.flush()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(write_fd)
            _become_reporter(read_fd, prepare, 0 if has_to_keep_up else _NICENESS)
        os.close(read_fd)
        self.outlet = Outlet(write_fd)

    def finish(self, *, asked_to_end: bool) -> int:
        """Let it write out all it has been sent, and return its exit status.

        No thread is held by then. It may take as long as the terminal does (Ctrl-S); a further
        end signal gives up waiting: the second where the trace ended by itself, since the first
        may have been meant for the trace. Raises EintrTraceError then, or if it was killed.
        """
        while True:
            self.outlet.flush()
            if not self.outlet.has_backlog:
                self.outlet.close()
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                return self._exit_status(status)
            signo = wait_for_end_signal(_LOOK_AGAIN_S)
            if signo is not None and asked_to_end:
                self._give_up(signo)
            asked_to_end = asked_to_end or signo is not None

    def _give_up(self, signo: int) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        name = signal.Signals(signo).name
        raise EintrTraceError(
            f"{name} came again while the report was still being written: it is cut short",
            "The traced program is not touched any more",
        )

    @staticmethod
    def _exit_status(wait_status: int) -> int:
        status = os.waitstatus_to_exitcode(wait_status)
        if status >= 0:
            return status
        raise EintrTraceError(
            f"the process that writes the report was killed by {signal.Signals(-status).name}"
        )


def _become_reporter(read_fd: int, prepare: Prepare, niceness: int) -> None:
    """The child's life; never returns."""
    status = 1
    try:
        # It reads symbols just when a thread is being followed.
        os.nice(niceness)
        # All signals stay blocked: what ends the trace, or is sent to the programs, may reach
        # our whole group; the report is then still to be written.
        consume = prepare()
        with os.fdopen(read_fd, "rb") as stream:
            # Nothing at all: attaching failed, which the parent tells.
            status = consume(stream) if stream.peek(1) else 0
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        status = 0  # whoever read our output has seen enough
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)
