"""Starting a command so that it is traced from its first instruction.

The child waits until it has been seized, then executes the command: the first exec is the
first thing the tracer sees. What exec(2) says comes back over a close-on-exec pipe.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from eintr_trace.errors import EintrTraceError
from eintr_trace.sources.live.own_signals import Inherited, wait_for_end_signal

_GO = b"1"
_LOOK_AGAIN_S = 0.05
_NOT_EXECUTED_STATUS = 127  # as a shell's (POSIX, 2.8.2)


class LaunchError(EintrTraceError):
    """The command could not be executed."""

    exit_code = _NOT_EXECUTED_STATUS


@dataclass
class LaunchedCommand:
    """A child that waits at the gate; ``pid`` is its process."""

    pid: int
    _gate_fd: int
    _errno_fd: int
    _name: str

    def open_gate(self) -> None:
        """Let the child execute the command."""
        os.write(self._gate_fd, _GO)

    def wait(self) -> int | None:
        """Wait for a command that is not traced any more; its status as a shell has it.

        ``None``: an end signal came first, and the command goes on without us.
        """
        while True:
            try:
                pid, wait_status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid:
                status = os.waitstatus_to_exitcode(wait_status)
                return status if status >= 0 else 128 - status
            if wait_for_end_signal(_LOOK_AGAIN_S) is not None:
                return None

    def close(self) -> None:
        """Give up the gate, which ends a child that still waits there.

        Raises LaunchError if the child was let through and exec failed.
        """
        os.close(self._gate_fd)
        with os.fdopen(self._errno_fd, "rb") as pipe:
            answer = pipe.read()
        if answer:
            raise _not_executed(self._name, int(answer))


def prepare(command: tuple[str, ...], inherited: Inherited) -> LaunchedCommand:
    """Fork the child; ``inherited`` is what the command is to have of signals.

    Raises LaunchError where it can be told beforehand, before anything is started.
    """
    if shutil.which(command[0]) is None:
        there = Path(command[0]).exists()
        raise _not_executed(command[0], errno.EACCES if there else errno.ENOENT)
    gate_read, gate_write = os.pipe()
    errno_read, errno_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(gate_write)
        if os.read(gate_read, len(_GO)) == _GO:
            _execute(command, inherited, errno_write)
        os._exit(_NOT_EXECUTED_STATUS)
    os.close(gate_read)
    os.close(errno_write)
    return LaunchedCommand(pid, gate_write, errno_read, command[0])


def _not_executed(name: str, number: int) -> LaunchError:
    what = {
        errno.ENOENT: "there is no such program",
        errno.EACCES: "it is not executable",
        errno.ENOEXEC: "it is no program this machine can run",
    }.get(number, os.strerror(number))
    return LaunchError(f"cannot run {name}: {what}")


def _execute(command: tuple[str, ...], inherited: Inherited, errno_fd: int) -> None:
    try:
        # Python ignores these two at start-up; a command expects the default (exec keeps it).
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        inherited.restore()
        os.execvp(command[0], command)
    except OSError as error:
        os.write(errno_fd, str(error.errno).encode())
