"""The program files of processes, opened as each process has them, and read once for all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from eintr_trace.model.stack_events import CodeMapping
from eintr_trace.native.debug_files import Place
from eintr_trace.native.errors import UnusableElfError
from eintr_trace.native.mapped_files import (
    MappedFile,
    is_deleted,
    open_mapped,
    open_regular,
    path_of,
)
from eintr_trace.native.program_file import ProgramFile

# Each holds a descriptor. Those that lie on stacks are far fewer, even of many processes.
_MAX_FILES = 256


class OpenedPrograms:
    """The program files that were needed so far, known by device, inode, size and time of change.

    Not by build-id: a stripped file has that of its original, and fewer symbols.
    """

    def __init__(self) -> None:
        self._files: dict[tuple[int, ...], ProgramFile] = {}

    def open(self, tgid: int, mapping: CodeMapping, inode: int | None) -> ProgramFile:
        """The file of a mapping; raises UnusableElfError that says why there is none.

        ``inode`` is the number that /proc/PID/maps had for the mapping, and the file must have;
        ``None``: the process was gone. What our own path leads to must fit the mapping as well:
        the process, which may be gone by now, may have had another root directory.
        """
        path = path_of(mapping)
        place = Place(path, (Path(f"/proc/{tgid}/root"), Path("/")))
        problem = "it was deleted" if is_deleted(mapping) else "it cannot be opened"
        for stream, is_theirs in _streams(tgid, mapping, path):
            if inode is not None and os.fstat(stream.fileno()).st_ino != inode:
                problem = "it was replaced after the process had mapped it"
                continue
            program = self._read(stream, place)
            is_certain = is_theirs and inode is not None
            if is_certain or program.has_code(mapping.file_offset, _size(mapping)):
                return program
            problem = "it is another one than the process had mapped"
        raise UnusableElfError(problem)

    def _read(self, stream: BinaryIO, place: Place) -> ProgramFile:
        status = os.fstat(stream.fileno())
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        known = self._files.get(key)
        if known is None:
            if len(self._files) >= _MAX_FILES:
                del self._files[next(iter(self._files))]
            own = os.fdopen(os.dup(stream.fileno()), "rb")
            known = self._files[key] = ProgramFile(own, status.st_size, place)
        return known


def _streams(tgid: int, mapping: CodeMapping, path: str) -> Iterator[tuple[BinaryIO, bool]]:
    """Ways to the contents, and whether they are the process's own."""
    for stream in open_mapped(tgid, MappedFile(path, mapping.start, mapping.end)):
        yield stream, True
    if not is_deleted(mapping):
        with suppress(OSError, ValueError), open_regular(Path(path)) as stream:
            yield stream, False


def _size(mapping: CodeMapping) -> int:
    return mapping.end - mapping.start
