"""PEP 475 by function and version: what CPython's own C code does when a call gives EINTR.

Read from the sources of CPython 2.7.18, 3.3.7 to 3.13.5 and, where a row says so, observed
on running interpreters. PEP 475 (https://peps.python.org/pep-0475/) made most functions of
the standard library retry from 3.5 on; the table says which, since when, and which never.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, Final, assert_never

from eintr_trace.model.python_state import Callee, CalleeKind, PythonFrame

Version = tuple[int, ...]
"""``(3, 11, 7)``, or ``(3, 11)`` where the patch release is not known."""

# Between these the sources were not read.
_UNREAD: Final = ((3, 0), (3, 3))
_BRANCH: Final = 2
_FOREIGN: Final = "foreign C code"

# What Argument Clinic adds ("_impl"), and socketmodule.c to what may be without the GIL.
_C_ENDINGS: Final = re.compile(r"(_impl|_guts)+$")
# The module or type that has a C function, as CPython names it -> as the table names it.
_PUBLIC_OWNERS: Final = {
    "posix": "os",
    "_socket": "socket",
    "_socket.socket": "socket",
    "_signal": "signal",
    "_io": "io",
    "_queue": "queue",
}
# Modules that Python 3 does not have, and the built-in type whose methods block.
_OWNERS_OF_PYTHON_2: Final = frozenset({"__builtin__", "thread", "cStringIO", "cPickle", "file"})


class Behaviour(StrEnum):
    """What CPython's C code does with EINTR."""

    RETRIES = "retries"  # runs the Python signal handlers; unless one raises, carries on
    LOOPS_IN_C = "loops-in-C"  # calls again without running the Python signal handlers
    RAISES = "raises"  # EINTR becomes a Python exception
    RETURNS_EARLY = "returns-early"  # no exception, but the function returns before its time
    NOT_KNOWN = "not-known"


@dataclass(frozen=True)
class Era:
    """How a function behaves from CPython ``since`` on, up to the next era.

    ``raises`` is the type of the exception; ``how`` says it in one sentence.
    """

    since: Version
    behaviour: Behaviour
    raises: str | None
    how: str


@dataclass(frozen=True)
class CFunction:
    """The C function that decides, as found in the source of CPython ``source`` (3.12.0a4)."""

    source: str
    name: str
    file: str
    line: int

    @property
    def branch(self) -> Version:
        """``(3, 12)`` for 3.12.0a4."""
        major, minor = self.source.split(".")[:_BRANCH]
        return int(major), int(minor)


@dataclass(frozen=True)
class Pep475Row:
    """One function of the standard library, or several that share the C code.

    ``names`` are qualified (``socket.recv``); ``syscalls`` what they block in; ``resumes_with``
    the calls by which the C code carries on. ``deadline`` says what becomes of a timeout.
    ``hands_over_part``: what had been transferred before EINTR is the result, if anything had.
    ``calls_since`` says from which version on it blocks in which of ``syscalls``; none: in any.
    ``is_timed``: it never waits without a time limit.
    ``observed_on`` lists the versions it was run on, ``checked_through`` the newest branch
    whose behaviour was looked at.
    """

    id: str
    names: tuple[str, ...]
    syscalls: tuple[str, ...]
    eras: tuple[Era, ...]
    resumes_with: tuple[str, ...]
    deadline: str | None
    note: str | None
    c_functions: tuple[CFunction, ...]
    observed_on: tuple[Version, ...]
    checked_through: Version
    citation: str
    hands_over_part: bool = False
    calls_since: tuple[tuple[Version, tuple[str, ...]], ...] = ()
    is_timed: bool = False

    @property
    def is_of_cpython(self) -> bool:
        """Whether it is about CPython's own C code, not about what PEP 475 does not cover."""
        return self.id != _FOREIGN

    @property
    def retry_since(self) -> Version | None:
        """The version since which every era retries; ``None``: never (or not yet)."""
        since: Version | None = None
        for era in reversed(self.eras):
            if era.behaviour is not Behaviour.RETRIES:
                break
            since = era.since
        return since

    def calls_of(self, version: Version) -> tuple[str, ...]:
        """Give those of ``syscalls`` that ``version`` blocks in."""
        known = [calls for since, calls in self.calls_since if since <= version]
        return known[-1] if known else self.syscalls

    def eras_of(self, version: Version) -> tuple[Era, ...]:
        """Give the era of ``version``; of a bare branch (3, 6) all that it went through.

        None if the function did not exist yet.
        """
        earlier = [era for era in self.eras if era.since <= version]
        later = [
            era
            for era in self.eras
            if len(version) == _BRANCH and era.since > version and era.since[:_BRANCH] == version
        ]
        return (*earlier[-1:], *later)

    def behaviour(self, version: Version) -> Behaviour | None:
        """Give the behaviour of ``version``; ``None`` if it has no such function.

        That a function does not retry is not extended to versions newer than were looked at;
        that it does, is: PEP 475 is a promise.
        """
        if _UNREAD[0] <= version < _UNREAD[1]:
            return Behaviour.NOT_KNOWN
        behaviours = {era.behaviour for era in self.eras_of(version)}
        if not behaviours:
            return None
        if len(behaviours) > 1:
            return Behaviour.NOT_KNOWN
        (behaviour,) = behaviours
        if behaviour is not Behaviour.RETRIES and version[:_BRANCH] > self.checked_through:
            return Behaviour.NOT_KNOWN
        return behaviour

    def c_function(self, version: Version) -> CFunction | None:
        """Give the deciding C function as found in the newest branch up to ``version``.

        ``None`` where no source of its major version was read so far.
        """
        known = [
            found
            for found in self.c_functions
            if found.branch <= version and found.branch[0] == version[0]
        ]
        return known[-1] if known else None


@dataclass(frozen=True)
class Pep475Decision:
    """What the table says of one interrupted call, and the rows it rests on.

    ``calls_again`` is true if all rows retry or loop (the program gets its result), false if
    none does, ``None`` if that is not known: ``behaviour`` can be not known because rows
    differ only in whether Python signal handlers run meanwhile.
    """

    behaviour: Behaviour
    rows: tuple[Pep475Row, ...]
    calls_again: bool | None


@cache
def all_pep475_rows() -> tuple[Pep475Row, ...]:
    """Give the whole table."""
    text = resources.files(__package__).joinpath("pep475.json").read_text("utf-8")
    return tuple(_row_from_json(row) for row in json.loads(text))


def pep475_rows(syscall: str, called: str | None = None) -> tuple[Pep475Row, ...]:
    """Give the rows of functions that block in ``syscall``.

    ``called``: the name that the Python instruction calls, bare (``recv``) or dotted as far
    as known (``os.lockf``); only rows with that name then. ``None``: the name is not known.
    """
    return tuple(
        row
        for row in all_pep475_rows()
        if syscall in row.syscalls
        and (called is None or any(_is_name_of(called, name) for name in row.names))
    )


def retries_since(c_function: str) -> Version | None:
    """Give the version since which CPython's C function of that name calls again after EINTR.

    ``None``: never, or no row (or more than one) has it. The compiler may have inlined the
    function into the one that it is the implementation of, or split it (``sock_recv.cold``).
    """
    rows = _rows_by_c_function().get(_c_stem(c_function), ())
    since = {row.retry_since for row in rows}
    return since.pop() if len(since) == 1 else None


def rows_of_c_function(c_function: str) -> tuple[Pep475Row, ...]:
    """Give the rows that name CPython's C function, however the compiler has split it."""
    return _rows_by_c_function().get(_c_stem(c_function), ())


@cache
def _rows_by_c_function() -> dict[str, tuple[Pep475Row, ...]]:
    rows: dict[str, tuple[Pep475Row, ...]] = {}
    for row in all_pep475_rows():
        for stem in {_c_stem(found.name) for found in row.c_functions}:
            rows[stem] = (*rows.get(stem, ()), row)
    return rows


def _c_stem(c_function: str) -> str:
    """Give ``sock_recv`` for ``sock_recv_impl.isra.0``."""
    return _C_ENDINGS.sub("", c_function.partition(".")[0])


def decide_pep475(
    version: Version, syscall: str, called: str | None, callee: Callee | None = None
) -> Pep475Decision:
    """Say what CPython ``version`` does when ``syscall``, made for ``called``, gives EINTR.

    Not known unless all rows that apply agree, and for a function that no row has: it may be a
    C extension's, which PEP 475 does not cover. ``callee`` is what is called, where that could
    be read; by the bare name alone ctypes' ``libc.read`` would be taken for CPython's.
    """
    return decide_among(version, _rows_that_apply(syscall, called, callee))


def decide_among(version: Version, candidates: Iterable[Pep475Row]) -> Pep475Decision:
    """Say what CPython ``version`` does if one of ``candidates`` made the call."""
    found = tuple(
        (row, behaviour) for row in candidates if (behaviour := row.behaviour(version)) is not None
    )
    rows = tuple(row for row, _ in found)
    behaviours = {behaviour for _, behaviour in found}
    behaviour = behaviours.pop() if len(behaviours) == 1 else Behaviour.NOT_KNOWN
    return Pep475Decision(behaviour, rows, _calls_again({behaviour for _, behaviour in found}))


def _rows_that_apply(
    syscall: str, called: str | None, callee: Callee | None
) -> tuple[Pep475Row, ...]:
    if callee is None:
        return pep475_rows(syscall, called)
    match callee.kind:
        case CalleeKind.CTYPES:
            return tuple(row for row in all_pep475_rows() if row.id == _FOREIGN)
        case CalleeKind.OTHER:
            return ()
        case CalleeKind.C_FUNCTION:
            name = public_name(callee.name or "")
            return tuple(row for row in pep475_rows(syscall) if name in row.names)
        case _:
            assert_never(callee.kind)


def public_name(name: str) -> str:
    """Give ``os.read`` for ``posix.read``: the name by which the documentation knows it."""
    owner, _, function = name.rpartition(".")
    known = _PUBLIC_OWNERS.get(owner)
    if known is not None:
        return f"{known}.{function}"
    module, dot, rest = name.partition(".")
    return f"{_PUBLIC_OWNERS.get(module, module)}{dot}{rest}"


def is_of_cpython(callee: Callee) -> bool | None:
    """Tell whether a C function is CPython's own, by its module; ``None``: it has no name."""
    if callee.name is None:
        return None
    module = callee.name.partition(".")[0]
    return module in sys.stdlib_module_names or module in _OWNERS_OF_PYTHON_2


def is_foreign(callee: Callee | None) -> bool:
    """Tell whether what Python calls is known, and known not to be CPython's own."""
    return callee is not None and is_of_cpython(callee) is not True


def may_call_foreign_code(frame: PythonFrame) -> bool:
    """Tell whether a frame is at a call of C code that is not known to be CPython's own."""
    if frame.callee is None:
        return frame.calls is not None
    return is_foreign(frame.callee)


def _calls_again(behaviours: set[Behaviour]) -> bool | None:
    again = {Behaviour.RETRIES, Behaviour.LOOPS_IN_C}
    if not behaviours or Behaviour.NOT_KNOWN in behaviours:
        return None
    if behaviours <= again:
        return True
    return None if behaviours & again else False


def parse_version(text: str) -> Version:
    """Read ``3.11.7``, ``3.11`` or ``3.14.0rc1`` as the numbers of a release."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _is_name_of(called: str, qualified: str) -> bool:
    return qualified == called or qualified.endswith(f".{called}")


def _version(text: str) -> Version:
    return tuple(int(part) for part in text.split("."))


def _c_function(source: str, place: str) -> CFunction:
    name, _, position = place.partition(" @ ")
    file, _, line = position.rpartition(":")
    return CFunction(source, name, file, int(line))


def _row_from_json(row: dict[str, Any]) -> Pep475Row:
    return Pep475Row(
        id=row["id"],
        names=tuple(row["names"]),
        syscalls=tuple(row["syscalls"]),
        eras=tuple(
            Era(_version(era["since"]), Behaviour(era["behaviour"]), era["raises"], era["how"])
            for era in row["eras"]
        ),
        resumes_with=tuple(row["resumes_with"]),
        deadline=row["deadline"],
        note=row["note"],
        c_functions=tuple(_c_function(*item) for item in row["c_functions"].items()),
        observed_on=tuple(_version(version) for version in row["observed_on"]),
        checked_through=_version(row["checked_through"]),
        citation=row["citation"],
        hands_over_part=row.get("hands_over_part", False),
        calls_since=tuple(
            (_version(since), tuple(calls)) for since, calls in row.get("calls_since", {}).items()
        ),
        is_timed=row.get("is_timed", False),
    )
