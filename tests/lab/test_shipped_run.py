"""What ships says nothing about the machine it was made on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.shipped_run import shipped_run, without_machine
from tests.lab.recorded import deliveries

RECORDED = {"argv": ["/machine/bin/python", "client.py"], "events": [{"tid": 7, "call": None}]}


def test_machine_paths_are_replaced_everywhere() -> None:
    assert without_machine(RECORDED, {"/machine": "/python2.7"}) == {
        "argv": ["/python2.7/bin/python", "client.py"],
        "events": [{"tid": 7, "call": None}],
    }


def test_what_is_left_of_the_machine_is_an_error() -> None:
    with pytest.raises(EintrTraceError, match="the recording still says"):
        without_machine({"exe": [f"{Path.home()}/bin/python"]}, {})


def test_the_shipped_run_is_one_signal_that_lost_the_reply() -> None:
    run = shipped_run()
    assert run.interpreter.startswith("CPython 2.7.")
    assert "inner: error(4, 'Interrupted system call')" in run.output
    (delivered,) = deliveries(run.recording)
    assert delivered.call is not None
    assert delivered.call.syscall.name == "recvfrom"
    assert delivered.call.retval == -512  # ERESTARTSYS


def test_the_shipped_run_names_no_machine() -> None:
    run = shipped_run()
    shipped = run.recording.read_text() + run.output
    assert set(re.findall(r'"(/[^/"]+)/', shipped)) == {
        "/python2.7",
        "/usr",
    }  # the C library's place
    assert not re.search(r"/(root|home|work|tmp|Users)/", shipped)


def test_a_package_without_its_recording(tmp_path: Path) -> None:
    with pytest.raises(EintrTraceError, match=r"Install the package again.*--python"):
        shipped_run(tmp_path)
