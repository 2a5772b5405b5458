"""What ships says nothing about the machine it was made on."""

from __future__ import annotations

from pathlib import Path

import pytest

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.shipped_run import shipped_run, without_machine

RECORDED = {"argv": ["/machine/bin/python", "client.py"], "events": [{"tid": 7, "call": None}]}


def test_machine_paths_are_replaced_everywhere() -> None:
    assert without_machine(RECORDED, {"/machine": "/python2.7"}) == {
        "argv": ["/python2.7/bin/python", "client.py"],
        "events": [{"tid": 7, "call": None}],
    }


def test_what_is_left_of_the_machine_is_an_error() -> None:
    with pytest.raises(EintrTraceError, match="The recording still says"):
        without_machine({"exe": [f"{Path.home()}/bin/python"]}, {})


def test_a_package_without_its_recording(tmp_path: Path) -> None:
    with pytest.raises(EintrTraceError, match=r"Install the package again.*--python"):
        shipped_run(tmp_path)
