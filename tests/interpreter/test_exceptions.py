"""Exceptions read from programs that are blocked while they have them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from eintr_trace.model.python_state import CodeLocation, ExceptionOrigin, PythonException
from tests.interpreter.processes import PROGRAMS, Tracee, Tracees, module_frame_of

pytestmark = pytest.mark.live

Python = tuple[tuple[int, int], Path]
INTERRUPTED = "[Errno 4] Interrupted system call"
MODULE_FRAME = module_frame_of(PROGRAMS / "excepted.py")
RAISED = "raise socket.error(errno.EINTR"


@pytest.fixture
def excepted(python: Python, tracees: Tracees) -> Excepted:
    return Excepted(python, tracees)


class Excepted:
    """Starts ``excepted.py`` and reads the main thread's exceptions."""

    def __init__(self, python: Python, tracees: Tracees) -> None:
        self.version, self._executable = python
        self._tracees = tracees

    @property
    def python2(self) -> bool:
        return self.version < (3,)

    @property
    def os_error(self) -> str:
        """What ``socket.error(EINTR, text)`` makes, and its name."""
        return "socket.error" if self.python2 else "InterruptedError"

    def start(self, case: str, **environ: str) -> Tracee:
        return self._tracees.start(self._executable, "excepted.py", case, environ=environ)

    def read(self, case: str) -> tuple[PythonException, ...]:
        snapshot = self.start(case).snapshot()
        assert snapshot.problem is None
        return snapshot.exceptions


def line_of(text: str, after: str = "") -> int:
    lines = (PROGRAMS / "excepted.py").read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if after in line)
    return next(i for i, line in enumerate(lines[first:], first + 1) if text in line)


def test_a_handled_exception(excepted: Excepted) -> None:
    (exception,) = excepted.read("handled")
    assert exception.type_name == excepted.os_error
    assert exception.errno == 4
    assert exception.message == INTERRUPTED
    assert exception.origin is ExceptionOrigin.HANDLED
    base = "IOError" if excepted.python2 else "OSError"
    assert exception.type_bases[0] == base
    assert exception.type_bases[-2:] == ("BaseException", "object")
    caught, raised = exception.traceback
    assert caught.location.function == "handled"
    assert caught.except_line == line_of("except socket.error:  # caught", "def handled")
    assert raised.location.line == line_of(RAISED)
    assert raised.location.function == "interrupted"


def test_the_traceback_names_a_living_frame(excepted: Excepted) -> None:
    snapshot = excepted.start("handled").snapshot()
    living = {frame.address: frame for frame in snapshot.frames}
    caught = snapshot.exceptions[0].traceback[0]
    frame = living[caught.frame_address]
    assert frame.location.function == "handled"
    assert caught.code_address == frame.code_address


def test_a_subclass_of_ones_own(excepted: Excepted) -> None:
    (exception,) = excepted.read("own_subclass")
    assert exception.type_name == "__main__.CallError"
    assert exception.type_bases[0] == ("socket.error" if excepted.python2 else "OSError")
    assert (exception.errno, exception.message) == (4, INTERRUPTED)


def test_a_file_name_is_part_of_the_message(excepted: Excepted) -> None:
    (exception,) = excepted.read("with_file_name")
    assert exception.type_name == ("IOError" if excepted.python2 else "FileNotFoundError")
    assert exception.errno == 2
    assert exception.message == "[Errno 2] No such file or directory: '/no/such file'"


def test_select_error_has_its_errno_in_args(excepted: Excepted) -> None:
    (exception,) = excepted.read("select_error")
    assert exception.type_name == ("select.error" if excepted.python2 else "InterruptedError")
    assert exception.errno == 4


def test_several_arguments(excepted: Excepted) -> None:
    (exception,) = excepted.read("several_arguments")
    assert exception.type_name == "__main__.Own"
    assert exception.message == "(7, 'seven', None, <list>)"
    assert exception.errno is None


def test_a_wrapped_exception(excepted: Excepted) -> None:
    first, last = excepted.read("wrapped")
    assert (first.type_name, first.errno) == (excepted.os_error, 4)
    assert (last.type_name, last.message) == ("__main__.Wrapped", "unexpected exception")
    assert last.origin is ExceptionOrigin.HANDLED
    if excepted.python2:
        assert (first.origin, first.attribute) == (ExceptionOrigin.ATTRIBUTE, "inner")
        assert first.traceback == ()  # 2.7 keeps it beside the exception, and it is gone
    else:
        assert (first.origin, first.attribute) == (ExceptionOrigin.CONTEXT, None)
        assert first.traceback[-1].location.line == line_of(RAISED)
    assert last.traceback[0].except_line == line_of("except Wrapped:  # caught", "def wrapped")


def test_an_origin_in_an_attribute(excepted: Excepted) -> None:
    first, last = excepted.read("in_attribute")
    assert (first.type_name, first.errno) == (excepted.os_error, 4)
    assert (first.origin, first.attribute) == (ExceptionOrigin.ATTRIBUTE, "inner")
    assert last.type_name == "__main__.Wrapped"


def test_an_origin_in_the_arguments(excepted: Excepted) -> None:
    first, last = excepted.read("in_arguments")
    assert (first.origin, first.errno) == (ExceptionOrigin.ARGUMENT, 4)
    name = "socket.error" if excepted.python2 else "InterruptedError"
    assert last.message == f"('failed', <{name.rpartition('.')[2]}>)"


def test_in_a_finally_clause(excepted: Excepted) -> None:
    exceptions = excepted.read("in_finally")
    if excepted.python2:  # kept on the value stack until the clause ends: out of sight
        assert exceptions == ()
    else:
        assert [e.type_name for e in exceptions] == ["InterruptedError"]
        assert exceptions[0].traceback[0].except_line == line_of("block()", "def in_finally")


def test_in_exit_of_a_with_statement(excepted: Excepted) -> None:
    (exception,) = excepted.read("in_with")
    assert exception.errno == 4
    caught = exception.traceback[0]
    assert caught.location.function == "in_with"
    assert caught.except_line == line_of("with Manager():")


def test_the_handler_around_an_except_clause(excepted: Excepted) -> None:
    """``except KeyError as error`` covers its own body, but only to forget the name."""
    exception = excepted.read("named_and_nested")[-1]
    assert exception.traceback[0].except_line == line_of(
        "except socket.error:  # caught", "def named_and_nested"
    )


def test_a_generators_exception_is_its_own(excepted: Excepted) -> None:
    exceptions = excepted.read("in_generator")
    # 3.7 keeps a stack of them; before, the generator's frame swapped them in and out.
    assert exceptions == ()


def test_a_callers_exception_is_still_handled(excepted: Excepted) -> None:
    (exception,) = excepted.read("caller_handles")
    assert exception.traceback[0].location.function == "caller_handles"


def test_no_exception(excepted: Excepted) -> None:
    assert excepted.read("none") == ()


def test_nobody_caught_it(excepted: Excepted) -> None:
    tracee = excepted.start("after_unwind")
    unasked, asked = tracee.snapshot(), tracee.snapshot(outermost_before=MODULE_FRAME)
    assert unasked.frames == asked.frames == ()
    assert unasked.exceptions == ()
    assert asked.problem is None
    (exception,) = asked.exceptions
    assert exception.origin is ExceptionOrigin.LAST
    assert (exception.type_name, exception.errno) == (excepted.os_error, 4)
    assert exception.traceback[-1].location.line == line_of(RAISED)
    assert exception.traceback[0].except_line is None


def test_nobody_caught_it_and_the_hook_has_frames_of_its_own(excepted: Excepted) -> None:
    """So does 3.13 itself, which imports `traceback` to print it."""
    snapshot = excepted.start("uncaught").snapshot(outermost_before=MODULE_FRAME)
    assert snapshot.frames
    assert [e.origin for e in snapshot.exceptions][-1] is ExceptionOrigin.LAST


def test_sys_last_value_of_another_program_part_is_not_taken_for_it(excepted: Excepted) -> None:
    elsewhere = replace(MODULE_FRAME, location=CodeLocation("main", "elsewhere.py", 1))
    snapshot = excepted.start("uncaught").snapshot(outermost_before=elsewhere)
    assert all(e.origin is not ExceptionOrigin.LAST for e in snapshot.exceptions)


def test_a_pending_exception(excepted: Excepted, python: Python, tmp_path: Path) -> None:
    build_blocking_raise(python[1], tmp_path)
    tracee = excepted.start("pending", PYTHONPATH=str(tmp_path))
    snapshot = tracee.snapshot()
    assert snapshot.problem is None
    assert snapshot.frames[0].calls == "call"
    (exception,) = snapshot.exceptions
    assert exception.origin is ExceptionOrigin.PENDING
    # 2.7 has made no instance yet: a type and the tuple (errno, text).
    assert exception.type_name == excepted.os_error
    assert exception.errno == 4
    assert exception.message == INTERRUPTED


def build_blocking_raise(python: Path, directory: Path) -> None:
    """Compile the extension module for an interpreter, or skip where that cannot be."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    include = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['include'])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    if compiler is None or not Path(include, "Python.h").exists():
        pytest.skip(f"no C compiler, or no Python.h for {python}")
    subprocess.run(
        [
            compiler,
            "-shared",
            "-fPIC",
            f"-I{include}",
            str(PROGRAMS / "blocking_raise.c"),
            "-o",
            str(directory / "blocking_raise.so"),
        ],
        check=True,
    )
