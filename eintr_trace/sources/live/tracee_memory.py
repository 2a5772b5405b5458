"""The memory of a traced process, opened when something is first read from it."""

from __future__ import annotations

import errno

from eintr_trace.interpreter.memory import Memory, ProcessMemory
from eintr_trace.sources.live import descriptor_limit

_OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})


class TraceeMemory(Memory):
    """Holds a descriptor only for a process that is looked at: most children get no signal.

    ``out_of_descriptors``: the last attempt to open it failed for want of one. The next read
    tries again, since other processes end; any other failure is final.
    """

    def __init__(self, tgid: int) -> None:
        self._tgid = tgid
        self._opened: ProcessMemory | None = None
        self._given_up = False
        self.out_of_descriptors = False

    def open(self) -> ProcessMemory:
        """Open it unless it is; raises OSError (proc(5), /proc/pid/mem)."""
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def read_some(self, address: int, size_bytes: int) -> bytes:
        """Up to ``size_bytes`` bytes; empty where nothing is readable."""
        if self._given_up:
            return b""
        try:
            return self.open().read_some(address, size_bytes)
        except OSError:
            return b""

    def close(self) -> None:
        """Give the descriptor back; nothing can be read afterwards."""
        self._given_up = True
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _open(self) -> ProcessMemory:
        try:
            memory = ProcessMemory(self._tgid)
            descriptor_limit.require_spare(memory.fileno())
        except OSError as error:
            self.out_of_descriptors = error.errno in _OUT_OF_DESCRIPTORS
            self._given_up = not self.out_of_descriptors
            raise
        self.out_of_descriptors = False
        return memory
