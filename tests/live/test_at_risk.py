"""What is said before attaching of threads that an ignored signal would harm while traced."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from eintr_trace.interpreter.reader import open_interpreter
from eintr_trace.sources.live.at_risk import warn_of_threads_at_risk
from tests.live.harness import Program, attached, program

pytestmark = pytest.mark.live


def warning_about(running: Program) -> str | None:
    reader = open_interpreter(running.pid)
    try:
        return warn_of_threads_at_risk(running.pid, reader)
    finally:
        reader.close()


def test_each_call_of_python_2_that_fails_is_named(python2: Path) -> None:
    kinds = ("epoll", "recv_rcvtimeo", "recv", "recv_sndtimeo", "read_pipe")
    with program(python2, "at_risk.py", *kinds) as running:
        running.wait_all_blocked_in("epoll_wait", "recvfrom", "read")
        text = warning_about(running)
    assert text is not None
    assert "interrupt the calls of 2 threads. " in text
    assert "CPython 2.7" in text
    assert "does not call again: the program gets an error: thread" in text
    assert " in epoll_wait, thread" in text
    assert text.endswith(" in recvfrom with SO_RCVTIMEO")
    assert (
        "(SIGPIPE, SIGXFSZ; by default SIGCHLD, SIGURG, SIGWINCH), and SIGCONT, interrupt" in text
    )


def test_calls_that_python_3_makes_again_are_named_only_for_their_time_limit(
    newest_python: Path,
) -> None:
    with program(newest_python, "at_risk.py", "epoll", "recv_rcvtimeo", "recv") as running:
        running.wait_all_blocked_in("epoll_wait", "recvfrom", "read")
        text = warning_about(running)
    assert text is not None
    assert "interrupt the calls of one thread. " in text
    assert "epoll_wait" not in text
    assert "calls again, and the socket's time limit starts anew" in text


def test_code_that_is_not_known_to_call_again_is_named(newest_python: Path) -> None:
    with program(newest_python, "at_risk.py", "epoll_of_c") as running:
        running.wait_all_blocked_in("epoll_wait", "read")
        text = warning_about(running)
        running.tell("done")
        running.account()
    assert text is not None
    assert "the code that called is not known to call again: thread" in text
    assert text.endswith("in epoll_wait")


def test_nothing_is_said_where_no_thread_is_at_risk(python2: Path, newest_python: Path) -> None:
    for interpreter in (python2, newest_python):
        with program(interpreter, "at_risk.py", "recv", "recv_sndtimeo", "read_pipe") as running:
            running.wait_all_blocked_in("recvfrom", "read")
            assert warning_about(running) is None


def test_of_many_threads_a_few_are_named_and_the_rest_counted(python2: Path) -> None:
    with program(python2, "at_risk.py", "epoll*300") as running:
        running.wait_all_blocked_in("epoll_wait", "read")
        text = warning_about(running)
    assert text is not None
    assert "interrupt the calls of 300 threads. " in text
    assert text.endswith("and 296 more")
    assert len(text) < 600


def test_the_warning_is_told_at_once_and_recorded(python2: Path, tmp_path: Path) -> None:
    with program(python2, "one_call.py", "epoll", "ignore:SIGUSR2") as running:
        running.wait_blocked_in("epoll_wait")
        with attached(running.pid, tmp_path / "r.jsonl") as tracer:
            assert tracer.process.stderr is not None
            line = tracer.process.stderr.readline()
            running.process.send_signal(signal.SIGUSR2)
            assert running.account()["error"] == ["IOError", 4], "what was warned of"
            tracer.wait()
            (text,) = tracer.report().warnings
    assert line == f"eintr-trace: warning: {text}\n"
    assert f"main thread {running.pid} in epoll_wait" in text
    assert "SIGUSR2" in text


def test_where_no_interpreter_was_found_the_kernel_half_is_told(newest_python: Path) -> None:
    with program(newest_python, "at_risk.py", "epoll") as running:
        running.wait_all_blocked_in("epoll_wait", "read")
        text = warn_of_threads_at_risk(running.pid, None)
    assert text is not None
    assert "the code that called is not known to call again: thread" in text
