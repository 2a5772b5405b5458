"""Entries of CPython's functions, made of the PEP 475 table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import MappingProxyType
from typing import Final

from eintr_trace.facts.glossary.entry import Entry, Topic
from eintr_trace.facts.glossary.examples import examples
from eintr_trace.facts.pep475 import (
    Behaviour,
    Era,
    Pep475Row,
    Version,
    all_pep475_rows,
    pep475_rows,
)

_BEHAVIOUR: Final = {
    Behaviour.RETRIES: "calls again",
    Behaviour.LOOPS_IN_C: "calls again, without running Python's handlers first",
    Behaviour.RAISES: "raises",
    Behaviour.RETURNS_EARLY: "returns before its time, without an exception",
    Behaviour.NOT_KNOWN: "not known",
}
_OF_PYTHON_2: Final = frozenset({"thread"})
# Functions of the standard library, written in Python, that wait by one of a row.
_WAIT_BY: Final = MappingProxyType(
    {
        "socket.recv": ("http.client", "urllib.request.urlopen"),
        "ssl.read": ("ssl.SSLSocket.recv", "ssl.SSLSocket.read"),
        "os.wait": ("subprocess.Popen.wait", "subprocess.run"),
        "os.read": ("multiprocessing.connection.Connection.recv",),
        "threading.Lock": (
            "threading.Event.wait",
            "threading.Condition.wait",
            "queue.Queue.get",
            "threading.Thread.join",
        ),
    }
)
_TIMEOUT_WAIT: Final = frozenset({"poll", "ppoll"})


@cache
def function_entries() -> tuple[Entry, ...]:
    """Give an entry for each row of the table, under all names it has."""
    return tuple(map(_entry, all_pep475_rows()))


def rows_of_call(syscall: str) -> tuple[Pep475Row, ...]:
    """Give the rows of functions that block in a call, not counting what settimeout() makes."""
    return tuple(row for row in pep475_rows(syscall) if syscall in waits_in(row))


def waits_in(row: Pep475Row) -> tuple[str, ...]:
    """Give the calls that the functions of a row block in where the socket has no timeout.

    With ``settimeout()`` those on sockets block in ``poll`` (Modules/socketmodule.c).
    """
    own = tuple(call for call in row.syscalls if call not in _TIMEOUT_WAIT)
    return own or row.syscalls


def waits_in_with_settimeout(row: Pep475Row) -> tuple[str, ...]:
    """Give the calls that they block in with ``settimeout()``; none: that is not for them."""
    waits = tuple(call for call in row.syscalls if call in _TIMEOUT_WAIT)
    return waits if len(waits) < len(row.syscalls) else ()


def best_name(row: Pep475Row) -> str:
    """Give the name that programs use, of those that a row has; its own where there is none."""
    for name in row.names:
        owner = name.partition(".")[0]
        if not owner.startswith("_") and owner not in _OF_PYTHON_2:
            return name
    return row.id


def version_said(version: Version) -> str:
    """Say ``3.6.8``."""
    return ".".join(map(str, version))


def eras_said(row: Pep475Row) -> str:
    """Say ``raises socket.error from 2.7 on, InterruptedError from 3.3 on, calls again …``."""
    return ", ".join(f"{behaviour_said(era)} from {version_said(era.since)} on" for era in row.eras)


def behaviour_said(era: Era) -> str:
    """Say ``raises socket.error``, ``calls again``."""
    if era.raises is not None:
        return f"raises {era.raises}"
    return _BEHAVIOUR[era.behaviour]


def _entry(row: Pep475Row) -> Entry:
    example = examples()[row.id]
    return Entry(
        words=tuple(dict.fromkeys((best_name(row), *row.names, row.id, *_WAIT_BY.get(row.id, ())))),
        topic=Topic.FUNCTIONS,
        short=_short(row),
        why=tuple(_why(row)),
        see_also=_see_also(row),
        see_it=example.command,
        shows=example.shows or f"{example.meets}, and what Python made of EINTR",
        citation=tuple(_citation(row)),
    )


def _short(row: Pep475Row) -> str:
    what = best_name(row) if row.names else "C code that is not CPython's"
    waits, timeout = waits_in(row), waits_in_with_settimeout(row)
    where = f"{what} waits in {' or '.join(waits)}" if waits else f"{what} may wait in any call"
    if timeout:
        where += f", and in {timeout[0]} where the socket has a timeout of settimeout()"
    return f"{where}. After EINTR it {_now(row)}"


def _now(row: Pep475Row) -> str:
    last = row.eras[-1]
    if row.retry_since is not None:
        before = [era for era in row.eras if era.since < row.retry_since]
        earlier = f"; before, it {behaviour_said(before[-1])}" if before else ""
        since = version_said(row.retry_since)
        return f"calls again by itself from Python {since} on{earlier}."
    return f"{behaviour_said(last)}, up to Python {version_said(row.checked_through)} at least."


def _why(row: Pep475Row) -> Iterator[str]:
    for era in row.eras:
        yield f"From {version_said(era.since)} on it {behaviour_said(era)}: {era.how}."
    if row.hands_over_part:
        yield "What had been read before EINTR is the result, if anything had."
    if row.deadline is not None:
        yield f"What becomes of a timeout: {row.deadline}."
    if row.note is not None:
        yield f"{row.note[0].upper()}{row.note[1:]}."
    others = [name for name in row.names if name != best_name(row)]
    if others:
        yield f"The same is true of {', '.join(others)}."
    if row.id in _WAIT_BY:
        yield f"Python code that waits by it: {', '.join(_WAIT_BY[row.id])}."


def _see_also(row: Pep475Row) -> tuple[str, ...]:
    calls = tuple(dict.fromkeys((*row.syscalls[:3], *row.resumes_with[:3])))
    known = tuple(call for call in calls if call in examples())
    return ("PEP 475", "EINTR", *known)


def _citation(row: Pep475Row) -> Iterator[str]:
    yield row.citation
    if row.c_functions:
        found = row.c_functions[-1]
        yield f"CPython {found.source} {found.file} {found.name}(), line {found.line}"
    if row.observed_on:
        yield f"seen on CPython {', '.join(map(version_said, row.observed_on))}"
    else:
        yield "read in the sources, not run"
    yield "eintr_trace/facts/pep475.json"
