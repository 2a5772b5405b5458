"""What a family of calls adds to the text of a call: three tables, by the call's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from eintr_trace.sources.live.call_arguments import CallArguments, Render

Result = Callable[[CallArguments], str | None]
"""Gives the whole text of a result; ``None``: the number alone, as for any call."""


@dataclass(frozen=True)
class Family:
    """How some calls are written.

    ``entered``: each argument when the call is made, ``positions`` those that count in this
    one. ``given``: what is shown otherwise, by position, once the call has succeeded.
    ``failed``: likewise where it has failed. ``results``: where strace says more of a result
    than its number.
    """

    entered: Mapping[str, tuple[Render, ...]]
    given: Mapping[str, Mapping[int, Render]] = field(default_factory=dict)
    failed: Mapping[str, Mapping[int, Render]] = field(default_factory=dict)
    results: Mapping[str, Result] = field(default_factory=dict)
    positions: Mapping[str, Callable[[CallArguments], Sequence[int]]] = field(default_factory=dict)
