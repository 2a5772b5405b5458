"""Reports whose every string is hostile, built from the types: new fields are in by themselves."""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from eintr_trace.model.episodes import Episode, Sentence
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceHeader

NOT_OF_THE_TRACEE = {
    (TraceHeader, "format"),  # a constant of ours, checked when a recording is read
}


def built(kind: Any, text: str) -> Any:
    """Return a value of a type of the model in which each string is ``text``, none is missing."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is str:
        return text
    if kind in (int, float):
        return 1
    if kind is bool:
        return True
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if origin in (types.UnionType, typing.Union):
        return built(next(one for one in arguments if one is not types.NoneType), text)
    if origin is tuple and arguments[-1] is Ellipsis:
        return (built(arguments[0], text),)
    if origin is tuple:
        return tuple(built(one, text) for one in arguments)
    assert is_dataclass(kind), f"how is one of {kind} built?"
    return _dataclass(kind, text)


def _dataclass(kind: Any, text: str) -> Any:
    hints = typing.get_type_hints(kind)
    values = {field.name: built(hints[field.name], text) for field in fields(kind)}
    for owner, name in NOT_OF_THE_TRACEE:
        if kind is owner:
            del values[name]
    if kind is Sentence:
        values["evidence"] = (0,)  # an index of the episode's one piece of evidence
    return kind(**values)


def hostile_report(text: str) -> Report:
    """Return a report of one episode."""
    report: Report = built(Report, text)
    return report


def hostile_episode(text: str) -> Episode:
    """Return an episode."""
    episode: Episode = built(Episode, text)
    return episode
