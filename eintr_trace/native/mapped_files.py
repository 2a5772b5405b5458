"""The program files mapped into a process, opened as that process has them.

A process in a container names files of its own mount namespace, and a file may have been
replaced or deleted since it was mapped: /proc/PID/map_files, /proc/PID/exe and
/proc/PID/root (proc(5)) lead to what is really there.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from eintr_trace.model.stack_events import CodeMapping

DELETED_SUFFIX = " (deleted)"
_MAPS_LINE = re.compile(
    r"(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) (?P<permissions>\S{4}) (?P<offset>[0-9a-f]+) "
    r"(?P<file>\S+ \d+) +(?P<path>/.*)"
)


@dataclass(frozen=True)
class MappedFile:
    """A file with at least one executable mapping.

    ``start`` and ``end`` are the mapping of its first bytes; ``path`` is as the process sees
    it, without the kernel's note that it was deleted.
    """

    path: str
    start: int
    end: int


def mapped_programs(tgid: int) -> list[MappedFile]:
    """The executable and the libraries of a process, in the order of their addresses.

    Raises OSError when /proc/PID/maps cannot be read.
    """
    first_mappings: dict[str, MappedFile] = {}
    executable: set[str] = set()
    for match in map(_MAPS_LINE.match, _maps_lines(tgid)):
        if match is None:
            continue
        path = match["path"].removesuffix(DELETED_SUFFIX)
        key = f"{match['file']} {path}"
        if int(match["offset"], 16) == 0 and key not in first_mappings:
            first_mappings[key] = MappedFile(path, int(match["start"], 16), int(match["end"], 16))
        if "x" in match["permissions"]:
            executable.add(key)
    return [mapped for key, mapped in first_mappings.items() if key in executable]


def _maps_lines(tgid: int) -> list[str]:
    text = Path(f"/proc/{tgid}/maps").read_bytes().decode("utf-8", "surrogateescape")
    return text.split("\n")


def inodes_of_mappings(tgid: int) -> dict[int, int]:
    """The inode number of each mapped file by where the mapping begins; none without /proc/PID."""
    with suppress(OSError):
        matches = filter(None, map(_MAPS_LINE.match, _maps_lines(tgid)))
        return {int(match["start"], 16): int(match["file"].split()[1]) for match in matches}
    return {}


def is_deleted(mapping: CodeMapping) -> bool:
    """Whether the kernel says that the file has no name any more (proc_pid_maps(5))."""
    return mapping.path.endswith(DELETED_SUFFIX)


def path_of(mapping: CodeMapping) -> str:
    """The path of the file as the process has it, or had it before it was deleted."""
    return mapping.path.removesuffix(DELETED_SUFFIX)


def open_mapped(tgid: int, mapped: MappedFile) -> Iterator[BinaryIO]:
    """Ways to the file's contents, surest first; a path may lead to another file by now.

    Each stream is closed when the next one is asked for. Only regular files are opened.
    """
    links = [f"/proc/{tgid}/map_files/{mapped.start:x}-{mapped.end:x}"]
    with suppress(OSError):
        if str(Path(f"/proc/{tgid}/exe").readlink()).removesuffix(DELETED_SUFFIX) == mapped.path:
            links.append(f"/proc/{tgid}/exe")
    links.append(f"/proc/{tgid}/root{mapped.path}")
    for link in links:
        with suppress(OSError), open_regular(Path(link)) as stream:
            yield stream


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to be read; raises OSError, also for whatever else is there."""
    # O_NONBLOCK: the path may be a FIFO, and opening it would wait.
    stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return stream


def size_of(stream: BinaryIO) -> int:
    """The size of an opened file, in bytes."""
    return os.fstat(stream.fileno()).st_size
