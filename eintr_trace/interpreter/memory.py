"""The memory of another process, through /proc/PID/mem: read only, nothing is stopped."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod

from eintr_trace.interpreter.errors import MemoryUnreadableError

POINTER_BYTES = 8
# User addresses of x86_64 end here with five-level page tables (arch/x86/include/asm/
# page_64_types.h, TASK_SIZE_MAX); above, os.pread would overflow or read kernel addresses.
ADDRESS_LIMIT = 1 << 56
MAX_READ_BYTES = 1 << 20


def pointer_in(data: bytes, at: int) -> int:
    """The pointer at offset ``at`` of a structure that was read."""
    return int.from_bytes(data[at : at + POINTER_BYTES], "little")


class Memory(ABC):
    """Bytes at addresses; every value in it is untrusted."""

    @abstractmethod
    def read_some(self, address: int, size_bytes: int) -> bytes:
        """Up to ``size_bytes`` bytes; empty where nothing is readable."""

    def read(self, address: int, size_bytes: int) -> bytes:
        """Exactly ``size_bytes`` bytes; raises MemoryUnreadableError."""
        data = self.read_some(address, size_bytes)
        if len(data) != size_bytes:
            raise MemoryUnreadableError(address, size_bytes)
        return data

    @abstractmethod
    def close(self) -> None:
        """Give up access; reading afterwards raises MemoryUnreadableError."""

    def unsigned(self, address: int, size_bytes: int = POINTER_BYTES) -> int:
        """A little-endian unsigned integer, by default a pointer; raises MemoryUnreadableError."""
        return int.from_bytes(self.read(address, size_bytes), "little")

    def c_string(self, address: int, limit_bytes: int) -> bytes:
        """The bytes before the first NUL, at most ``limit_bytes``; raises MemoryUnreadableError."""
        data = self.read_some(address, limit_bytes)
        if not data:
            raise MemoryUnreadableError(address, 1)
        return data.split(b"\0", 1)[0]


class ProcessMemory(Memory):
    """The memory of the process ``tgid``; raises OSError when /proc/PID/mem cannot be opened.

    Needs PTRACE_MODE_ATTACH_FSCREDS (proc(5), ptrace(2)). The descriptor stays with the
    memory it was opened on: after execve(2) every read fails.
    """

    def __init__(self, tgid: int) -> None:
        self._fd = os.open(f"/proc/{tgid}/mem", os.O_RDONLY | os.O_CLOEXEC)

    def read_some(self, address: int, size_bytes: int) -> bytes:
        """Up to ``size_bytes`` bytes; empty where nothing is readable."""
        if not 0 < address < ADDRESS_LIMIT or not 0 < size_bytes <= MAX_READ_BYTES:
            return b""
        try:
            return os.pread(self._fd, size_bytes, address)
        except OSError:
            return b""

    def fileno(self) -> int:
        """The number of its descriptor."""
        return self._fd

    def close(self) -> None:
        """Close the descriptor; reading afterwards raises MemoryUnreadableError."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
