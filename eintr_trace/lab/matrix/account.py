"""What a scenario's program says of itself, read with suspicion."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from eintr_trace.errors import EintrTraceError


class Result(StrEnum):
    """How the call came back."""

    RETURNED = "returned"
    RAISED = "raised"


@dataclass(frozen=True)
class SaidException:
    """An exception as the program describes it; ``origin`` is the one it was made from."""

    type_name: str
    errno: int | None
    message: str
    origin: SaidException | None = None

    def chain(self) -> tuple[SaidException, ...]:
        """Give this one and those it was made from."""
        return (self, *(self.origin.chain() if self.origin is not None else ()))


@dataclass(frozen=True)
class HandlerNote:
    """One run of a Python handler; ``at_s`` as of time.time(), ``tid`` the kernel's."""

    signo: int
    at_s: float
    tid: int


@dataclass(frozen=True)
class Account:
    """The program's own account; times are of time.time()."""

    result: Result
    exception: SaidException | None
    value: str
    byte_count: int | None
    began_s: float
    ended_s: float
    handlers: tuple[HandlerNote, ...]
    eintr_caught: int
    python: str

    @property
    def elapsed_s(self) -> float:
        """How long the call lasted."""
        return self.ended_s - self.began_s


@dataclass(frozen=True)
class Ready:
    """The program is about to wait for its start; ``tid`` is the thread that makes the call."""

    pid: int
    tid: int


def find_ready(output: str) -> Ready | None:
    """Find the line that says ready; ``None``: it was not printed whole, or not well."""
    for said in _objects(output):
        try:
            return Ready(_integer(said, "ready"), _integer(said, "tid"))
        except (KeyError, TypeError):
            continue
    return None


def has_account(output: str) -> bool:
    """Whether an account was printed, well formed or not."""
    return any("result" in said for said in _objects(output))


def read_account(output: str) -> Account:
    """Read the account; raises EintrTraceError when there is none, or not one."""
    found = [said for said in _objects(output) if "result" in said]
    if len(found) != 1:
        raise EintrTraceError(
            "printed no account of its call" if not found else "printed more than one account"
        )
    try:
        return _account(found[0])
    except (KeyError, TypeError, ValueError) as error:
        raise EintrTraceError(f"printed an account that is none: {error!r}") from error


def _account(said: dict[str, Any]) -> Account:
    return Account(
        result=Result(said["result"]),
        exception=_exception(said["exception"]),
        value=_text(said, "value"),
        byte_count=None if said["bytes"] is None else _integer(said, "bytes"),
        began_s=_seconds(said, "began_s"),
        ended_s=_seconds(said, "ended_s"),
        handlers=tuple(
            HandlerNote(_integer(note, "signo"), _seconds(note, "at_s"), _integer(note, "tid"))
            for note in said["handlers"]
        ),
        eintr_caught=_integer(said, "eintr_caught"),
        python=_text(said, "python"),
    )


def _exception(said: dict[str, Any] | None) -> SaidException | None:
    if said is None:
        return None
    return SaidException(
        type_name=_text(said, "type"),
        errno=None if said["errno"] is None else _integer(said, "errno"),
        message=_text(said, "message"),
        origin=_exception(said.get("origin")),
    )


def _objects(output: str) -> list[dict[str, Any]]:
    """The whole lines that are JSON objects; a program may print other things as well."""
    found = []
    for line in output.splitlines(keepends=True):
        if not line.startswith("{") or not line.endswith("\n"):
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _integer(said: dict[str, Any], name: str) -> int:
    value = said[name]
    if not isinstance(value, int):
        raise TypeError(f"{name} is {value!r}")
    return value


def _seconds(said: dict[str, Any], name: str) -> float:
    value = said[name]
    if not isinstance(value, int | float):
        raise TypeError(f"{name} is {value!r}")
    return float(value)


def _text(said: dict[str, Any], name: str) -> str:
    value = said[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}")
    return value
