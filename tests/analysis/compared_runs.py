"""Runs to be compared, from a few words each: an episode of the samples with fields changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from eintr_trace.facts.pep475 import retries_since
from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.comparison import ComparedRun
from eintr_trace.model.episodes import (
    DelayBound,
    Episode,
    Evidence,
    EvidenceKind,
    FollowUp,
    InterruptedSyscall,
    KernelAction,
    Outcome,
    PythonSide,
    Receiver,
    TracerInduced,
)
from eintr_trace.model.events import FileDescriptor, ProcessSeen, SignalInfo, ThreadOrigin
from eintr_trace.model.python_state import Callee, CalleeKind, Implementation, Interpreter
from tests.reports import samples

BASES: dict[str, Episode] = {
    "RAISED": samples.RAISED,
    "RESUMED": samples.RESUMED,
    "RESTARTED": samples.RESTARTED,
    "NOT_BLOCKING": samples.NOT_BLOCKING,
    "INDUCED": samples.INDUCED,
    "DIED": samples.DIED,
    "UNKNOWN": samples.UNKNOWN,
    # What an strace log has of samples.RAISED.
    "BY_LOG": replace(
        samples.RAISED,
        sa_restart=None,
        python=None,
        exceptions=(),
        caught=None,
        caught_at=None,
        consequences=(),
        evidence=(),
        explanation=(),
        advice=(),
    ),
}
_TYPES: dict[str, Callable[[Any], Any]] = {
    "outcome": Outcome,
    "kernel_action": KernelAction,
    "tracer_induced": TracerInduced,
    "consequences": tuple,
    "exceptions": tuple,
    "evidence": lambda kinds: tuple(Evidence(EvidenceKind(kind), "seen") for kind in kinds),
}


def run(name: str, python: str | None, episodes: Sequence[Episode]) -> ComparedRun:
    """Give a run whose processes all are of one CPython, or of no known interpreter."""
    numbered = [replace(episode, id=number) for number, episode in enumerate(episodes, start=1)]
    interpreter = None
    if python is not None:
        interpreter = Interpreter(Implementation.CPYTHON, python, "a table")
    processes = tuple(
        ProcessSeen(0, tgid, tgid, ("python",), None, ThreadOrigin.SEIZED, interpreter)
        for tgid in {episode.tgid for episode in episodes}
    )
    return ComparedRun(name, replace(samples.report(*numbered), processes=processes))


def episode(fields: Mapping[str, Any]) -> Episode:
    """Make the episode that a fixture's few words mean."""
    changed = BASES[fields["like"]]
    for name, value in fields.items():
        if name != "like":
            changed = _changed(changed, name, value)
    return changed


def _changed(one: Episode, name: str, value: Any) -> Episode:
    match name:
        case "signal":
            return replace(one, signal=None if value is None else SignalInfo(10, value))
        case "call" | "args" | "restart_code" | "receive_timeout_ns":
            return replace(one, syscall=_syscall(one, name, value))
        case "receiver" | "function":
            return replace(one, received_by=_receiver(name, value))
        case "callee" | "delay_bound":
            return replace(one, python=_python(one, name, value))
        case "follow_up":
            return replace(one, follow_up=FollowUp(value, 1))
        case _:
            fields: dict[str, Any] = {name: _TYPES.get(name, lambda same: same)(value)}
            return replace(one, **fields)


def _receiver(name: str, value: Any) -> Receiver:
    if name == "receiver":
        role, module = value
        return Receiver(CodeRole(role), None, None, module=module)
    since = retries_since(value)
    retries = None if since is None else ".".join(map(str, since))
    return Receiver(CodeRole.CPYTHON, value, None, retries_since=retries)


def _python(one: Episode, name: str, value: Any) -> PythonSide:
    python = one.python
    assert python is not None
    if name == "callee":
        inner, *outer = python.stack
        callee = Callee(CalleeKind.C_FUNCTION, value)
        return replace(python, stack=(replace(inner, callee=callee), *outer))
    assert python.handler is not None
    return replace(python, handler=replace(python.handler, delay_bound=DelayBound(value)))


def _syscall(one: Episode, name: str, value: Any) -> InterruptedSyscall:
    met = one.syscall
    assert met is not None
    if name == "restart_code":
        return replace(met, restart_code=value)
    if name == "call":
        return replace(met, syscall=replace(met.syscall, name=value))
    if name == "args":
        return replace(met, syscall=replace(met.syscall, args=tuple(value)))
    descriptor = FileDescriptor(3, receive_timeout_ns=value)
    return replace(met, syscall=replace(met.syscall, descriptor=descriptor))
