"""The one way out: what is printed and which status the program ends with."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from enum import IntEnum

from eintr_trace.errors import EintrTraceError
from eintr_trace.reports.escaping import escape


class ExitStatus(IntEnum):
    """The exit statuses that are not a launched command's own."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    OUTCOME_SEEN = 3  # an episode with an outcome that --fail-on names
    INTERRUPTED = 130  # by Ctrl-C, outside tracing: 128 + SIGINT, as shells have it


_OUTPUT_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def guarded(work: Callable[[], int]) -> int:
    """Do ``work`` and return its status, or say on stderr why not and return that status.

    What is neither an EintrTraceError nor a failure of the output is a defect of ours and
    passes through, with its traceback.
    """
    try:
        status = work()
        sys.stdout.flush()
    except EintrTraceError as error:
        complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        _discard_output()
        return ExitStatus.DONE
    except OSError as error:
        if error.errno not in _OUTPUT_ERRNOS:
            raise
        _discard_output()
        message = f"cannot write the report: {os.strerror(error.errno)}"
        complain(EintrTraceError(message, "Free some space or send the report elsewhere"))
        return ExitStatus.FAILED
    return status


def complain(error: EintrTraceError) -> None:
    """Print an error as one line on stderr."""
    print(f"eintr-trace: {escape(str(error))}", file=sys.stderr, flush=True)


def _discard_output() -> None:
    """Let what stdout still buffers go nowhere: its flush at exit would fail again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
