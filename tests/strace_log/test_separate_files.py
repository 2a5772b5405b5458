"""``strace -ff``: a file a thread, told as one log."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eintr_trace.commands.opening import opened_trace
from eintr_trace.errors import EintrTraceError
from eintr_trace.model.events import Event, SignalDelivered
from eintr_trace.model.trace import TraceClock
from eintr_trace.sources.strace_log.separate_files import files_of_log, pid_of_file

USR1 = "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=9, si_uid=0} ---"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = "clone3({flags=CLONE_VM|CLONE_THREAD, stack_size=0x7fff80}, 88) = 102"
    (tmp_path / "log.100").write_text(f"12:00:00 {made}\n12:00:02 {USR1}\n12:00:05 close(1) = 0\n")
    (tmp_path / "log.102").write_text(f"12:00:01 close(2) = 0\n12:00:03 {USR1}\n")
    (tmp_path / "log.other").write_text("not of strace\n")
    return tmp_path


def deliveries(events: list[Event]) -> list[tuple[int, int]]:
    return [(event.tgid, event.tid) for event in events if isinstance(event, SignalDelivered)]


def told(files: list[str]) -> list[Event]:
    with opened_trace(files) as opened:
        return list(opened.trace.events)


def test_a_name_that_is_no_file_stands_for_those_that_begin_with_it(folder: Path) -> None:
    both = [str(folder / "log.100"), str(folder / "log.102")]
    assert files_of_log(str(folder / "log")) == both
    assert files_of_log(both[0]) == both[:1]
    assert files_of_log(str(folder / "none")) == [str(folder / "none")]
    assert pid_of_file(both[1]) == 102
    assert pid_of_file("log") is None


def test_threads_are_told_in_the_order_of_time(folder: Path) -> None:
    assert deliveries(told([str(folder / "log")])) == [(100, 100), (100, 102)]
    assert deliveries(told([str(folder / "log.102"), str(folder / "log.100")])) == [
        (100, 100),
        (100, 102),
    ]


def test_one_of_the_files(folder: Path) -> None:
    assert deliveries(told([str(folder / "log.102")])) == [(102, 102)]


def test_without_times_a_thread_after_the_other(tmp_path: Path) -> None:
    for pid in (7, 8):
        (tmp_path / f"log.{pid}").write_text(f"close(1) = 0\n{USR1}\n")
    with opened_trace([str(tmp_path / "log")]) as opened:
        assert opened.trace.header.clock is TraceClock.LINE_NUMBERS
        events = list(opened.trace.events)
    assert deliveries(events) == [(7, 7), (8, 8)]
    times = [event.time_ns for event in events if isinstance(event, SignalDelivered)]
    assert times == [2, 4]


def test_a_recording_is_no_part_of_a_log(folder: Path) -> None:
    recording = folder / "run.jsonl"
    recording.write_text("{}\n")
    with pytest.raises(EintrTraceError, match="is a recording"):
        told([str(folder / "log.100"), str(recording)])


@pytest.mark.live
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_strace_ff(tmp_path: Path) -> None:
    program = (
        "import os, signal, threading, time\n"
        "signal.signal(signal.SIGUSR1, lambda *_: None)\n"
        "t = threading.Thread(target=os.getppid); t.start(); t.join()\n"
        "os.kill(os.getpid(), signal.SIGUSR1)\n"
    )
    subprocess.run(
        ["strace", "-ff", "-tt", "-o", str(tmp_path / "log"), sys.executable, "-c", program],
        check=True,
        timeout=60,
        capture_output=True,
    )
    assert len(files_of_log(str(tmp_path / "log"))) == 2
    ((tgid, tid),) = deliveries(told([str(tmp_path / "log")]))
    assert tgid == tid
