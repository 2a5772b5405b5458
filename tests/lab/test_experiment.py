"""The experiment by the client's own account, without a tracer."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eintr_trace.lab.experiment import Experiment, ExperimentResult, run_experiment
from eintr_trace.lab.link import Link
from eintr_trace.lab.processes import Deadline, running
from eintr_trace.lab.program_commands import Variant
from tests.lab.interpreters import VERSIONS, cpython, newest

MOST_MISSES = 5
IMAGE_BYTES = 2_745_109


def lost_the_reply(result: ExperimentResult) -> bool:
    return result.received_bytes is None and (result.handled_signals, len(result.signals)) == (1, 1)


@pytest.mark.parametrize("version", VERSIONS)
def test_two_signals_in_a_stalled_reply(version: str) -> None:
    result = run_experiment(Experiment(cpython(version), signals=2, interval_s=0))
    first, second, *rest = result.output.splitlines()
    assert (first, second) == (f"Start client @ {result.client_pid}", "Start thrift req")
    assert {sent.blocked_in for sent in result.signals} == {"recvfrom"}
    if version == "2.7":
        assert lost_the_reply(result)
        assert rest[:3] == [
            "Receive sig 10",
            "TTransportException('unexpected exception',)",
            "inner: error(4, 'Interrupted system call')",
        ]
        assert rest[3] == "Traceback (most recent call last):"
        assert rest[-1] == "TTransportException: unexpected exception"
    else:
        assert rest[:2] == ["Receive sig 10"] * 2
        assert re.fullmatch(rf"get {IMAGE_BYTES} bytes in \d+\.\d+ s", rest[2])
        assert len(rest) == 3
        assert len(result.signals) == 2
    assert result.exit_status == 0


@pytest.mark.parametrize(
    ("variant", "exit_status", "last_line"),
    [
        (Variant.UNCAUGHT, 1, "thrift.transport.TTransport.TTransportException: unexpected"),
        (Variant.RAISING_HANDLER, 1, "__main__.GaveUp: the handler gives up"),
        (Variant.TIMEOUT, 0, "TTransportException: unexpected exception"),
    ],
)
def test_variants_that_lose_the_reply_under_2(
    variant: Variant, exit_status: int, last_line: str
) -> None:
    result = run_experiment(Experiment(cpython("2.7"), variant, signals=2))
    assert lost_the_reply(result)
    assert result.exit_status == exit_status
    assert result.output.splitlines()[-1].startswith(last_line)


def test_a_program_for_2_can_retry_by_itself() -> None:
    result = run_experiment(Experiment(cpython("2.7"), Variant.RETRY, signals=2))
    assert result.received_bytes == IMAGE_BYTES
    assert result.handled_signals == 2


@pytest.mark.parametrize("variant", [Variant.UNCAUGHT, Variant.RETRY, Variant.TIMEOUT])
def test_variants_make_no_difference_under_3(variant: Variant) -> None:
    result = run_experiment(Experiment(newest(), variant, signals=2))
    assert result.received_bytes == IMAGE_BYTES
    assert result.handled_signals == 2
    assert result.exit_status == 0


def test_a_handler_that_raises_gives_the_call_up_under_3() -> None:
    result = run_experiment(Experiment(newest(), Variant.RAISING_HANDLER, signals=2))
    assert lost_the_reply(result)
    assert result.exit_status == 1
    assert result.output.splitlines()[-1].endswith("GaveUp: the handler gives up")


@pytest.mark.parametrize("version", ["2.7", "3.13"])
def test_with_a_timeout_cpython_waits_in_poll(version: str) -> None:
    result = run_experiment(Experiment(cpython(version), Variant.TIMEOUT))
    assert [sent.blocked_in for sent in result.signals] == ["poll"]


def test_without_a_signal_nothing_is_lost() -> None:
    result = run_experiment(Experiment(cpython("2.7"), signals=0))
    assert result.received_bytes == IMAGE_BYTES
    assert result.handled_signals == 0


def test_each_link_loses_the_reply_under_2(link: Link) -> None:
    """On the links that never stall, a signal may fall between two calls: then nothing is lost."""
    for _ in range(1 if link is Link.STALL else MOST_MISSES):
        result = run_experiment(Experiment(cpython("2.7"), link=link))
        if lost_the_reply(result):
            return
        assert (result.received_bytes, result.handled_signals) == (IMAGE_BYTES, 1)
    raise AssertionError("no signal met a call")


def test_each_link_carries_every_signal_and_byte_under_3(link: Link) -> None:
    result = run_experiment(Experiment(newest(), link=link, signals=20, interval_s=0))
    assert result.received_bytes == IMAGE_BYTES
    assert result.handled_signals == len(result.signals) == 20


def test_a_slow_lo_is_the_kernels_doing(netns: Link) -> None:
    result = run_experiment(Experiment(newest(), link=netns))
    seconds = float(result.output.split()[-2])
    assert re.search(r"^qdisc (netem .* delay 1s|tbf .* rate 8Mbit)", result.link_output, re.M)
    assert seconds > 2


def test_the_first_signal_waits_for_the_tracer(tmp_path: Path) -> None:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    log = tmp_path / "strace.log"

    @contextmanager
    def strace(client_pid: int) -> Iterator[None]:
        command = ["strace", "-e", "trace=recvfrom", "-o", str(log), "-p", str(client_pid)]
        with running("strace", command, {}, stderr_only=True) as tracer:
            assert tracer.wait_for_text("attached", Deadline(10))
            yield
            assert tracer.wait(Deadline(10)) == 0

    run_experiment(Experiment(newest(), signals=2), strace)
    assert log.read_text().count("--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER") == 2
