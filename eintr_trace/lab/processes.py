"""The experiment's processes: started, listened to under a deadline, and always ended.

Each child is in a session of its own, so that Ctrl-C reaches only the runner, which ends its
children; where the runner cannot (SIGKILL), the kernel does (PR_SET_PDEATHSIG, prctl(2)).
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TypeVar

from eintr_trace.errors import EintrTraceError

# include/uapi/linux/prctl.h, Linux 6.1
_PR_SET_PDEATHSIG = 1
_PR_SET_PTRACER = 0x59616D61
_PR_SET_PTRACER_ANY = ctypes.c_ulong(-1)

LOOK_AGAIN_S = 0.001
"""How long a condition that no pipe announces (a state in /proc) is left before the next look."""

_READ_BYTES = 65536

# Loaded here, not in the child between fork and exec.
_libc = ctypes.CDLL(None)

T = TypeVar("T")


class Deadline:
    """A moment by which something must have happened."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._end_s = time.monotonic() + limit_s

    @property
    def left_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end_s - time.monotonic())

    def check(self, awaited: str) -> None:
        """Raise EintrTraceError, naming what was awaited, once the moment has passed."""
        if not self.left_s:
            raise EintrTraceError(
                f"the experiment gave up after {self._limit_s:g} s of waiting until {awaited}",
                "Try again when the machine is less busy",
            )


class Child:
    """A running process and what it has printed; ``name`` is what messages call it."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], stream: IO[bytes]) -> None:
        self.name = name
        self._process = process
        self._stream = stream
        self._printed = bytearray()
        self._open = True

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """All that was read so far."""
        return self._printed.decode(errors="replace")

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended; what it had printed is then read."""
        if self._process.poll() is None:
            return False
        self._read_what_is_there()
        return True

    def wait_for(
        self, condition: Callable[[], T | None], deadline: Deadline, awaited: str
    ) -> T | None:
        """Wait until ``condition`` gives a value; ``None``: the process ended before.

        Asks again after each output and every LOOK_AGAIN_S. Raises EintrTraceError when the
        deadline passes.
        """
        while True:
            value = condition()
            if value is not None or not self._open:
                return value
            deadline.check(awaited)
            self._read(LOOK_AGAIN_S)

    def wait_for_text(self, text: str, deadline: Deadline, count: int = 1) -> bool:
        """Wait until ``text`` was printed ``count`` times; false: the process ended before."""

        def printed() -> bool | None:
            return True if self.output.count(text) >= count else None

        return self.wait_for(printed, deadline, f"the {self.name} printed {text!r}") or False

    def wait(self, deadline: Deadline) -> int:
        """Read to the end and return the exit status (negative: the signal that ended it)."""
        ended = f"the {self.name} ended"
        while self._open:
            deadline.check(ended)
            self._read(deadline.left_s)
        while (status := self._process.poll()) is None:
            deadline.check(ended)
            time.sleep(LOOK_AGAIN_S)
        return status

    def wait_alone(self, deadline: Deadline) -> int:
        """Like wait, but not for processes that it has left behind and that could print more."""
        while (status := self._process.poll()) is None:
            deadline.check(f"the {self.name} ended")
            self._read_or_sleep()
        self._read_what_is_there()
        return status

    def tell_to_go_on(self) -> None:
        """Write one line to its standard input, if it still listens."""
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(b"\n")
                self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and needs no telling

    def _read_what_is_there(self) -> None:
        while self._open and select.select([self._stream], [], [], 0)[0]:
            self._read(0)

    def _read_or_sleep(self) -> None:
        if self._open:
            self._read(LOOK_AGAIN_S)
        else:
            time.sleep(LOOK_AGAIN_S)

    def _read(self, timeout_s: float) -> None:
        ready, _, _ = select.select([self._stream], [], [], timeout_s)
        if ready:
            data = os.read(self._stream.fileno(), _READ_BYTES)
            self._printed += data
            self._open = bool(data)


@contextmanager
def running(
    name: str, command: Sequence[str], environ: Mapping[str, str], *, stderr_only: bool = False
) -> Iterator[Child]:
    """Start ``command``, called ``name`` in messages; on the way out, kill and reap it.

    Its output and errors are read together; with ``stderr_only`` its output is discarded.
    Any process of the same user may trace it, also where Yama restricts that to ancestors.
    Raises EintrTraceError when it cannot be started.
    """
    try:
        process = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if stderr_only else subprocess.PIPE,
            stderr=subprocess.PIPE if stderr_only else subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=ended_with(os.getpid()),
        )
    except OSError as error:
        raise cannot_start(command[0], error) from error
    with process:
        stream = process.stderr if stderr_only else process.stdout
        assert stream is not None
        try:
            yield Child(name, process, stream)
        finally:
            process.kill()
            # What it was told as it ended is still in the buffer, which closing writes again.
            with suppress(BrokenPipeError):
                if process.stdin is not None:
                    process.stdin.close()


def cannot_start(program: str, error: OSError) -> EintrTraceError:
    """Say that a program cannot be started, and why."""
    return EintrTraceError(
        f"cannot start {program}: {error.strerror}",
        "Name an interpreter that exists with --python; `eintr-trace doctor` lists them",
    )


def allow_tracing() -> None:
    """Let any process of the same user trace this one, also after exec.

    Yama's ptrace_scope 1 (Documentation/admin-guide/LSM/Yama.rst) otherwise allows only
    ancestors, and the tracer is a sibling. Without Yama the call fails, and is not needed.
    """
    _libc.prctl(_PR_SET_PTRACER, _PR_SET_PTRACER_ANY, 0, 0, 0)


def ended_with(runner_pid: int) -> Callable[[], None]:
    """What a child does before exec so that it ends with its runner, even by kill -9.

    Other processes of the same user may then also trace it.
    """

    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        allow_tracing()
        if os.getppid() != runner_pid:
            os._exit(1)  # the runner died before the line above

    return prepare
