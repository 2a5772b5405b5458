"""The short notation of single values in scenarios: calls, interpreters, C frames, files."""

from __future__ import annotations

import zlib
from typing import Any

from eintr_trace.model.c_stack import CFrame, CodeRole, CStack, Package, PathStep, StackEnd
from eintr_trace.model.events import FileDescriptor, Syscall
from eintr_trace.model.python_state import Implementation, Interpreter
from eintr_trace.model.stack_events import LibrarySeen

TGID = 100
STACK_BASE = 0x7FFE_0000
MS = 1_000_000
NUMBERS = {"read": 0, "write": 1, "poll": 7, "select": 23, "pause": 34, "recvfrom": 45}
NUMBERS |= {
    "sendto": 44,
    "connect": 42,
    "futex": 202,
    "restart_syscall": 219,
    "fcntl": 72,
}
NUMBERS |= {"clock_nanosleep": 230, "epoll_wait": 232, "close": 3, "mmap": 9, "openat": 257}

Mapping = dict[str, Any]


def call(short: str, about: Mapping) -> Syscall:
    """Read ``recvfrom(3)``: name and first argument; ``about`` may say more of the socket."""
    name, _, first = short.rstrip(")").partition("(")
    number = int(first or 0)
    has_none = name in {"pause", "futex", "select"}
    descriptor = None if has_none else described(number, about)
    args = (number, 0x7000, about.get("length", 65536))
    return Syscall(name, NUMBERS[name], args, f"{name}({number}, …)", descriptor)


def described(fd: int, about: Mapping) -> FileDescriptor:
    """Descriptors from 3 on are sockets, those below are not."""
    if fd < 3:
        return FileDescriptor(fd)
    ms = about.get("receive_timeout_ms")
    return FileDescriptor(
        fd,
        target=f"socket:[{about.get('inode', fd)}]",
        protocol=about.get("protocol", "TCP"),
        unread_bytes=about.get("unread_bytes"),
        receive_timeout_ns=None if ms is None else ms * MS,
        connected=about.get("connected"),
    )


def interpreter_called(name: str) -> Interpreter:
    """``3.11.7`` is CPython's; ``PyPy 3.11.17``."""
    version = name.removeprefix("PyPy ")
    if version == name:
        return Interpreter(Implementation.CPYTHON, version, "table")
    return Interpreter(Implementation.PYPY, version, offsets_from=None)


def c_stack(about: Mapping) -> CStack:
    """Read the C stack of an event, innermost first."""
    shorts = about["c_stack"]
    frames = (c_frame(short, len(shorts) - index) for index, short in enumerate(shorts))
    return CStack(tuple(frames), StackEnd(about.get("c_end", "outermost")))


def c_frame(short: str, depth: int) -> CFrame:
    """Read ``recv libc``; ``depth`` counts from the outermost frame."""
    name, _, file = short.partition(" ")
    function, _, offset = name.partition("+")
    known = None if function == "?" else function.rstrip("*")
    cfa = STACK_BASE - depth * 0x100 - (8 if function.endswith("*") else 0)
    at = int(offset) if offset else 4
    return CFrame(identity(f"{known} {file}") + at, known, at, path_of(file or "python"), cfa)


def path_step(short: str) -> PathStep:
    """Read ``recv libc x7``: a frame, and how many instructions."""
    frame, _, instructions = short.partition(" x")
    one = c_frame(frame, 0)
    return PathStep(one.function, one.file, one.offset, int(instructions or 10))


def path_of(file: str) -> str:
    """Give ``/lib/libpq.so`` for ``libpq``, and the interpreter's own path."""
    return "/usr/bin/python" if file == "python" else f"/lib/{file}.so"


def library(name: str, about: Mapping) -> LibrarySeen:
    """Read what ``files`` says of one; ``package`` is ``[name, version]``."""
    rest = {key: value for key, value in about.items() if key not in {"role", "package"}}
    package = Package(*about["package"]) if "package" in about else None
    role = CodeRole(about["role"])
    return LibrarySeen(0, TGID, 0, path_of(name), role, package=package, **rest)


def identity(name: str) -> int:
    """Give a name an address: the same name, the same object."""
    return zlib.crc32(name.encode()) << 4
