"""The scenarios of the matrix: blocking calls, declared as data in ``scenarios.toml``.

The head of that file says what an entry holds; adding a scenario is adding an entry.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from eintr_trace.errors import MalformedInputError
from eintr_trace.lab.dispositions import Disposition
from eintr_trace.model.episodes import Outcome

SCENARIOS = Path(__file__).parent / "scenarios.toml"

_NAME = re.compile(r"[A-Za-z0-9_.,+=() -]+")
_VERSION = re.compile(r"(\d+)\.(\d+)")

_TOML_NAMES: Mapping[type, str] = MappingProxyType(
    {str: "text", bool: "truth value", list: "list", dict: "table"}
)

T = TypeVar("T")


class ReleasedBy(StrEnum):
    """Who lets the call finish.

    ``PEER``: another process. ``THREAD``: a thread of the program itself, for what no other
    process can reach (a lock); it blocks all signals, so that it never takes one.
    """

    PEER = "peer"
    THREAD = "thread"


@dataclass(frozen=True)
class Full:
    """What a call that was not cut short has done; ``None``: not said.

    ``byte_count`` is how much it has read or written, ``seconds`` how long it has lasted.
    """

    byte_count: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class PythonLoop:
    """A loop in the standard library's own Python code that the program cannot tell of.

    Up to Python ``until`` (inclusive) it answers an interrupted C call by a new one, so that
    ``outcome`` is right for that call. ``because`` names the function in the library's source.
    """

    until: tuple[int, int]
    outcome: Outcome
    because: str

    def applies_to(self, version: tuple[int, ...]) -> bool:
        """Whether this version of Python has the loop."""
        return version[:2] <= self.until


@dataclass(frozen=True)
class Scenario:
    """One blocking call. The snippets are Python that is valid on 2.7 and 3.x.

    ``setup`` runs first, before the peer is forked; ``threads``, which may start some, after
    it. ``call`` assigns ``result``. ``release`` lets it finish; empty: it ends by itself.
    ``blocked_in`` are the system calls in which it may be seen waiting. ``since`` and
    ``until`` (inclusive) bound the versions, and ``because`` says why. ``not_with`` holds the
    dispositions that make no sense, with the reason; ``not_on`` the implementations of Python
    that lack the call. ``modules`` must be importable.
    """

    name: str
    call: str
    blocked_in: tuple[str, ...]
    setup: str = ""
    threads: str = ""
    release: str = ""
    released_by: ReleasedBy = ReleasedBy.PEER
    full: Full = Full()
    python_loop: PythonLoop | None = None
    since: tuple[int, int] | None = None
    until: tuple[int, int] | None = None
    because: str | None = None
    not_with: Mapping[Disposition, str] = field(default_factory=lambda: MappingProxyType({}))
    not_on: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    modules: tuple[str, ...] = ()
    subset: bool = False

    def not_for(self, version: tuple[int, ...], implementation: str = "CPython") -> str | None:
        """Why the scenario is not for this Python; ``None``: it is."""
        if implementation in self.not_on:
            return self.not_on[implementation]
        too_old = self.since is not None and version[:2] < self.since
        too_new = self.until is not None and version[:2] > self.until
        return self.because if too_old or too_new else None


def load_scenarios(path: Path = SCENARIOS) -> tuple[Scenario, ...]:
    """Read all scenarios, in the order of the file.

    Raises MalformedInputError, naming the file and the entry, for what is not as the file's
    head says, and OSError.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MalformedInputError(str(path), None, f"is not TOML: {error}") from error
    tables = document.pop("scenario", None)
    if document or not isinstance(tables, list) or not tables:
        raise MalformedInputError(str(path), None, "must hold [[scenario]] entries, nothing else")
    scenarios: dict[str, Scenario] = {}
    for number, table in enumerate(tables, 1):
        entry = _Entry(path, number, table)
        scenario = _scenario(entry)
        if scenario.name in scenarios:
            entry.refuse("has the name of an earlier one")
        scenarios[scenario.name] = scenario
    return tuple(scenarios.values())


class _Entry:
    """One ``[[scenario]]``: its values are taken out one by one, each of the type it must have."""

    def __init__(self, path: Path, number: int, table: object) -> None:
        self._path = path
        self._called = f"scenario {number}"
        if not isinstance(table, dict):
            self.refuse("is not a table")
        self._left: dict[str, Any] = dict(table)
        if isinstance(table.get("name"), str):
            self._called += f" ({table['name']})"

    def refuse(self, why: str) -> NoReturn:
        """Raise MalformedInputError for this entry."""
        raise MalformedInputError(str(self._path), None, f"{self._called} {why}")

    def take(self, key: str, kind: type[T]) -> T | None:
        """The value of ``key``; ``None``: it has none."""
        value = self._left.pop(key, None)
        if value is not None and type(value) is not kind:
            self.refuse(f"has a {key!r} that is no {_TOML_NAMES[kind]}")
        return value

    def text(self, key: str) -> str:
        return self.take(key, str) or ""

    def required_text(self, key: str) -> str:
        return self.text(key) or self.refuse(f"has no {key!r}")

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.take(key, list) or []
        if not all(isinstance(value, str) and value for value in values):
            self.refuse(f"has a {key!r} with something else than text in it")
        return tuple(values)

    def snippet(self, key: str) -> str:
        """Python that compiles."""
        text = self.text(key)
        try:
            ast.parse(text)
        except SyntaxError as error:
            self.refuse(f"has a {key!r} that is no Python: {error.msg}, line {error.lineno}")
        return text

    def version(self, key: str) -> tuple[int, int] | None:
        text = self.take(key, str)
        if text is None:
            return None
        found = _VERSION.fullmatch(text) or self.refuse(f"has a {key!r} that is not like 3.10")
        return int(found[1]), int(found[2])

    def number(self, table: dict[str, Any], key: str) -> float | None:
        value = table.pop(key, None)
        if value is None:
            return None
        if type(value) not in (int, float) or value <= 0:
            self.refuse(f"has a {key!r} that is no number above 0")
        return float(value)

    def reasons(self, key: str) -> Mapping[str, str]:
        """A table of reasons."""
        table = self.take(key, dict) or {}
        for name, reason in table.items():
            if not isinstance(reason, str) or not reason:
                self.refuse(f"does not say why it is {key!r} {name!r}")
        return MappingProxyType(table)

    def require_no_more(self, left: Mapping[str, object] | None = None) -> None:
        """Refuse keys that nobody has asked for."""
        unknown = self._left if left is None else left
        if unknown:
            self.refuse(f"has an unknown key {min(unknown)!r}")


def _scenario(entry: _Entry) -> Scenario:
    name = entry.required_text("name")
    if not _NAME.fullmatch(name):
        entry.refuse("has a name with other characters than those of a file's name")
    scenario = Scenario(
        name=name,
        call=_call(entry),
        blocked_in=entry.texts("blocked_in") or entry.refuse("has no 'blocked_in'"),
        setup=entry.snippet("setup"),
        threads=entry.snippet("threads"),
        release=entry.snippet("release"),
        released_by=_released_by(entry),
        full=_full(entry),
        python_loop=_python_loop(entry),
        since=entry.version("since"),
        until=entry.version("until"),
        because=entry.take("because", str),
        not_with=_not_with(entry),
        not_on=entry.reasons("not_on"),
        modules=entry.texts("modules"),
        subset=entry.take("subset", bool) or False,
    )
    if (scenario.since or scenario.until) and not scenario.because:
        entry.refuse("is not for all versions and does not say why ('because')")
    entry.require_no_more()
    return scenario


def _call(entry: _Entry) -> str:
    call = entry.snippet("call")
    assigned = {
        node.id
        for node in ast.walk(ast.parse(call))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    if "result" not in assigned:
        entry.refuse("has a 'call' that does not assign 'result'")
    return call


def _released_by(entry: _Entry) -> ReleasedBy:
    text = entry.take("released_by", str) or ReleasedBy.PEER
    if text not in set(ReleasedBy):
        entry.refuse(f"is released by {text!r}, which is none of {', '.join(ReleasedBy)}")
    return ReleasedBy(text)


def _full(entry: _Entry) -> Full:
    table = dict(entry.take("full", dict) or {})
    byte_count, seconds = entry.number(table, "bytes"), entry.number(table, "seconds")
    entry.require_no_more(table)
    return Full(None if byte_count is None else int(byte_count), seconds)


def _python_loop(entry: _Entry) -> PythonLoop | None:
    table = entry.take("python_loop", dict)
    if table is None:
        return None
    until, outcome, because = (table.pop(key, None) for key in ("until", "outcome", "because"))
    entry.require_no_more(table)
    version = _VERSION.fullmatch(until) if isinstance(until, str) else None
    if version is None or outcome not in set(Outcome) or not isinstance(because, str):
        entry.refuse("has a 'python_loop' without 'until', an 'outcome' and 'because'")
    return PythonLoop((int(version[1]), int(version[2])), Outcome(outcome), because)


def _not_with(entry: _Entry) -> Mapping[Disposition, str]:
    reasons = entry.reasons("not_with")
    for name in reasons:
        if name not in set(Disposition):
            entry.refuse(f"is not with {name!r}, which is no disposition")
    return MappingProxyType({Disposition(name): reason for name, reason in reasons.items()})
