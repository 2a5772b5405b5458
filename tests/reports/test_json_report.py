from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from eintr_trace.model.episodes import (
    Confidence,
    EvidenceKind,
    KernelAction,
    Layer,
    Outcome,
    TracerInduced,
)
from eintr_trace.model.events import EndReason
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceMode, TraceSource
from eintr_trace.reports.json_report import report_object, write_json
from tests.reports import samples

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = Draft202012Validator(SCHEMA)


def _written(report: Report) -> Any:
    stream = io.StringIO()
    write_json(report, stream)
    assert stream.getvalue().isascii()
    return json.loads(stream.getvalue())


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_samples_are_valid() -> None:
    VALIDATOR.validate(_written(samples.report(*samples.EPISODES)))
    VALIDATOR.validate(_written(replace(samples.report(), ended=None)))


def test_the_object_is_the_documented_one() -> None:
    value = report_object(samples.report(samples.RAISED))
    (episode,) = value["episodes"]
    assert value["schema_version"] == 1
    assert value["trace"]["processes"][0]["interpreter"]["version"] == "2.7.18"
    assert episode["signal"]["name"] == "SIGUSR1"
    assert episode["syscall"]["restart_code"] == "ERESTARTSYS"
    assert episode["outcome"] == "raised"
    assert episode["python"]["stack"][0]["function"] == "read"
    assert episode["python"]["handler"]["delay_ns"] == 310_000
    assert episode["python"]["handler"]["delay_bound"] == "at-most"
    assert [raised["type"] for raised in episode["exceptions"]] == [
        "socket.error",
        "TTransportException",
    ]
    assert episode["caught_at"]["line"] == 38
    assert value["summary"]["by_outcome"] == {"raised": 1}


def test_an_outcome_out_of_the_closed_set_is_refused() -> None:
    value = report_object(samples.report(samples.RAISED))
    value["episodes"][0]["outcome"] = "vanished"
    with pytest.raises(ValidationError):
        VALIDATOR.validate(value)


def test_the_closed_sets_of_the_schema_are_the_enums() -> None:
    definitions = SCHEMA["$defs"]
    episode = definitions["episode"]["properties"]
    trace = definitions["trace"]["properties"]
    assert definitions["outcome"]["enum"] == list(Outcome)
    assert definitions["evidence"]["properties"]["kind"]["enum"] == list(EvidenceKind)
    assert definitions["sentence"]["properties"]["layer"]["enum"] == list(Layer)
    assert episode["confidence"]["enum"] == list(Confidence)
    assert episode["kernel_action"]["enum"] == list(KernelAction)
    assert episode["tracer_induced"]["enum"] == [None, *TracerInduced]
    assert trace["source"]["enum"] == list(TraceSource)
    assert trace["mode"]["enum"] == list(TraceMode)
    assert trace["ended"]["anyOf"][0]["properties"]["reason"]["enum"] == list(EndReason)
