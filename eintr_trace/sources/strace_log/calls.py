"""Calls and signals of a log as the values that every source tells them in."""

from __future__ import annotations

import errno
import re
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Final

from eintr_trace.facts.restart_codes import RestartCode, restart_code
from eintr_trace.facts.signals import signal_code_name, signal_name, signal_number
from eintr_trace.facts.syscalls import all_interruptible_calls
from eintr_trace.model.events import FileDescriptor, InterruptedCall, SignalInfo, Syscall
from eintr_trace.sources.strace_log.arguments import read_descriptor, split_arguments
from eintr_trace.sources.strace_log.items import CallBegan, CallEnded
from eintr_trace.sources.strace_log.lines import Result

RETURNS_FROM_HANDLER: Final = frozenset({"rt_sigreturn", "sigreturn"})
RESTART_SYSCALL: Final = "restart_syscall"

_MOST_ARGUMENTS: Final = 6
# Calls whose first argument is a descriptor, of those that can block or end a connection.
_TRANSFERS: Final = (
    "read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 recvfrom recvmsg "
    "recvmmsg sendto sendmsg sendmmsg recv send sendfile splice getdents64"
)
_OTHERS: Final = (
    "accept accept4 connect epoll_wait epoll_pwait epoll_pwait2 flock fcntl close shutdown "
    "setsockopt getsockopt ioctl fsync fdatasync io_uring_enter fallocate ftruncate"
)
_ON_DESCRIPTOR: Final = frozenset(f"{_TRANSFERS} {_OTHERS}".split())
_POLLS: Final = frozenset({"poll", "ppoll"})
_SELECTS: Final = frozenset({"select", "pselect6", "_newselect"})
_POLLED = re.compile(r"\{fd=(-?\d{1,10})(?:<([^{}]*)>)?,")
_PROTOCOL = re.compile(r"([A-Z][A-Za-z0-9-]{1,20}):\[")
_VALUE = re.compile(r"(-?\d{1,20}|0x[0-9a-f]{1,16}|NULL)(?:<.*>)?(?: /\*.*\*/)?$")
_LEADING_NUMBER = re.compile(r"-?\d{1,18}")
_KERNELS_OWN: Final = MappingProxyType(
    {code.name: int(code) for code in RestartCode}
    | {"ENOIOCTLCMD": 515, "ERESTARTNOHAND": 514, "ENOTSUPP": 524, "EIOCBQUEUED": 529}
)
"""include/linux/errno.h: numbers that programs never see."""


def returned(result: Result) -> int | None:
    """Give the raw value in the register (-4, -512); ``None`` where the log does not say it."""
    if result.error is None:
        return result.value
    number = getattr(errno, result.error, _KERNELS_OWN.get(result.error))
    return -number if isinstance(number, int) else None


def interrupted_with(call: CallEnded) -> int | None:
    """Give the raw value with which a signal ended the call, ``None`` if none did."""
    if call.name in RETURNS_FROM_HANDLER:
        return None
    retval = returned(call.result)
    return None if retval is None or restart_code(retval) is None else retval


def interrupted_call(call: CallEnded, retval: int, *, native: bool) -> InterruptedCall:
    """Give the call as a signal-delivery-stop meets it."""
    return InterruptedCall(syscall_of(call, native=native), retval, ip=call.ip)


def syscall_of(call: CallBegan | CallEnded, *, native: bool) -> Syscall:
    """Give the call with as much of its arguments as are plain numbers, from the first on.

    ``native``: numbers of calls are those of x86_64.
    """
    parts = split_arguments(call.arguments, _MOST_ARGUMENTS)
    nr = call.nr if call.nr is not None else _numbers().get(call.name) if native else None
    more = " ..." if isinstance(call, CallBegan) and not call.is_whole else ""
    return Syscall(
        name=call.name,
        nr=nr,
        args=_values(parts),
        text=f"{call.name}({call.arguments}{more})",
        descriptor=_descriptor(call.name, parts),
    )


@cache
def _numbers() -> dict[str, int]:
    return {call.syscall: call.nr for call in all_interruptible_calls()}


def _values(parts: list[str]) -> tuple[int, ...] | None:
    values: list[int] = []
    for part in parts:
        found = _VALUE.match(part)
        if found is None:
            break
        values.append(0 if found[1] == "NULL" else int(found[1], 0 if "x" in found[1] else 10))
    return tuple(values) or None


def _descriptor(name: str, parts: list[str]) -> FileDescriptor | None:
    """Describe the descriptor that the call is about: its first argument, or the only one."""
    found: set[tuple[int, str | None]] = set()
    if name in _POLLS and parts:
        found = {(int(fd), about or None) for fd, about in _POLLED.findall(parts[0])}
    elif name in _SELECTS:
        sets = [part[1:-1].split() for part in parts[1:4] if part.startswith("[")]
        found = set(filter(None, map(read_descriptor, chain.from_iterable(sets))))
    elif parts and (first := read_descriptor(parts[0])) is not None:
        found = {first} if name in _ON_DESCRIPTOR or first[1] is not None else set()
    if len(found) != 1:
        return None
    fd, about = found.pop()
    return _described(fd, about)


def _described(fd: int, about: str | None) -> FileDescriptor:
    """Read what ``-y`` and ``-yy`` say: a path, ``TCP:[127.0.0.1:1->127.0.0.1:2]``."""
    protocol = None if about is None else _PROTOCOL.match(about)
    if about is None or protocol is None or not about.endswith("]"):
        return FileDescriptor(fd, target=about)
    local, arrow, peer = about[protocol.end() : -1].rpartition("->")
    if not arrow:
        return FileDescriptor(fd, target=about)
    return FileDescriptor(fd, protocol=protocol[1], local=local, peer=peer, connected=True)


def signal_of(signo: int, fields: dict[str, str]) -> SignalInfo:
    """Give the signal with what its siginfo_t says; ``-X raw`` has numbers for names."""
    code: str | None = fields.get("si_code")
    if (code is not None and code[:1].isdigit()) or (code is not None and code[:1] == "-"):
        number = _integer(code)
        code = None if number is None else signal_code_name(signo, number)
    return SignalInfo(
        signo=signo,
        name=signal_name(signo),
        code=code,
        sender_pid=_integer(fields.get("si_pid")),
        sender_uid=_integer(fields.get("si_uid")),
        sender_command=_command(fields.get("si_pid")),
        child_status=_child_status(fields.get("si_status")),
    )


def _child_status(text: str | None) -> int | None:
    """Read si_status: an exit status, or the signal that ended or stopped the child."""
    number = _integer(text)
    return signal_number(text.split(" ")[0]) if text and number is None else number


def _integer(text: str | None) -> int | None:
    if text is None:
        return None
    if text.startswith("0x"):
        digits = text[2:18]
        return int(digits, 16) if digits and not digits.strip("0123456789abcdef") else None
    found = _LEADING_NUMBER.match(text)
    return None if found is None else int(found[0])


def _command(text: str | None) -> str | None:
    """Read the command that ``--decode-pids=comm`` shows: ``123<python3>``."""
    return text[text.index("<") + 1 : -1] if text and "<" in text and text[-1] == ">" else None
