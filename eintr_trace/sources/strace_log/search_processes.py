"""The search for points in processes of its own, while this one judges what was found."""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import BinaryIO, Final

from eintr_trace.sources.strace_log.points import BLOCK_BYTES, BlockPoints, BlockSearch, Point

_MOST_PROCESSES: Final = 2  # the judging process needs a processor as well
_BLOCK: Final = struct.Struct("<QQI")  # lines, end, and how many hits follow
_HIT: Final = struct.Struct("<QQ")


@contextmanager
def searched_points(
    descriptor: int, start: int, number: int, size: int
) -> Iterator[Iterator[Point]]:
    """Give the points of a file of ``size`` bytes, from line ``number`` on, at ``start``.

    The end of each block is a point as well. Where there is but one processor, or no further
    process can be had, this one searches.
    """
    starts = range(start, size, BLOCK_BYTES)
    count = min(len(os.sched_getaffinity(0)), _MOST_PROCESSES)
    with ExitStack() as stack:
        found = _here(descriptor, starts, starts)
        if count > 1:
            with suppress(OSError):
                pipes = [
                    stack.enter_context(_searching(descriptor, starts, starts[nth::count]))
                    for nth in range(count)
                ]
                found = _received(pipes, len(starts))
        yield _numbered(found, number)


def _numbered(found: Iterator[BlockPoints], number: int) -> Iterator[Point]:
    for block in found:
        for offset, lines_before in block.hits:
            yield Point(offset, number + lines_before, is_hit=True)
        number += block.lines
        yield Point(block.end, number, is_hit=False)


def _here(descriptor: int, starts: Sequence[int], chosen: Sequence[int]) -> Iterator[BlockPoints]:
    search = BlockSearch(descriptor)
    for start in chosen:
        yield search.search(start, is_first=start == starts[0])


@contextmanager
def _searching(descriptor: int, starts: Sequence[int], chosen: Sequence[int]) -> Iterator[BinaryIO]:
    """Search some blocks in a child and give the pipe it tells of them by. Raises OSError."""
    read_end, write_end = os.pipe()
    with open(read_end, "rb") as pipe:  # noqa: PTH123 - a descriptor
        try:
            child = os.fork()
            if child == 0:
                pipe.close()
                _tell(descriptor, starts, chosen, write_end)
        finally:
            os.close(write_end)
        try:
            yield pipe
        finally:
            pipe.close()  # ends the child, if it is not done
            os.waitpid(child, 0)


def _tell(descriptor: int, starts: Sequence[int], chosen: Sequence[int], write_end: int) -> None:
    """Search, write what is found, and end. Never returns into the parent's code."""
    status = 1
    with suppress(BaseException):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's end closes the pipe
        with open(write_end, "wb", buffering=0) as pipe:
            for block in _here(descriptor, starts, chosen):
                hits = b"".join(_HIT.pack(*hit) for hit in block.hits)
                pipe.write(_BLOCK.pack(block.lines, block.end, len(block.hits)) + hits)
        status = 0
    os._exit(status)


def _received(pipes: Sequence[BinaryIO], blocks: int) -> Iterator[BlockPoints]:
    """Give each block's points in order, from the pipe whose turn it is."""
    for index in range(blocks):
        pipe = pipes[index % len(pipes)]
        lines, end, count = _BLOCK.unpack(_read(pipe, _BLOCK.size))
        hits = _read(pipe, count * _HIT.size)
        yield BlockPoints(lines, end, list(_HIT.iter_unpack(hits)))


def _read(pipe: BinaryIO, size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise ChildProcessError("the search of the log ended early")
    return data
