"""Small programs to read: started, waited for until they are blocked, and ended."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from eintr_trace.interpreter.reader import InterpreterReader, open_interpreter
from eintr_trace.lab.processes import ended_with
from eintr_trace.model.python_state import CodeLocation, PythonFrame, PythonSnapshot

PROGRAMS = Path(__file__).parent.parent / "tracees"
WAIT_LIMIT_S = 20.0


def module_frame_of(program: Path) -> PythonFrame:
    """The frame every program of ours begins in, as it was before it ended."""
    return PythonFrame(CodeLocation("<module>", str(program), None), 0, 0, None)


@dataclass(frozen=True)
class Installation:
    """Where an interpreter lives: ``sys.prefix``, and its libpython if it is linked with one."""

    prefix: Path
    libraries: tuple[Path, ...]


@cache
def installation(python: Path) -> Installation:
    """Ask the interpreter itself."""
    program = "import sys; print(sys.prefix); print(open('/proc/self/maps').read())"
    printed = subprocess.run(
        [str(python), "-c", program], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split()
    mapped = {Path(word) for word in printed if "/libpython" in word}
    return Installation(Path(printed[0]), tuple(sorted(mapped)))


@dataclass
class Tracee:
    """A program that printed one JSON object and then blocked.

    ``threads`` maps a name to (tid, pthread id): the latter is the thread's fs_base.
    """

    process: subprocess.Popen[bytes]
    pid: int
    threads: Mapping[str, tuple[int, int]]
    facts: Mapping[str, Any]
    _reader: InterpreterReader | None = field(default=None, repr=False)

    @property
    def reader(self) -> InterpreterReader:
        if self._reader is None:
            self._reader = open_interpreter(self.pid)
        return self._reader

    def snapshot(
        self,
        thread: str = "main",
        signo: int | None = None,
        *,
        outermost_before: PythonFrame | None = None,
    ) -> PythonSnapshot:
        tid, pthread_id = self.threads[thread]
        return self.reader.snapshot(
            tid, fs_base=pthread_id, signo=signo, outermost_before=outermost_before
        )

    def tell(self, line: str = "") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self.process.kill()
        self.process.communicate()


class Tracees:
    """Starts programs, and leaves none behind."""

    def __init__(self) -> None:
        self._started: list[Tracee] = []

    def __enter__(self) -> Tracees:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        for tracee in self._started:
            tracee.close()

    def start(
        self,
        python: Path,
        program: Path | str,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> Tracee:
        """Start ``tests/tracees/PROGRAM`` and wait until every thread it named is blocked.

        ``prefix`` is a command that runs the interpreter as its only child, in a PID
        namespace of its own: the tids that the program names are then not ours.
        """
        process = subprocess.Popen(
            [*prefix, str(python), str(PROGRAMS / program), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(environ or {})},
            preexec_fn=ended_with(os.getpid()),
        )
        tracee = Tracee(process, process.pid, {}, {})
        self._started.append(tracee)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"{program} ended with status {process.wait()}"
        tracee.facts = json.loads(line)
        if prefix:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            tracee.pid = int(children)
        tracee.threads = {
            name: (tracee.pid if prefix else tid, pthread_id)
            for name, (tid, pthread_id) in json.loads(line)["threads"].items()
        }
        for name, (tid, _) in tracee.threads.items():
            if name in tracee.facts.get("blocked", tracee.threads):
                wait_until_blocked(tracee.pid, tid)
        return tracee


def wait_until_blocked(pid: int, tid: int) -> None:
    """Wait until a thread sleeps in a call that it does not come back from by itself.

    Twice the same call with the same arguments and stack: what a program does after its
    ``ready`` line (flushing, allocating) is over.
    """
    deadline = time.monotonic() + WAIT_LIMIT_S
    previous = ""
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/task/{tid}/stat").read_text().rpartition(")")[2].split()[0]
        call = Path(f"/proc/{pid}/task/{tid}/syscall").read_text()
        if status == "S" and call == previous and call != "running\n":
            return
        previous = call
        os.sched_yield()
    raise AssertionError(f"thread {tid} of {pid} does not block: {previous}")
