"""Finding the interpreter: stripped, deleted, in other namespaces, or not there at all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from eintr_trace.facts.c_functions import (
    ERRNO_EXCEPTION_FUNCTIONS,
    EVALUATION_LOOP_FUNCTIONS,
    SIGNAL_CHECK_FUNCTIONS,
)
from eintr_trace.facts.cpython_layouts import layouts
from eintr_trace.interpreter.errors import NotReadableInterpreterError
from eintr_trace.interpreter.locate import locate_interpreter
from eintr_trace.interpreter.memory import ProcessMemory
from eintr_trace.interpreter.reader import InterpreterReader, open_interpreter
from eintr_trace.lab.interpreters import find_interpreters, interpreter_at
from eintr_trace.model.python_state import HandlerKind, Implementation
from tests.interpreter.private_copy import PrivateCopy
from tests.interpreter.processes import Tracee, Tracees, installation

pytestmark = pytest.mark.live

Python = tuple[tuple[int, int], Path]


def start(copy: PrivateCopy, tracees: Tracees) -> Tracee:
    tracee = tracees.start(copy.executable, "handlers.py", environ=copy.environ)
    maps = Path(f"/proc/{tracee.pid}/maps").read_text()
    assert all(str(file) in maps for file in copy.files), "the copy is not what runs"
    return tracee


def assert_everything_is_found(tracee: Tracee) -> None:
    snapshot = tracee.snapshot(signo=signal.SIGUSR1)
    assert snapshot.problem is None
    assert [frame.location.function for frame in snapshot.frames] == ["<module>"]
    assert snapshot.is_python_main_thread is True
    assert tracee.reader.main_thread_tid() == tracee.pid
    assert snapshot.handler is not None
    assert snapshot.handler.kind is HandlerKind.FUNCTION
    assert snapshot.handler.location is not None
    assert snapshot.handler.location.function == "function"
    for family in (ERRNO_EXCEPTION_FUNCTIONS, SIGNAL_CHECK_FUNCTIONS, EVALUATION_LOOP_FUNCTIONS):
        assert any(tracee.reader.function(name) for name in family), family


def test_the_version(every_python: Python, tracees: Tracees) -> None:
    version, executable = every_python
    tracee = tracees.start(executable, "handlers.py")
    own = interpreter_at(executable)
    assert own.version is not None
    found = tracee.reader.interpreter
    assert found.version == ".".join(map(str, own.version))
    assert found.implementation is Implementation.CPYTHON
    assert found.free_threaded is own.free_threaded
    assert found.offsets_from is not None
    assert ("_Py_DebugOffsets" in found.offsets_from) == (version >= (3, 13))


@pytest.mark.skipif(shutil.which("strip") is None, reason="no strip")
def test_stripped(python: Python, tracees: Tracees, tmp_path: Path) -> None:
    copy = PrivateCopy(python[1], tmp_path)
    copy.strip()
    assert_everything_is_found(start(copy, tracees))


def test_deleted_after_it_started(python: Python, tracees: Tracees, tmp_path: Path) -> None:
    copy = PrivateCopy(python[1], tmp_path)
    tracee = start(copy, tracees)
    for file in copy.files:
        file.unlink()
    assert_everything_is_found(tracee)


def test_replaced_after_it_started(python: Python, tracees: Tracees, tmp_path: Path) -> None:
    """What lies at the path now is another build: it must not be taken for the one mapped."""
    copy = PrivateCopy(python[1], tmp_path)
    tracee = start(copy, tracees)
    for file in copy.files:
        file.unlink()
        shutil.copy("/bin/true", file)
    assert_everything_is_found(tracee)


def namespaces_work() -> bool:
    return (
        os.geteuid() == 0
        and shutil.which("unshare") is not None
        and subprocess.run(
            ["unshare", "--pid", "--mount", "--fork", "true"], capture_output=True, check=False
        ).returncode
        == 0
    )


@pytest.mark.skipif(not namespaces_work(), reason="no new namespaces without privilege")
def test_in_other_namespaces(python: Python, tracees: Tracees, tmp_path: Path) -> None:
    """Its tids are others than ours, and so are the paths of its files."""
    _, executable = python
    mounted = tmp_path / "prefix"
    mounted.mkdir()
    original = installation(executable)
    preload = [str(mounted / path.relative_to(original.prefix)) for path in original.libraries]
    script = 'mount --bind "$0" "$1" && export LD_PRELOAD="$2" && shift 2 && exec "$@"'
    tracee = tracees.start(
        mounted / executable.relative_to(original.prefix),
        "handlers.py",
        prefix=[
            *("unshare", "--pid", "--mount", "--fork", "--kill-child", "sh", "-c", script),
            *(str(original.prefix), str(mounted), ":".join(preload)),
        ],
    )
    assert str(mounted) in Path(f"/proc/{tracee.pid}/maps").read_text()
    assert not list(mounted.iterdir())
    assert_everything_is_found(tracee)


def test_no_python_at_all() -> None:
    with subprocess.Popen(["sleep", "1000"]) as process:
        try:
            with pytest.raises(NotReadableInterpreterError, match="not CPython"):
                open_interpreter(process.pid)
        finally:
            process.kill()


def test_pypy_is_recognised_and_not_read(tracees: Tracees) -> None:
    found = next((one for one in find_interpreters() if one.implementation == "PyPy"), None)
    if found is None or found.version is None:
        pytest.skip("no PyPy on this machine")
    tracee = tracees.start(found.executable, "handlers.py")
    with pytest.raises(NotReadableInterpreterError, match="only CPython's memory") as refused:
        open_interpreter(tracee.pid)
    pypy = refused.value.interpreter
    assert pypy is not None
    assert pypy.implementation is Implementation.PYPY
    assert pypy.offsets_from is None
    # PyPy before 3.11 says its language version only by its file's name.
    exact = ".".join(map(str, found.version))
    assert exact.startswith(pypy.version) if found.version < (3, 11) else exact == pypy.version


def test_no_such_process() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    with pytest.raises(NotReadableInterpreterError, match="cannot be opened"):
        open_interpreter(process.pid)


def test_a_process_that_ends(python: Python, tracees: Tracees) -> None:
    tracee = tracees.start(python[1], "handlers.py")
    assert tracee.snapshot().problem is None
    tracee.process.kill()
    tracee.process.wait()
    snapshot = tracee.snapshot(signo=signal.SIGUSR1)
    assert snapshot.problem is not None
    assert snapshot.frames == ()


def test_without_the_table_of_handlers(python: Python, tracees: Tracees) -> None:
    """What is missing is named, and nothing else suffers from it."""
    tracee = tracees.start(python[1], "handlers.py")
    memory = ProcessMemory(tracee.pid)
    located = replace(locate_interpreter(tracee.pid, memory), handlers=None)
    reader = InterpreterReader(tracee.pid, memory, located)
    tid, pthread_id = tracee.threads["main"]
    snapshot = reader.snapshot(tid, fs_base=pthread_id, signo=signal.SIGUSR1)
    stranger = reader.snapshot(1, fs_base=0x7F0000000000, signo=signal.SIGUSR1)
    reader.close()
    assert snapshot.frames
    assert snapshot.handler is None
    assert "signal handler" in (snapshot.problem or "")
    assert not stranger.attached


def test_a_closed_reader_says_so(python: Python, tracees: Tracees) -> None:
    tracee = tracees.start(python[1], "handlers.py")
    tracee.reader.close()
    assert "thread state" in (tracee.snapshot().problem or "")


def test_every_row_has_its_source() -> None:
    for layout in layouts():
        assert layout.source
        assert layout.verified == (not layout.free_threaded)
