"""Seizing a process: every thread of it, none of them stopped; and why it failed."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

from eintr_trace.errors import EintrTraceError
from eintr_trace.sources.live import binding, proc

_CAP_SYS_PTRACE = 19  # linux/capability.h
_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")


class AttachError(EintrTraceError):
    """A process could not be attached to; it is as it was."""


def process_of(pid: int) -> int:
    """The thread-group id of a process or thread id; raises AttachError if there is none."""
    try:
        return int(proc.status_fields(pid)["Tgid"])
    except (OSError, KeyError, ValueError):
        raise AttachError(
            f"there is no process {pid}", "List Python processes with `pgrep -a python`"
        ) from None


def seize_process(tgid: int, *, follow_forks: bool) -> list[int]:
    """Seize every thread of a process and return their tids, the first to be seized first.

    Repeats over /proc/PID/task until a pass finds nothing new: a thread made by one that was
    not seized yet escapes a single pass. Raises AttachError; threads seized until then are
    given back when the calling thread ends.
    """
    seized: dict[int, None] = {}
    while True:
        try:
            new = [tid for tid in proc.thread_ids(tgid) if tid not in seized]
        except OSError:
            raise AttachError(f"process {tgid} ended while attaching to it") from None
        progress = [tid for tid in new if _seize_thread(tgid, tid, follow_forks=follow_forks)]
        if not progress:
            break
        seized.update(dict.fromkeys(progress))
    if not seized:
        raise AttachError(f"process {tgid} ended while attaching to it")
    return list(seized)


def _seize_thread(tgid: int, tid: int, *, follow_forks: bool) -> bool:
    """False: the thread has ended (it may stay in /proc/PID/task as a zombie)."""
    try:
        binding.seize(tid, follow_forks=follow_forks)
    except OSError as error:
        if error.errno == errno.ESRCH:
            return False
        return _is_ours_or_gone(tgid, tid, error)
    return True


def _is_ours_or_gone(tgid: int, tid: int, error: OSError) -> bool:
    """EPERM: made by a thread seized before (so already ours), ended, or not allowed."""
    try:
        fields = proc.status_fields(tid)
    except OSError:
        return False
    # TracerPid is the tracing thread's id, not its process's (fs/proc/array.c).
    if fields.get("TracerPid") == str(threading.get_native_id()):
        return True
    if fields.get("State", "").startswith(("Z", "X")):
        return False
    raise AttachError(*_reason(tgid, fields, error)) from error


def _reason(tgid: int, fields: dict[str, str], error: OSError) -> tuple[str, str | None]:
    if error.errno != errno.EPERM:
        return f"cannot attach to process {tgid}: {error.strerror}", None
    tracer = int(fields.get("TracerPid", "0"))
    if tracer:
        return (
            f"process {tgid} is already traced by {_process_named(tracer)}",
            "One process has one tracer: end that one first",
        )
    return _reason_not_allowed(tgid, fields)


def _process_named(tid: int) -> str:
    """The process of a tracing thread, with its name."""
    try:
        fields = proc.status_fields(tid)
    except OSError:
        return f"thread {tid}, which is gone by now"
    return f"{fields.get('Name', 'a process')} (PID {fields.get('Tgid', tid)})"


def _reason_not_allowed(tgid: int, fields: dict[str, str]) -> tuple[str, str]:
    may_trace_all = _has_ptrace_capability()
    owner = int(fields.get("Uid", "0").split()[0])
    if owner != os.geteuid() and not may_trace_all:
        return (
            f"process {tgid} belongs to another user (uid {owner})",
            "Run eintr-trace as that user or with sudo",
        )
    scope = _yama_scope()
    if scope and not may_trace_all:
        return (
            f"the kernel lets nobody but a parent trace here (ptrace_scope is {scope})",
            "Run with sudo, or launch the program: eintr-trace COMMAND; "
            "ptrace_scope 3 can only be lifted by a reboot",
        )
    if may_trace_all:
        return (
            f"the kernel does not allow tracing process {tgid} although CAP_SYS_PTRACE is there",
            "It may be a kernel thread, or a security module (SELinux, AppArmor) forbids it",
        )
    return (
        f"the kernel does not allow tracing process {tgid}",
        "It may be setuid or marked undumpable, or the container lacks the capability: run "
        "with sudo, or the container with --cap-add=SYS_PTRACE",
    )


def _has_ptrace_capability() -> bool:
    effective = int(proc.status_fields(os.getpid())["CapEff"], 16)
    return bool(effective >> _CAP_SYS_PTRACE & 1)


def _yama_scope() -> int:
    """Yama's ptrace_scope, 0 where the kernel has no Yama."""
    try:
        return int(_YAMA.read_text())
    except OSError:
        return 0
