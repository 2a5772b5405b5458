"""The C stack of an interruption, from the stop to the recording, in real programs."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from eintr_trace.model.c_stack import CFrame, CodeRole, CStack, StackEnd
from eintr_trace.model.events import Event, SignalDelivered, SyscallEntered, Warned
from eintr_trace.model.stack_events import LibrarySeen, StackMoment, StackSeen
from eintr_trace.sources.live.proc import thread_ids
from tests.lab.interpreters import cpython
from tests.live.harness import Tracer, attached, program, tgkill
from tests.native.c_programs import compiled
from tests.native.gdb_stacks import GdbStack, stacks_of

pytestmark = pytest.mark.live

EVALUATION_LOOPS = {"PyEval_EvalFrameEx", "_PyEval_EvalFrameDefault"}
WAITS = """
#include <errno.h>
#include <unistd.h>
int wait_in_library(int fd)
{
    char byte;
    int again = 0;
    while (read(fd, &byte, 1) == -1 && errno == EINTR)
        again++;
    return again;
}
"""


def stacks(events: list[Event], moment: StackMoment) -> list[CStack]:
    return [e.stack for e in events if isinstance(e, StackSeen) and e.moment is moment]


def functions(stack: CStack) -> list[str | None]:
    return [frame.function for frame in stack.frames]


def frame_of(stack: CStack, function: str) -> CFrame:
    (found,) = [frame for frame in stack.frames if frame.function == function]
    return found


def library(events: list[Event], file: str | None) -> LibrarySeen:
    (found,) = [e for e in events if isinstance(e, LibrarySeen) and e.file == file]
    return found


def without_clones(names: list[str | None]) -> list[str | None]:
    """As compilers were given them: gdb shows ``sock_recv.lto_priv.0``."""
    return [name and name.split(".")[0] for name in names]


def assert_as_gdb_saw_it(stack: CStack, gdb: GdbStack) -> None:
    assert [frame.address for frame in stack.frames] == gdb.addresses
    ours, theirs = functions(stack), without_clones(gdb.functions)
    # The C library has several names for one place.
    cpython = [n for n, f in enumerate(stack.frames) if f.file and "libc.so" not in f.file]
    assert [ours[n] for n in cpython] == [theirs[n] for n in cpython]


@pytest.mark.parametrize("who", ["main", "worker"])
@pytest.mark.parametrize("version", ["2.7", "3.6", "3.11", "3.13", "3.15"])
def test_the_stack_is_the_one_that_gdb_sees(version: str, who: str, tmp_path: Path) -> None:
    with program(cpython(version).executable, "workers.py", "1") as running:
        running.wait_all_blocked_in("recvfrom", "read")
        (worker,) = set(thread_ids(running.pid)) - {running.pid}
        tid, call = (running.pid, "read") if who == "main" else (worker, "recv")
        gdb = stacks_of(running.pid, tmp_path)[tid]
        with attached(running.pid, tmp_path / "run.jsonl") as tracer:
            running.wait_all_blocked_in("recvfrom", "read")
            tgkill(running.pid, tid, signal.SIGUSR1)
            tracer.wait_event(SyscallEntered)
            running.tell("done")
            running.account()
            tracer.wait()
            events = tracer.events()
    (stack,) = stacks(events, StackMoment.INTERRUPTED)
    assert_as_gdb_saw_it(stack, gdb)
    names = functions(stack)
    # In glibc 2.41 it calls up to three that are not exported (sysdeps/nptl, cancellation).
    assert call in [str(name).lstrip("_").removeprefix("libc_") for name in names[:4]]
    assert EVALUATION_LOOPS & {*names[2:12]}
    assert stack.end is StackEnd.OUTERMOST
    assert library(events, stack.frames[0].file).role is CodeRole.C_LIBRARY
    outside = next(frame for frame in stack.frames if frame.file != stack.frames[0].file)
    assert library(events, outside.file).role is CodeRole.CPYTHON
    (again,) = stacks(events, StackMoment.ENTERING)
    if version != "2.7":  # which raises, and makes the call anew
        assert again == stack


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.11", "3.13", "3.15"])
def test_beyond_the_large_frame_of_select(version: str, tmp_path: Path) -> None:
    """What it returns to is compared with later stacks, to tell who decided."""
    with program(cpython(version).executable, "one_call.py", "select_stdin", "SIGUSR1") as running:
        with attached(running.pid, tmp_path / "run.jsonl") as tracer:
            running.wait_blocked_in("select", "pselect6")
            running.process.send_signal(signal.SIGUSR1)
            tracer.wait_event(SyscallEntered)
            if version != "2.7":  # which raises
                running.tell("done")
            running.account()
            tracer.wait()
            events = tracer.events()
    found = stacks(events, StackMoment.INTERRUPTED)
    if version != "2.7":
        found += stacks(events, StackMoment.ENTERING)
    assert len(found) == (1 if version == "2.7" else 2)
    for stack in found:
        assert EVALUATION_LOOPS & {*functions(stack)}, stack
        assert stack.end is StackEnd.OUTERMOST


def order_of(tracer: Tracer) -> list[str]:
    """The kinds of events, those of files left out."""
    return [type(e).__name__ for e in tracer.events() if not isinstance(e, LibrarySeen)]


def test_a_stack_stands_beside_its_stop(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "one_call.py", "read_stdin", "SIGUSR1") as running:
        with attached(running.pid, tmp_path / "run.jsonl") as tracer:
            running.wait_blocked_in("read")
            running.process.send_signal(signal.SIGUSR1)
            tracer.wait_event(SyscallEntered)
            running.tell("done")
            running.account()
            tracer.wait()
    order = order_of(tracer)
    assert order[order.index("SignalDelivered") + 1] == "StackSeen"
    assert order[order.index("SyscallEntered") - 1] == "StackSeen"
    for moment in (StackMoment.INTERRUPTED, StackMoment.ENTERING):
        assert len(stacks(tracer.events(), moment)) == 1
    assert b'"stack-copied"' not in tracer.recording.read_bytes()


def waited_in_library(python: Path, file: Path, recording: Path, *options: str) -> list[Event]:
    """The events of a signal that meets a call in a library which is loaded under the tracer."""
    compiled(WAITS, file, "-shared", "-fPIC", "-O1")
    with program(python, "loaded_later.py", str(file), *options) as running:
        with attached(running.pid, recording) as tracer:
            running.wait_blocked_in("read")
            running.process.send_signal(signal.SIGUSR1)  # the code is told of before the library
            tracer.wait_event(SignalDelivered)
            running.tell("load")
            while running.read_line() != "loaded":
                pass
            running.wait_blocked_in("read")
            running.process.send_signal(signal.SIGUSR1)
            tracer.wait_event(SyscallEntered, 2)
            running.tell("done")
            running.account()
            tracer.wait()
            return tracer.events()


def test_a_library_that_is_loaded_under_the_tracer(newest_python: Path, tmp_path: Path) -> None:
    file = tmp_path / "libwaits.so"
    events = waited_in_library(newest_python, file, tmp_path / "run.jsonl")
    for moment in (StackMoment.INTERRUPTED, StackMoment.ENTERING):
        first, second = stacks(events, moment)
        assert "wait_in_library" not in functions(first)
        assert frame_of(second, "wait_in_library").file == str(file)
        assert second.end is StackEnd.OUTERMOST
    seen = library(events, str(file))
    assert (seen.role, seen.deleted) == (CodeRole.LIBRARY, False)


def test_a_library_whose_file_is_deleted(newest_python: Path, tmp_path: Path) -> None:
    file = tmp_path / "libgone.so"
    events = waited_in_library(newest_python, file, tmp_path / "run.jsonl", "unlink")
    assert not file.exists()
    _, second = stacks(events, StackMoment.INTERRUPTED)
    (inside,) = [frame for frame in second.frames if frame.file == str(file)]
    assert library(events, str(file)).deleted
    if os.geteuid() == 0:  # /proc/PID/map_files: CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE
        assert inside.function == "wait_in_library"
        assert second.end is StackEnd.OUTERMOST
    else:
        assert (inside.function, second.end) == (None, StackEnd.FILE_UNUSABLE)


def test_a_program_that_the_signal_ends(newest_python: Path, tmp_path: Path) -> None:
    with program(newest_python, "one_call.py", "recv") as running:
        running.wait_blocked_in("recvfrom")
        with attached(running.pid, tmp_path / "run.jsonl") as tracer:
            running.process.send_signal(signal.SIGTERM)
            running.process.wait()
            tracer.wait()
    (stack,) = stacks(tracer.events(), StackMoment.INTERRUPTED)
    assert EVALUATION_LOOPS & {*functions(stack)}
    assert stack.end is StackEnd.OUTERMOST


def test_a_launched_program_that_dies_of_the_exception(python2: Path, tmp_path: Path) -> None:
    script = Path(__file__).parent.parent / "tracees" / "dies_of_it.py"
    tracer = Tracer(tmp_path / "run.jsonl", "--", str(python2), str(script), attached=0)
    _, errors = tracer.process.communicate(timeout=60)
    assert "socket.error: [Errno 4] Interrupted system call" in errors
    events = tracer.events()
    (stack,) = stacks(events, StackMoment.INTERRUPTED)
    names = functions(stack)
    assert "sock_recv" in names, (stack, events)
    assert EVALUATION_LOOPS & {*names}
    assert not [event for event in events if isinstance(event, Warned)]
