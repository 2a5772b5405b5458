"""Where the symbols of a stripped file are: in a file beside it, or packed inside of it.

GDB manual, "Debugging Information in Separate Files" and "Debugging information in a special
section" (MiniDebugInfo).
"""

from __future__ import annotations

import io
import lzma
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from eintr_trace.native.build_id import build_id
from eintr_trace.native.elf_reader import ElfReader
from eintr_trace.native.errors import UnusableElfError
from eintr_trace.native.mapped_files import open_regular, size_of

_DEBUG = PurePosixPath("usr/lib/debug")
_DEBUG_LINK, _MINI_DEBUG_INFO = ".gnu_debuglink", ".gnu_debugdata"
_CRC = struct.Struct("<I")
_CHUNK_BYTES = 1 << 20
# Those of libpython have 15 MiB, those of a browser more than this: their checksum takes 1 s.
_MAX_CHECKED_BYTES = 1 << 30
# Function symbols only: a tenth of the program's own size.
_MAX_UNPACKED_BYTES = 64 << 20
_MAX_UNPACKING_BYTES = 256 << 20


@dataclass(frozen=True)
class Place:
    """Where a program file was found.

    ``path`` is the file's absolute one in the process; ``roots`` are the folders in which the
    debug files of its root directory may be, likeliest first.
    """

    path: str
    roots: Sequence[Path]


def mini_debug_info(elf: ElfReader) -> ElfReader | None:
    """The small ELF file with symbols inside of a stripped one, unpacked.

    Raises UnusableElfError when it is damaged or too large.
    """
    packed = elf.linked(_MINI_DEBUG_INFO)
    if packed is None:
        return None
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_UNPACKING_BYTES)
    try:
        contents = decompressor.decompress(packed.contents, _MAX_UNPACKED_BYTES)
    except lzma.LZMAError as error:
        raise UnusableElfError(f"its {_MINI_DEBUG_INFO} is damaged ({error})") from error
    if not decompressor.eof:
        raise UnusableElfError(f"its {_MINI_DEBUG_INFO} is cut short or too large")
    return ElfReader(io.BytesIO(contents), len(contents))


def separate_debug_files(elf: ElfReader, place: Place) -> Iterator[ElfReader]:
    """The debug files of a program file that are on this machine, each of the same build.

    One is closed when the next is asked for. Raises UnusableElfError when the program file
    itself is damaged.
    """
    identity = build_id(elf)
    if identity is not None:
        by_identity = _DEBUG / ".build-id" / identity[:2] / f"{identity[2:]}.debug"
        for stream in _opened(place, [by_identity]):
            with suppress(UnusableElfError):
                debug = ElfReader(stream, size_of(stream))
                if build_id(debug) == identity:
                    yield debug
    link = _debug_link(elf)
    if link is not None:
        folder = PurePosixPath(place.path).parent.relative_to("/")
        folders = [folder, folder / ".debug", _DEBUG / folder]
        for stream in _opened(place, [each / link.name for each in folders]):
            with suppress(UnusableElfError):
                if _checksum(stream) == link.checksum:
                    yield ElfReader(stream, size_of(stream))


@dataclass(frozen=True)
class _DebugLink:
    """The name of the debug file, and the CRC-32 of its contents."""

    name: str
    checksum: int


def _debug_link(elf: ElfReader) -> _DebugLink | None:
    link = elf.linked(_DEBUG_LINK)
    if link is None or len(link.contents) < _CRC.size:
        return None
    name = os.fsdecode(link.contents.partition(b"\0")[0])
    if not name or PurePosixPath(name).name != name:
        return None
    return _DebugLink(name, *_CRC.unpack(link.contents[-_CRC.size :]))


def _opened(place: Place, paths: Iterable[PurePosixPath]) -> Iterator[BinaryIO]:
    for path in paths:
        for root in place.roots:
            with suppress(OSError, ValueError), open_regular(root / path) as stream:
                yield stream


def _checksum(stream: BinaryIO) -> int | None:
    checksum = 0
    for _ in range(_MAX_CHECKED_BYTES // _CHUNK_BYTES):
        chunk = stream.read(_CHUNK_BYTES)
        if not chunk:
            return checksum
        checksum = zlib.crc32(chunk, checksum)
    return None
