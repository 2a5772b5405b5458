"""Where a process has its machine code: the executable lines of /proc/PID/maps (proc(5)).

Reading them takes the kernel over 100 µs for a Python process. That they are unchanged is
told by the size of its address space, which a library that is loaded or unloaded changes:
/proc/PID/statm, 5 µs.
"""

from __future__ import annotations

import time
from pathlib import Path

from eintr_trace.model.stack_events import CodeMapped, CodeMapping
from eintr_trace.sources.live import proc

_NOT_AGAIN_NS = 2_000_000  # a program that allocates all the time changes its size as well
_READ_AGAIN_NS = 1_000_000_000  # one library may replace another of the same size
_PATH_FIELD = 5  # after address, permissions, offset, device, inode


class CodeMaps:
    """The executable mappings of one process, as they were last told."""

    def __init__(self, tgid: int) -> None:
        self._tgid = tgid
        self._told: list[bytes] = []
        self._size: bytes | None = None
        self._read_ns = -_READ_AGAIN_NS
        self._closed = False

    @property
    def is_known(self) -> bool:
        """Whether it was told already, as it was then."""
        return bool(self._told)

    def close(self) -> None:
        """The process is another program now: what is there is not where older stacks lie."""
        self._closed = True

    def news(self, time_ns: int) -> CodeMapped | None:
        """What to tell before a stack of ``time_ns``; ``None``: nothing has changed.

        Not while a thread is held. A process that is gone has no news.
        """
        now_ns = time.monotonic_ns()
        since_ns = now_ns - self._read_ns
        if self._closed or since_ns < _NOT_AGAIN_NS:
            return None
        size = self._size_of_memory()
        if size == self._size and since_ns < _READ_AGAIN_NS:
            return None
        lines = self._executable_lines()
        self._size, self._read_ns = size, now_ns
        if not lines or lines == self._told:
            return None
        self._told = lines
        exe = proc.executable(self._tgid)
        return CodeMapped(time_ns, self._tgid, 0, tuple(map(_mapping, lines)), exe)

    def _size_of_memory(self) -> bytes | None:
        try:
            return Path(f"/proc/{self._tgid}/statm").read_bytes().split(b" ", 1)[0]
        except OSError:
            return None

    def _executable_lines(self) -> list[bytes]:
        try:
            text = Path(f"/proc/{self._tgid}/maps").read_bytes()
        except OSError:
            return []
        # A path may hold such text as well: the permissions are the second field.
        likely = [line for line in text.split(b"\n") if b"xp " in line or b"xs " in line]
        return [line for line in likely if b"x" in line.split(b" ", 2)[1]]


def _mapping(line: bytes) -> CodeMapping:
    fields = line.split(None, _PATH_FIELD)
    start, _, end = fields[0].partition(b"-")
    path = fields[_PATH_FIELD] if len(fields) > _PATH_FIELD else b""
    return CodeMapping(
        int(start, 16), int(end, 16), int(fields[2], 16), path.decode("utf-8", "surrogateescape")
    )
