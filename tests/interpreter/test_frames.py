"""Frames against pystack's, and against what the programs are known to be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pystack.engine import get_process_threads

from eintr_trace.interpreter.reader import open_interpreter
from eintr_trace.model.python_state import PythonFrame
from tests.interpreter.processes import PROGRAMS, Tracee, Tracees, wait_until_blocked

pytestmark = pytest.mark.live

Python = tuple[tuple[int, int], Path]


def seen_by_pystack(tracee: Tracee) -> dict[int, list[tuple[str, str, int]]]:
    """(function, file, line) of every thread by tid, innermost first."""
    return {
        thread.tid: [
            (frame.code.scope, frame.code.filename, frame.code.location.lineno)
            for frame in reversed(list(thread.frames))
        ]
        for thread in get_process_threads(tracee.pid, stop_process=False)
    }


def plain(frames: tuple[PythonFrame, ...]) -> list[tuple[str, str, int | None]]:
    """The frames as pystack names them: without the qualification of 3.11's co_qualname."""
    return [
        (f.location.function.rsplit(".", 1)[-1], f.location.file, f.location.line) for f in frames
    ]


def assert_equal_to_pystack(tracee: Tracee) -> None:
    expected = seen_by_pystack(tracee)
    assert set(expected) == {tid for tid, _ in tracee.threads.values()}
    for name, (tid, _) in tracee.threads.items():
        snapshot = tracee.snapshot(name)
        assert snapshot.problem is None
        assert snapshot.attached
        assert plain(snapshot.frames) == expected[tid], name
        assert len({frame.address for frame in snapshot.frames}) == len(snapshot.frames)


def assert_equal_to_its_own_account(tracee: Tracee) -> None:
    """All frames but the innermost, which has gone on since."""
    snapshot = tracee.snapshot()
    assert snapshot.problem is None
    assert [list(frame) for frame in plain(snapshot.frames)[1:]] == tracee.facts["callers"]


def test_frames_of_every_thread_equal_pystacks(
    every_python: tuple[tuple[int, int], Path], tracees: Tracees
) -> None:
    tracee = tracees.start(every_python[1], "stacks.py")
    assert_equal_to_pystack(tracee)
    # What is remembered gives the same as what was read first.
    assert_equal_to_pystack(tracee)


def test_the_names_that_calls_call(python: Python, tracees: Tracees) -> None:
    tracee = tracees.start(python[1], "stacks.py")
    called = {
        name: tracee.snapshot(name).frames[0].calls
        for name in ("main", "receive", "sleep", "select", "read", "deep")
    }
    assert called.pop("read") == "read"
    assert called.pop("main") is None  # pause() is a local variable: no name is loaded
    # A call with *args: known where its instructions are.
    assert called.pop("select") in ("select", None)
    assert called == {"receive": "recv", "sleep": "sleep", "deep": "recv"}


def test_functions_are_qualified_from_3_11_on(python: Python, tracees: Tracees) -> None:
    version, executable = python
    tracee = tracees.start(executable, "stacks.py")
    qualified = version >= (3, 11)
    functions = [frame.location.function for frame in tracee.snapshot("receive").frames]
    expected = ["Worker.Inner.receive", "Worker.Inner.__init__", "Worker.__call__"]
    assert functions[:3] == (expected if qualified else ["receive", "__init__", "__call__"])
    sleeping = tracee.snapshot("sleep").frames[0].location
    assert sleeping.line == line_of("stacks.py", 'time.sleep(float("9" * 5))')
    assert sleeping.file == str(PROGRAMS / "stacks.py")


def test_the_main_thread_is_pythons(python: Python, tracees: Tracees) -> None:
    tracee = tracees.start(python[1], "stacks.py")
    known = {name: tracee.snapshot(name).is_python_main_thread for name in tracee.threads}
    assert known == {name: name == "main" for name in tracee.threads}


def test_the_main_thread_may_be_elsewhere(python: Python, tracees: Tracees) -> None:
    """After fork() in a worker, that worker is the child's main thread."""
    tracee = tracees.start(python[1], "forked_worker.py")
    child = tracee.facts["child"]
    assert isinstance(child, int)
    wait_until_blocked(child, child)
    assert_equal_to_pystack(tracee)
    reader = open_interpreter(child)
    snapshot = reader.snapshot(child, fs_base=tracee.threads["worker"][1], signo=None)
    reader.close()
    assert snapshot.is_python_main_thread is True
    assert snapshot.frames[0].location.function == "in_child"


def line_of(program: str, text: str) -> int:
    lines = (PROGRAMS / program).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


LONG = """\
# coding: utf-8
import sys
sys.path.insert(0, {programs!r})
from known_threads import ready
import signal
def pause(*_arguments):
    ready()
    signal.pause()
def long_function(x):
    if not x:
        return x
{filler}
    return pause(
        pause2(x,
               x)
        if x == 2 else x,
        [x
         for _ in
         (1, 2)],
        x +
        x)
{blank}
def pause2(*_arguments): pass
class Before: pass
long_function(1)
"""


def test_long_functions_and_lines_that_go_back(
    python: Python, tracees: Tracees, tmp_path: Path
) -> None:
    program = tmp_path / "long.py"
    filler = "\n" * 300 + "    x = x\n" * 400 + "\n" * 700
    program.write_text(LONG.format(programs=str(PROGRAMS), filler=filler, blank="\n" * 300))
    tracee = tracees.start(python[1], program)
    assert_equal_to_its_own_account(tracee)
    if python[0] >= (3,):  # pystack 1.7 takes 2.7's line increments for signed: negative lines
        assert_equal_to_pystack(tracee)


@pytest.mark.parametrize("name", ["файл_名前.py", "é.py"])
def test_names_that_are_not_ascii(
    python: Python, tracees: Tracees, tmp_path: Path, name: str
) -> None:
    version, executable = python
    source = (PROGRAMS / "names.py").read_text(encoding="utf-8")
    program = tmp_path / name
    shutil.copy(PROGRAMS / "known_threads.py", tmp_path)
    program.write_text(
        source
        if version >= (3,)
        else source.replace("функция", "f").replace("é𐐀", "g").replace("naïve_ä", "h"),
        encoding="utf-8",
    )
    tracee = tracees.start(executable, program)
    # pystack 1.7 shows such names as NULs, or gives up.
    assert_equal_to_its_own_account(tracee)
    innermost = tracee.snapshot().frames[0].location
    assert innermost.file == str(program)
    assert innermost.function == ("é𐐀" if version >= (3,) else "g")


def test_a_thread_without_python_state(python: Python, tracees: Tracees) -> None:
    tracee = tracees.start(python[1], "stacks.py")
    snapshot = tracee.reader.snapshot(1, fs_base=0x7F0000000000, signo=None)
    assert not snapshot.attached
    assert snapshot.frames == ()
    assert snapshot.problem is None
