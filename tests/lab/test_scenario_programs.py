"""Scenario programs tell what really happened, and leave nothing behind; no tracer is here."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from eintr_trace.lab.dispositions import PLANS, Disposition
from eintr_trace.lab.interpreters import FoundInterpreter
from eintr_trace.lab.program_commands import program_environment
from eintr_trace.lab.scenario_case import PROGRAM, prepare
from eintr_trace.lab.scenarios import Scenario
from tests.lab.interpreters import cpython, newest
from tests.lab.scenario_run import scenario_run


@pytest.fixture(params=["2.7", "newest"])
def python(request: pytest.FixtureRequest) -> FoundInterpreter:
    return newest() if request.param == "newest" else cpython(request.param)


def retries(python: FoundInterpreter) -> bool:
    """Whether PEP 475 is in force."""
    return python.version is not None and python.version >= (3, 5)


def test_a_call_that_is_interrupted(python: FoundInterpreter, tmp_path: Path) -> None:
    with scenario_run(python, "socket.recv", Disposition.PLAIN, tmp_path) as run:
        run.start()
        os.kill(run.process.pid, signal.SIGUSR1)
        if retries(python):
            run.wait_blocked()
            run.release()
        account = run.account()
    (handler,) = account["handlers"]
    assert (handler["signo"], handler["thread"]) == (signal.SIGUSR1, "main")
    assert account["began_s"] <= handler["at_s"] <= account["ended_s"]
    if retries(python):
        assert (account["result"], account["bytes"], account["exception"]) == ("returned", 1, None)
    else:
        assert (account["result"], account["bytes"]) == ("raised", None)
        assert (account["exception"]["type"], account["exception"]["errno"]) == ("error", 4)


def test_a_call_that_the_kernel_restarts(python: FoundInterpreter, tmp_path: Path) -> None:
    with scenario_run(python, "socket.recv", Disposition.SIGINTERRUPT_FALSE, tmp_path) as run:
        run.start()
        os.kill(run.process.pid, signal.SIGUSR1)
        run.release()
        account = run.account()
    assert (account["result"], account["bytes"]) == ("returned", 1)
    assert len(account["handlers"]) == 1


def test_a_handler_that_raises(python: FoundInterpreter, tmp_path: Path) -> None:
    with scenario_run(python, "os.read pipe", Disposition.RAISING_HANDLER, tmp_path) as run:
        run.start()
        os.kill(run.process.pid, signal.SIGUSR1)
        account = run.account()
    assert account["exception"]["type"] == "HandlerRaised"


def test_a_loop_of_the_programs_own(python: FoundInterpreter, tmp_path: Path) -> None:
    name = "socket.recv retried by the program"
    with scenario_run(python, name, Disposition.PLAIN, tmp_path) as run:
        run.start()
        os.kill(run.process.pid, signal.SIGUSR1)
        run.wait_blocked()
        run.release()
        account = run.account()
    assert (account["result"], account["bytes"]) == ("returned", 1)
    assert account["eintr_caught"] == (0 if retries(python) else 1)


def test_a_c_handler_is_unknown_to_python(python: FoundInterpreter, tmp_path: Path) -> None:
    with scenario_run(python, "ctypes read", Disposition.C_HANDLER, tmp_path) as run:
        run.start()
        os.kill(run.process.pid, signal.SIGUSR1)
        account = run.account()
    assert account["value"] == "(-1, 4)"
    assert account["handlers"] == []


def test_a_worker_whose_lock_is_released_by_a_thread(
    python: FoundInterpreter, tmp_path: Path
) -> None:
    with scenario_run(python, "Lock.acquire", Disposition.WORKER_THREAD, tmp_path) as run:
        assert run.tid != run.process.pid
        run.start()
        run.release()
        account = run.account()
    assert account["value"] == "True"


def test_a_timer_ends_with_the_call(python: FoundInterpreter, tmp_path: Path) -> None:
    with scenario_run(python, "time.sleep", Disposition.PERIODIC_TIMER, tmp_path) as run:
        run.start()
        account = run.account()
    ticks = account["handlers"]
    assert ticks
    assert {tick["signo"] for tick in ticks} == {signal.SIGALRM}
    if retries(python):
        assert account["elapsed_s"] >= 0.5
        assert len(ticks) > 1


def test_children_of_the_scenario_end_with_it(python: FoundInterpreter, tmp_path: Path) -> None:
    with scenario_run(python, "Popen.wait", Disposition.DEFAULT_FATAL, tmp_path) as run:
        run.start()
        assert len(run.helpers) == 3  # the guard, the child that is waited for, the peer
        os.kill(run.process.pid, signal.SIGUSR1)
        assert run.process.wait() == -signal.SIGUSR1
        assert run.all_helpers_end()


def test_a_program_that_is_never_told_to_start(tmp_path: Path) -> None:
    with scenario_run(newest(), "os.read pipe", Disposition.PLAIN, tmp_path, limit_s=2) as run:
        assert run.process.wait() == -signal.SIGKILL
        assert run.all_helpers_end()


def test_a_setup_that_fails_leaves_nothing(python: FoundInterpreter, tmp_path: Path) -> None:
    setup = "if not os.fork():\n    signal.pause()\nraise ValueError('it fails')"
    scenario = Scenario(name="fails", call="result = 1", blocked_in=("read",), setup=setup)
    case = prepare(scenario, tmp_path, PLANS[Disposition.PLAIN], limit_s=60)
    done = subprocess.run(
        [str(python.executable), str(PROGRAM), str(case.spec)],
        env=program_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # run() returns once all that had its output open have ended, the child that pauses too.
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("ValueError: it fails\n")
