"""Runs to be compared, from a few words each: an episode of the samples with fields changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.comparison import ComparedRun
from eintr_trace.model.episodes import (
    Episode,
    FollowUp,
    InterruptedSyscall,
    KernelAction,
    Outcome,
    Receiver,
    TracerInduced,
)
from eintr_trace.model.events import FileDescriptor, ProcessSeen, SignalInfo, ThreadOrigin
from eintr_trace.model.python_state import Implementation, Interpreter
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
_ENUMS = {"outcome": Outcome, "kernel_action": KernelAction, "tracer_induced": TracerInduced}


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
        case "call" | "restart_code" | "receive_timeout_ns":
            return replace(one, syscall=_syscall(one, name, value))
        case "receiver":
            role, module = value
            return replace(one, received_by=Receiver(CodeRole(role), None, None, module=module))
        case "follow_up":
            return replace(one, follow_up=FollowUp(value, 1))
        case "consequences":
            return replace(one, consequences=tuple(value))
        case _:
            fields: dict[str, Any] = {name: _ENUMS.get(name, lambda same: same)(value)}
            return replace(one, **fields)


def _syscall(one: Episode, name: str, value: Any) -> InterruptedSyscall:
    met = one.syscall
    assert met is not None
    if name == "restart_code":
        return replace(met, restart_code=value)
    if name == "call":
        return replace(met, syscall=replace(met.syscall, name=value))
    descriptor = FileDescriptor(3, receive_timeout_ns=value)
    return replace(met, syscall=replace(met.syscall, descriptor=descriptor))
