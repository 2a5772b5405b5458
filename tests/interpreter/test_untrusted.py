"""Memory that makes no sense: nothing raises, nothing loops, everything says so."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eintr_trace.facts.cpython_layouts import Layout, layouts
from eintr_trace.interpreter.dicts import DictReader
from eintr_trace.interpreter.errors import MemoryUnreadableError, ReadError
from eintr_trace.interpreter.locate import LocatedInterpreter
from eintr_trace.interpreter.memory import MAX_READ_BYTES, Memory, ProcessMemory
from eintr_trace.interpreter.objects import ObjectReader
from eintr_trace.interpreter.reader import InterpreterReader
from tests.interpreter.processes import Tracees, module_frame_of
from tests.live.harness import is_blocked_in, wait_until

ROWS = [pytest.param(row, id=f"{row.version}{'t' * row.free_threaded}") for row in layouts()]
BASE, SIZE = 0x10000, 1 << 14
SOME_FRAME = module_frame_of(Path("some.py"))
LIMIT_S = 10.0
_LOOKS = 500


class Garbage(Memory):
    """Bytes from a seed; many of its words are pointers into itself."""

    def __init__(self, seed: int) -> None:
        source = random.Random(seed)
        words = []
        for _ in range(SIZE // 8):
            pointer = BASE + 8 * source.randrange(SIZE // 8)
            words.append(
                source.choice((0, 1, 5, pointer, pointer, pointer, 1 << 29, source.getrandbits(64)))
            )
        self._bytes = struct.pack(f"<{len(words)}Q", *words)

    def read_some(self, address: int, size_bytes: int) -> bytes:
        start = address - BASE
        if not 0 <= start < SIZE or not 0 < size_bytes <= MAX_READ_BYTES:
            return b""
        return self._bytes[start : start + size_bytes]

    def close(self) -> None:
        self._bytes = b""


def attempted(read: Callable[[], object]) -> object:
    try:
        return read()
    except ReadError:
        return None


def located(layout: Layout) -> LocatedInterpreter:
    return LocatedInterpreter(
        version=(*layout.version, 0),
        layout=layout,
        interpreters_head=BASE,
        handlers=BASE + 64,
        main_thread=BASE + 8,
        code_type=None,
        unicode_bytes=4,
    )


@pytest.mark.parametrize("layout", ROWS)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_a_snapshot_of_garbage(layout: Layout, seed: int) -> None:
    reader = InterpreterReader(1, Garbage(seed), located(layout))
    started = time.monotonic()
    for thread_id in (0, 1, 5, BASE + 8):
        snapshot = reader.snapshot(
            thread_id, fs_base=thread_id, signo=seed % 65, outermost_before=SOME_FRAME
        )
        assert isinstance(snapshot.frames, tuple)
    assert time.monotonic() - started < LIMIT_S


@pytest.mark.parametrize("layout", ROWS)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 32), offset=st.integers(0, SIZE))
def test_strings_integers_and_dicts_of_garbage(layout: Layout, seed: int, offset: int) -> None:
    memory = Garbage(seed)
    objects = ObjectReader(memory, layout, 4)
    address = BASE + offset
    for read in (objects.text, objects.known_text, objects.integer, objects.tuple_items):
        attempted(lambda read=read: read(address))  # type: ignore[misc]  # a lambda per reader
    attempted(lambda: objects.known_bytes(address, 4096))
    attempted(lambda: list(DictReader(memory, layout, objects).items(address)))


@pytest.mark.live
def test_addresses_that_cannot_be() -> None:
    memory = ProcessMemory(own_pid())
    for address in (-1, 0, 1, 1 << 47, 1 << 56, 1 << 63, 1 << 70):
        with pytest.raises(MemoryUnreadableError):
            memory.read(address, 8)
    for size in (-1, MAX_READ_BYTES + 1):
        with pytest.raises(MemoryUnreadableError):
            memory.read(id(memory), size)
    memory.close()
    memory.close()


def own_pid() -> int:
    return int(Path("/proc/self").readlink().name)


@pytest.mark.live
def test_threads_that_run_meanwhile(python: tuple[tuple[int, int], Path], tracees: Tracees) -> None:
    """Threads come, call, raise and go; the reads of them are wrong at times, but end."""
    tracee = tracees.start(python[1], "restless.py")
    # Blocked, but not for the interpreter's lock on its way there.
    wait_until(lambda: is_blocked_in(tracee.pid, "pause"), "the main thread pauses")
    names, problems, steady = list(tracee.threads), 0, set()
    for count in range(_LOOKS):
        snapshot = tracee.snapshot(names[count % len(names)], signo=10, outermost_before=SOME_FRAME)
        problems += snapshot.problem is not None
        blocked = tracee.snapshot("main")
        if blocked.problem is None:
            steady.add(tuple(frame.location for frame in blocked.frames))
    assert problems < _LOOKS * 3 // 4
    # Nobody touches the blocked thread's frames: what was read of them whole never changes.
    assert len(steady) == 1
