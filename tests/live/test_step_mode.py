"""A thread whose step is cut short by the stop of its whole process, and a tracer that ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from eintr_trace.sources.live import binding
from eintr_trace.sources.live.wait_status import GroupStop, SignalDeliveryStop, Stop, look_at
from tests.live.harness import Program, program, state_of, tgkill, wait_until

pytestmark = pytest.mark.live


def stop_of(tid: int) -> Stop:
    wait_until(lambda: look_at(tid) is not None, f"{tid} stops")
    stop = look_at(tid)
    assert stop is not None
    return stop


def in_thread(trace: Callable[[], None]) -> None:
    """Run it in a thread of its own, whose end detaches what it traces."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            trace()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not failures, failures


def stop_in_a_step(running: Program) -> None:
    """Step the worker when the main thread has begun to stop the process."""
    worker = int(running.ready[1])
    for tid in (worker, running.pid):
        binding.seize(tid, follow_forks=False)
    tgkill(running.pid, worker, signal.SIGWINCH)
    assert stop_of(worker) == SignalDeliveryStop(signal.SIGWINCH)
    tgkill(running.pid, running.pid, signal.SIGSTOP)
    assert stop_of(running.pid) == SignalDeliveryStop(signal.SIGSTOP)
    binding.resume(running.pid, binding.Resume.CONT, signal.SIGSTOP)
    assert stop_of(running.pid) == GroupStop(signal.SIGSTOP)
    binding.listen(running.pid)
    binding.single_step(worker)
    assert stop_of(worker) == GroupStop(signal.SIGSTOP)
    binding.stop_anew(worker)
    assert stop_of(worker) == GroupStop(signal.SIGSTOP)
    binding.listen(worker)


def run_time(running: Program) -> int:
    """How long the worker has run, in nanoseconds (proc(5), /proc/PID/schedstat)."""
    return int(
        Path(f"/proc/{running.pid}/task/{running.ready[1]}/schedstat").read_text().split()[0]
    )


def test_stopped_anew_it_takes_no_step(newest_python: Path) -> None:
    with program(newest_python, "spinning_worker.py") as running:
        in_thread(lambda: stop_in_a_step(running))
        wait_until(lambda: state_of(running.pid) == "T", "it is stopped and not traced")
        before = run_time(running)
        running.process.send_signal(signal.SIGCONT)
        wait_until(lambda: run_time(running) > before, "the worker goes on computing")
        running.tell("end")
        assert running.account() == {}
