"""What /proc says about a process or thread (proc(5)); all reads, none of them stops anything."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from eintr_trace.model.events import Disposition

# proc_pid_stat(5), fields 26 and 28; counted from the state, which is field 3
_START_CODE, _START_STACK = 23, 25
_SHORT_FILE_BYTES = 1 << 16  # a status has 1.5 KB, and 6 more bytes a group of its user's


@dataclass(frozen=True)
class SignalMasks:
    """The signal masks of /proc/PID/status; bit signo - 1 stands for signo.

    ``pending`` are those sent to the thread or to its process. ``traced_stop``: the thread is
    in a stop for its tracer (State ``t``).
    """

    blocked: int
    ignored: int
    caught: int
    pending: int = 0
    traced_stop: bool = False

    def disposition(self, signo: int) -> Disposition:
        """What the process does with ``signo``."""
        if self.caught >> (signo - 1) & 1:
            return Disposition.CAUGHT
        if self.ignored >> (signo - 1) & 1:
            return Disposition.IGNORED
        return Disposition.DEFAULT

    def is_pending(self, signo: int) -> bool:
        """Whether ``signo`` waits to be delivered."""
        return bool(self.pending >> (signo - 1) & 1)

    def blocks(self, signo: int) -> bool:
        """Whether this thread blocks ``signo``."""
        return bool(self.blocked >> (signo - 1) & 1)


def thread_ids(tgid: int) -> list[int]:
    """The threads of a process now; raises FileNotFoundError when it is gone."""
    return [int(name) for name in os.listdir(f"/proc/{tgid}/task")]  # noqa: PTH208 - names only


def status_fields(tid: int) -> dict[str, str]:
    """The fields of /proc/TID/status; raises OSError (ENOENT, ESRCH) when it is gone."""
    text = Path(f"/proc/{tid}/status").read_text(errors="replace")
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in pairs}


def signal_masks(tid: int) -> SignalMasks | None:
    """The masks of a thread, ``None`` when it is gone."""
    try:
        data = _read_in_a_stop(f"/proc/{tid}/status")
    except OSError:
        return None
    return SignalMasks(
        blocked=_mask(data, b"\nSigBlk:"),
        ignored=_mask(data, b"\nSigIgn:"),
        caught=_mask(data, b"\nSigCgt:"),
        pending=_mask(data, b"\nSigPnd:") | _mask(data, b"\nShdPnd:"),
        traced_stop=b"\nState:\tt" in data,
    )


def _read_in_a_stop(path: str) -> bytes:
    """A short file, for a third of the time that ``Path`` takes where the caches are cold."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, _SHORT_FILE_BYTES)
    finally:
        os.close(fd)


def _mask(status: bytes, field: bytes) -> int:
    start = status.index(field) + len(field)
    return int(status[start : status.index(b"\n", start)], 16)


@dataclass(frozen=True)
class BlockedCall:
    """The call a thread is blocked in: its number and its raw arguments."""

    nr: int
    args: tuple[int, ...]


def blocked_call(tid: int) -> BlockedCall | None:
    """The call a thread is blocked in (/proc/TID/syscall).

    ``None``: running, between calls, gone, or not allowed to look.
    """
    try:
        fields = Path(f"/proc/{tid}/syscall").read_bytes().split()
    except OSError:
        return None
    if not fields or not fields[0].isdigit():
        return None
    return BlockedCall(int(fields[0]), tuple(int(field, 16) for field in fields[1:7]))


def blocked_call_number(tid: int) -> int | None:
    """The number of the call a thread is blocked in, as ``blocked_call`` tells it."""
    blocked = blocked_call(tid)
    return None if blocked is None else blocked.nr


def voluntary_switches(tid: int) -> int | None:
    """How often a thread has given up the processor by itself, as in a call that blocks."""
    try:
        return int(status_fields(tid)["voluntary_ctxt_switches"])
    except (OSError, KeyError, ValueError):
        return None


def is_ending(tgid: int) -> bool:
    """Whether a process is gone, or its main thread has ended (State ``Z`` or ``X``)."""
    try:
        return status_fields(tgid)["State"][0] in "ZX"
    except OSError:
        return True


def command_name(tid: int) -> str | None:
    """The comm of a thread, ``None`` when it is gone."""
    try:
        return _read_in_a_stop(f"/proc/{tid}/comm").decode(errors="replace").rstrip("\n")
    except OSError:
        return None


def argv(tgid: int) -> tuple[str, ...]:
    """The command line, empty when it can't be read."""
    try:
        data = Path(f"/proc/{tgid}/cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(os.fsdecode(part) for part in data.split(b"\0")[:-1])


def executable(tgid: int) -> str | None:
    """The path of the program, ``None`` when it can't be read."""
    return link_target(f"/proc/{tgid}/exe")


def program_image(tgid: int) -> tuple[str | None, bytes, bytes] | None:
    """The same for a program and its forks, whose code lies where it lay; ``None``: gone.

    Its executable, and where the kernel put that and the stack when it was executed, which it
    chooses anew each time.
    """
    try:
        fields = Path(f"/proc/{tgid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return executable(tgid), fields[_START_CODE], fields[_START_STACK]


def pid_namespace(tgid: int | str) -> str | None:
    """The PID namespace's identity (pid_namespaces(7))."""
    return link_target(f"/proc/{tgid}/ns/pid")


def link_target(path: str) -> str | None:
    """Where a symbolic link of /proc points, ``None`` when it can't be read."""
    try:
        return os.readlink(path)  # noqa: PTH115 - /proc links are texts, not always paths
    except OSError:
        return None
