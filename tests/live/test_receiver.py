"""Who got EINTR, in real programs: CPython's functions, and an extension that a wheel installed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from eintr_trace.model.c_stack import CodeRole, Package
from eintr_trace.model.episodes import Confidence, Episode, Outcome
from eintr_trace.model.events import SignalDelivered
from tests.lab.interpreters import cpython
from tests.live.extension_module import build_extension
from tests.live.harness import attached, program

pytestmark = pytest.mark.live

VERSIONS = ["2.7", "3.6", "3.11", "3.13"]


def episode_of(version: str, name: str, args: tuple[str, ...], call: str, folder: Path) -> Episode:
    """The episode of one SIGUSR1 that meets ``call``."""
    with program(cpython(version).executable, name, *args) as tracee:
        with attached(tracee.pid, folder / "run.jsonl") as tracer:
            tracee.wait_blocked_in(call)
            os.kill(tracee.pid, signal.SIGUSR1)
            tracer.wait_event(SignalDelivered)
            tracee.account()  # which ends its input
            tracer.wait()
            met = [one for one in tracer.episodes() if one.signal and one.signal.name == "SIGUSR1"]
    (episode,) = met
    return episode


@pytest.mark.parametrize("version", VERSIONS)
def test_a_function_of_cpython_and_since_when_it_calls_again(version: str, tmp_path: Path) -> None:
    episode = episode_of(version, "one_call.py", ("read_stdin", "SIGUSR1"), "read", tmp_path)
    receiver = episode.received_by
    assert receiver is not None
    assert receiver.role is CodeRole.CPYTHON
    assert receiver.function in {"posix_read", "os_read", "_Py_read"}
    assert receiver.retries_since == "3.5"
    assert receiver.confidence is Confidence.OBSERVED


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Where a wheel would have installed the extension module."""
    folder = tmp_path / "lib/python3/site-packages"
    metadata = folder / "c_answers-1.2.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Name: c-answers\nVersion: 1.2\n")
    (metadata / "RECORD").write_text("c_answers.so,,\n")
    return folder


@pytest.mark.parametrize("version", ["2.7", "3.11"])
def test_an_extension_its_package_and_what_to_report(
    version: str, installed: Path, tmp_path: Path
) -> None:
    build_extension(cpython(version), installed)
    args = (str(installed), "raising")
    episode = episode_of(version, "extension_calls.py", args, "read", tmp_path)
    # Without a sample of the decision nothing tells what became of an exception that is caught.
    assert episode.outcome in {Outcome.RAISED, Outcome.UNKNOWN}
    receiver = episode.received_by
    assert receiver is not None
    assert (receiver.role, receiver.module) == (CodeRole.EXTENSION, "c_answers")
    assert receiver.package == Package("c-answers", "1.2")
    assert receiver.retries_since is None
    (report,) = [one for one in episode.advice if one.startswith("Report it to")]
    assert report.startswith("Report it to those who make c-answers, with this: CPython ")
    assert "SIGUSR1 interrupted read (ERESTARTSYS)" in report
    assert f"EINTR reached {receiver.function} of the extension module c_answers" in report


def test_ctypes_and_what_the_program_can_do(installed: Path, tmp_path: Path) -> None:
    build_extension(cpython("3.11"), installed)
    args = (str(installed), "ctypes_poll")
    episode = episode_of("3.11", "extension_calls.py", args, "poll", tmp_path)
    assert episode.outcome is Outcome.RETURNED_EARLY
    receiver = episode.received_by
    assert receiver is not None
    assert receiver.role is CodeRole.CTYPES
    assert receiver.confidence is Confidence.OBSERVED
    assert "use_errno=True" in episode.advice[0]
