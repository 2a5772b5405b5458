"""The published schemas, and the same for what this release writes: it has no other members.

``docs/*.schema.json`` allow more members, for readers of later releases. A member of our own that
is not in them is a member that nobody documented.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from eintr_trace.model.report import Report
from eintr_trace.reports.json_report import report_object

DOCS = Path(__file__).parents[2] / "docs"
# Of a report with thousands of episodes some are enough: this validator takes a while.
_VALIDATED = 50


def _loaded(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((DOCS / name).read_text(encoding="utf-8"))
    return schema


def strict(schema: Any) -> Any:
    """Return a schema whose objects have the members that it names, and no others."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    if "properties" in schema and "additionalProperties" not in schema:
        made["additionalProperties"] = False
    return made


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema of an object with named members."""
    if isinstance(schema, list):
        for item in schema:
            yield from objects(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema
        for item in schema.values():
            yield from objects(item)


REPORT = _loaded("report.schema.json")
COMPARISON = _loaded("comparison.schema.json")
PUBLISHED = Draft202012Validator(REPORT)
STRICT = Draft202012Validator(strict(REPORT))
STRICT_EXPLANATION = Draft202012Validator(strict(_loaded("explain.schema.json")))
STRICT_COMPARISON = Draft202012Validator(
    strict(COMPARISON),
    registry=Registry().with_resource("report.schema.json", Resource.from_contents(strict(REPORT))),
)


def assert_valid(report: Report) -> Report:
    """Fail unless the report is valid as JSON, then return it."""
    STRICT.validate(json.loads(json.dumps(report_object(_some_of(report)))))
    return report


def _some_of(report: Report) -> Report:
    episodes = report.episodes[:_VALIDATED] + report.episodes[_VALIDATED:][-_VALIDATED:]
    return replace(report, episodes=episodes)
