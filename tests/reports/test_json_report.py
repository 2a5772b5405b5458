from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import is_dataclass, replace
from enum import StrEnum
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator, ValidationError

from eintr_trace.model.episodes import (
    Confidence,
    EvidenceKind,
    KernelAction,
    Layer,
    Outcome,
    TracerInduced,
)
from eintr_trace.model.events import EndReason, ThreadOrigin
from eintr_trace.model.python_state import CalleeKind
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceMode, TraceSource
from eintr_trace.reports.json_report import report_object, write_json
from tests.reports import samples
from tests.reports.hostile import any_of, hostile_report
from tests.reports.schema import PUBLISHED, REPORT, STRICT, objects


def _written(report: Report) -> Any:
    stream = io.StringIO()
    write_json(report, stream)
    assert stream.getvalue().isascii()
    return json.loads(stream.getvalue())


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(REPORT)


def test_the_samples_are_valid() -> None:
    PUBLISHED.validate(_written(samples.report(*samples.EPISODES)))
    PUBLISHED.validate(_written(replace(samples.report(), ended=None)))


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
        PUBLISHED.validate(value)


def test_the_closed_sets_of_the_schema_are_the_enums() -> None:
    definitions = REPORT["$defs"]
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


# Not in the report: how a process came under the tracer, and the kind of what a frame calls.
_NOT_WRITTEN = {ThreadOrigin, CalleeKind}


def test_every_enum_of_a_report_is_in_the_schema_with_all_its_members_and_no_other_is() -> None:
    in_code = {kind: frozenset(kind) for kind in _enums(Report, set()) - _NOT_WRITTEN}
    in_schema = {frozenset(one["enum"]) - {None} for one in _with_enum(REPORT)}
    assert in_schema == set(in_code.values())


def _enums(kind: Any, seen: set[Any]) -> set[type[StrEnum]]:
    """Return the enums that a value of this type may hold, however deep."""
    if kind in seen:
        return set()
    seen.add(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {kind}
    hints = get_type_hints(kind).values() if is_dataclass(kind) else get_args(kind)
    return set().union(*(_enums(one, seen) for one in hints))


def _with_enum(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict) and isinstance(schema.get("enum"), list):
        yield schema
    for item in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(item, dict | list):
            yield from _with_enum(item)


def test_every_member_that_is_written_is_documented_and_required() -> None:
    """So that a reader may rely on it, and a test fails where a new one is not in the schema."""
    STRICT.validate(_written(hostile_report("text")))
    for one in objects(REPORT):
        assert sorted(one["required"]) == sorted(one["properties"])


def test_a_member_that_is_not_documented_is_found() -> None:
    value = report_object(samples.report(samples.RAISED))
    value["episodes"][0]["signal"]["colour"] = "red"
    PUBLISHED.validate(value)
    with pytest.raises(ValidationError, match="colour"):
        STRICT.validate(value)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_of(Report))
def test_any_report_is_valid(report: Report) -> None:
    """Built from the types: each member missing or there, each closed set in any of its values."""
    value = _written(report)
    STRICT.validate(value)
    assert len(value["episodes"]) == len(report.episodes)
