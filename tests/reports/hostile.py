"""Reports built from the types of the model, so that new fields are in by themselves.

One whose every string is hostile, and any that hypothesis may think of.
"""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from hypothesis import strategies as st

from eintr_trace.model.episodes import Sentence
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceHeader

NOT_OF_THE_TRACEE = {
    (TraceHeader, "format"),  # a constant of ours, checked when a recording is read
}


def built(kind: Any, text: str) -> Any:
    """Return a value of a type of the model in which each string is ``text``, none is missing."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    plain = {str: text, int: 1, bool: True}
    if kind in plain:
        return plain[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if origin in (types.UnionType, typing.Union):
        return built(next(one for one in arguments if one is not types.NoneType), text)
    if origin is tuple and arguments[-1] is Ellipsis:
        return (built(arguments[0], text),)
    if origin is tuple:
        return tuple(built(one, text) for one in arguments)
    assert is_dataclass(kind), f"how is one of {kind} built?"
    hints = _hints(kind)
    values = {name: built(hints[name], text) for name in hints}
    if kind is Sentence:
        values["evidence"] = (0,)  # an index of the episode's one piece of evidence
    return typing.cast(Any, kind)(**values)


def _hints(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    names = [one.name for one in fields(kind) if (kind, one.name) not in NOT_OF_THE_TRACEE]
    return {name: hints[name] for name in names}


def hostile_report(text: str) -> Report:
    """Return a report of one episode."""
    report: Report = built(Report, text)
    return report


_NUMBERS = st.integers(1, 64)  # what a signal's number may be, and any other
_TEXTS = st.text(max_size=3)


@cache
def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return what draws values of a type of the model; no tuple is longer than two."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*(any_of(one) for one in arguments))
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(any_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(any_of(one) for one in arguments))
    if is_dataclass(kind):
        return st.builds(
            typing.cast(Any, kind), **{name: any_of(hint) for name, hint in _hints(kind).items()}
        )
    plain = {str: _TEXTS, int: _NUMBERS, bool: st.booleans(), types.NoneType: st.none()}
    return plain[kind] if kind in plain else st.sampled_from(list(kind))
