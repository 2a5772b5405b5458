"""A log and a live trace agree on all that both can see.

One process has one tracer: the same program is run twice, under each once. And the lines that a
live trace of every call prints in strace's style are read as a log: there nothing but the source
differs.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from eintr_trace.model.episodes import Episode, Outcome
from eintr_trace.model.events import SyscallEntered
from tests.commands.program import eintr_trace
from tests.live.conftest import interpreter
from tests.live.harness import Tracer, attached, program, wait_until
from tests.live.test_verdicts import interrupted, sleeps
from tests.strace_log.test_real_logs import own, report_of_log, strace

pytestmark = pytest.mark.live

CALLS = (
    "recv",
    "recv raising",
    "recv_swallowed",
    "recv_again_after_interrupt",
    "os_read_by_a_function",
    "fcntl_lockf",
    "file_read",
    "makefile_read",
    "ctypes_read",
    "lock",
    "pause",
)
# Where a log supposes what did not happen here, and says that it supposes it.
SUPPOSED_WRONGLY = {
    ("recv raising", "2.7"): (Outcome.RAISED, Outcome.ABANDONED_BY_HANDLER),
}


def seen_by_both(episode: Episode) -> dict[str, Any]:
    """All but the outcome that a log has as well as a live trace."""
    call = episode.syscall
    return {
        "signal": episode.signal,
        "call": None if call is None else call.syscall.name,
        "restart_code": None if call is None else call.restart_code,
        "kernel_action": episode.kernel_action,
        "sa_restart": episode.sa_restart,
        "tracer_induced": episode.tracer_induced,
    }


def without_sender(seen: dict[str, Any]) -> dict[str, Any]:
    """What two runs have in common, and what two tracers know of who sent the signal."""
    return seen | {"signal": seen["signal"].name}


def assert_agree(call: str, version: str, live: Episode, log: Episode) -> None:
    assert without_sender(seen_by_both(log)) == without_sender(seen_by_both(live)), call
    if log.outcome is Outcome.UNKNOWN:
        return
    supposed = SUPPOSED_WRONGLY.get((call, version))
    assert (log.outcome, live.outcome) == (supposed or (live.outcome, live.outcome)), call


@pytest.mark.parametrize("version", ["2.7", "3.13"])
def test_the_lines_of_a_live_trace_are_judged_as_a_log(version: str, tmp_path: Path) -> None:
    python = interpreter(version)
    recording, log = tmp_path / "recording.jsonl", tmp_path / "strace.log"
    with ExitStack() as stack:
        programs = {
            call: stack.enter_context(program(python, "interrupted_calls.py", *call.split()))
            for call in CALLS
        }
        for one in programs.values():
            wait_until(partial(sleeps, one), "the call blocks")
        pids = [word for one in programs.values() for word in ("-p", str(one.pid))]
        tracer = Tracer(recording, "--every-syscall", *pids, attached=len(programs))
        stack.callback(tracer.process.kill)
        tracer.wait_event(SyscallEntered, len(programs))  # each is back in its call
        for one in programs.values():
            interrupted(one)
        tracer.detach()
        live = {one.tgid: one for one in tracer.episodes() if of_the_test(one)}
    log.write_text(eintr_trace("report", "--format", "strace", str(recording)).stdout)
    logged = {one.tid: one for one in report_of_log(log, version).episodes if of_the_test(one)}
    for call, program_ in programs.items():
        assert_agree(call, version, live[program_.pid], logged[program_.pid])
    told = [one.outcome for one in logged.values() if one.outcome is not Outcome.UNKNOWN]
    assert len(told) >= len(CALLS) // 2


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("version", ["2.7", "3.13"])
def test_strace_and_eintr_trace_of_two_runs(version: str, tmp_path: Path) -> None:
    python = interpreter(version)
    with program(python, "interrupted_calls.py", "recv") as one:
        wait_until(partial(sleeps, one), "the call blocks")
        with attached(one.pid, tmp_path / "live.jsonl") as tracer:
            live_account = interrupted(one)
            tracer.wait()
            live = own(tracer.report())
    with program(python, "interrupted_calls.py", "recv") as one:
        wait_until(partial(sleeps, one), "the call blocks")
        with strace(one.pid, tmp_path / "strace.log", "-tt", "-T") as process:
            assert interrupted(one) == live_account
            process.communicate(timeout=60)
    log = own(report_of_log(tmp_path / "strace.log", version))
    assert_agree("recv", version, live, log)
    assert log.outcome is live.outcome
    if live.follow_up is not None and log.follow_up is not None:
        assert log.follow_up.retval == live.follow_up.retval


def of_the_test(episode: Episode) -> bool:
    return episode.signal is not None and episode.signal.name == "SIGUSR1"
