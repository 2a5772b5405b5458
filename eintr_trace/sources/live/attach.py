"""Seizing a process: every thread of it, none of them stopped; and why it failed."""

from __future__ import annotations

import errno
import os
import threading
from enum import Enum, auto
from pathlib import Path

from eintr_trace.errors import EintrTraceError
from eintr_trace.sources.live import binding, proc
from eintr_trace.sources.live.wait_status import reap_for_other_thread

_CAP_SYS_PTRACE = 19  # linux/capability.h
_ELF_CLASS_AT, _ELF_CLASS_32 = 4, b"\x01"  # e_ident[EI_CLASS], elf(5)
_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
_YAMA_NO_ATTACH = 3  # Documentation/admin-guide/LSM/Yama.rst
_GIVE_CAPABILITY = "In a container, start it with --cap-add=SYS_PTRACE"


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


class _Seized(Enum):
    """What became of the attempt to seize one thread."""

    NOW = auto()
    BORN_TRACED = auto()  # made by a thread seized before: its first stop is still to come
    GONE = auto()


class Attachment:
    """Seizing processes in the tracing thread, while another thread keeps the kernel going.

    ``born_traced`` are seized threads whose first stop is still to come. Once ``all_seized``,
    ends are the tracing thread's to take.
    """

    def __init__(self, *, follow_forks: bool) -> None:
        self._follow_forks = follow_forks
        self._reapable: list[int] = []
        self.born_traced: set[int] = set()
        self.all_seized = False

    def seize_process(self, tgid: int) -> list[int]:
        """Seize every thread of a process and return their tids, in the order of seizing.

        Repeats over /proc/PID/task until a pass finds nothing new: a thread made by one that
        was not seized yet escapes a single pass. Raises AttachError; threads seized until then
        are given back when the calling thread ends.
        """
        seized: dict[int, None] = {}
        while True:
            try:
                new = [tid for tid in proc.thread_ids(tgid) if tid not in seized]
            except OSError:
                raise AttachError(f"process {tgid} ended while attaching to it") from None
            progress = [tid for tid in new if self._seize_thread(tgid, tid)]
            if not progress:
                break
            seized.update(dict.fromkeys(progress))
        if not seized:
            raise AttachError(f"process {tgid} ended while attaching to it")
        return list(seized)

    def reap_ended(self) -> None:
        """Take the ends of seized threads from the kernel; for another thread, meanwhile.

        PTRACE_SEIZE waits for a running execve() (cred_guard_mutex), which waits for all other
        threads of its process to be reaped (fs/exec.c, de_thread()): those seized, by us.
        """
        for tid in list(self._reapable):
            if not self.all_seized:
                reap_for_other_thread(tid)

    def _seize_thread(self, tgid: int, tid: int) -> bool:
        match self._seize(tgid, tid):
            case _Seized.GONE:
                return False
            case _Seized.BORN_TRACED:
                self.born_traced.add(tid)
            case _Seized.NOW:
                pass
        if tid != tgid:
            self._reapable.append(tid)
        return True

    def _seize(self, tgid: int, tid: int) -> _Seized:
        try:
            binding.seize(tid, follow_forks=self._follow_forks)
        except OSError as error:
            # Gone; it may stay in /proc/PID/task as a zombie, which EPERM is about.
            return _Seized.GONE if error.errno == errno.ESRCH else _born_or_gone(tgid, tid, error)
        return _Seized.NOW


def _born_or_gone(tgid: int, tid: int, error: OSError) -> _Seized:
    """EPERM: ours already, ended, or not allowed (AttachError)."""
    try:
        fields = proc.status_fields(tid)
    except OSError:
        return _Seized.GONE
    # TracerPid is the tracing thread's id, not its process's (fs/proc/array.c).
    if fields.get("TracerPid") == str(threading.get_native_id()):
        return _Seized.BORN_TRACED
    if fields.get("State", "").startswith(("Z", "X")):
        return _Seized.GONE
    raise AttachError(*_reason(tgid, fields, error)) from error


def require_64_bit(tgid: int) -> None:
    """Raise AttachError for a 32-bit program, whose calls have other numbers."""
    try:
        with Path(f"/proc/{tgid}/exe").open("rb") as program:
            head = program.read(_ELF_CLASS_AT + 1)
    except OSError:
        return  # a kernel thread, or not allowed to look: seizing will tell
    if head[_ELF_CLASS_AT:] == _ELF_CLASS_32:
        raise AttachError(f"process {tgid} is a 32-bit program, which is not supported")


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


def _reason_not_allowed(tgid: int, fields: dict[str, str]) -> tuple[str, str | None]:
    if tgid == os.getpid():
        return "eintr-trace cannot trace itself", None
    scope = _yama_scope()
    if scope == _YAMA_NO_ATTACH:
        return (
            f"this kernel lets nobody attach to any process (ptrace_scope is {scope})",
            "Only a reboot lifts that",
        )
    may_trace_all = _has_ptrace_capability()
    if may_trace_all:
        return (
            f"the kernel does not allow tracing process {tgid} although CAP_SYS_PTRACE is there",
            "It may be a kernel thread, or a security module (SELinux, AppArmor) forbids it",
        )
    owner = int(fields.get("Uid", "0").split()[0])
    if owner != os.geteuid():
        what = f"process {tgid} belongs to another user (uid {owner})"
        if os.geteuid() == 0:
            return f"{what}, and root here lacks CAP_SYS_PTRACE", _GIVE_CAPABILITY
        return what, "Run eintr-trace as that user or with sudo"
    if scope:
        return (
            f"the kernel lets nobody but a parent trace here (ptrace_scope is {scope})",
            "Run with sudo, or launch the program: eintr-trace COMMAND",
        )
    return (
        f"the kernel does not allow tracing process {tgid}",
        f"It may be setuid or undumpable: run with sudo. {_GIVE_CAPABILITY}",
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
