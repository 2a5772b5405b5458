"""Breakpoints on this very thread: what a sample holds, and what is told of those lost."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eintr_trace.sources.live.perf_events import (
    Breakpoint,
    BreakpointKind,
    CountedBreakpoints,
    LostSamples,
    Sample,
    Watched,
)

pytestmark = pytest.mark.live

WORD_BYTES = 8


def address_of(function: str) -> int:
    found = ctypes.cast(getattr(ctypes.pythonapi, function), ctypes.c_void_p).value
    assert found is not None
    return found


def is_code(address: int) -> bool:
    for line in Path("/proc/self/maps").read_text().splitlines():
        bounds, permissions = line.split()[:2]
        start, end = (int(bound, 16) for bound in bounds.split("-"))
        if start <= address < end:
            return "x" in permissions
    return False


@contextmanager
def one_shots(*functions: str, stack_bytes: int = 512) -> Iterator[CountedBreakpoints]:
    places = tuple(Watched(address_of(name), stack_bytes) for name in functions)
    probes = CountedBreakpoints(0, places)
    yield probes
    probes.close()


def many_reprs() -> None:
    for number in range(1000):
        repr(number)  # calls PyErr_CheckSignals (Objects/object.c)


def hits(probes: CountedBreakpoints) -> list[int]:
    samples = list(probes.samples())
    assert all(isinstance(sample, Sample) and sample.stack is not None for sample in samples)
    return [s.stack.registers.rip for s in samples if isinstance(s, Sample) and s.stack is not None]


def test_one_hit_is_told_each_time_however_many_there_are() -> None:
    checks = address_of("PyErr_CheckSignals")
    with one_shots("PyErr_SetFromErrno", "PyErr_CheckSignals") as probes:
        many_reprs()
        assert hits(probes) == []  # not enabled yet
        for _ in range(3):
            probes.enable()
            many_reprs()
            probes.disable()
            assert hits(probes) == [checks]
            probes.renew()
        many_reprs()
        assert hits(probes) == []
        probes.enable()
        probes.disable()
        probes.enable()
        many_reprs()
        assert hits(probes) == [checks]  # it was not hit before, and so was not used up


def test_so_many_hits_are_told_as_were_asked_for() -> None:
    checks = address_of("PyErr_CheckSignals")
    probes = CountedBreakpoints(0, (Watched(checks, stack_bytes=64, hits=3),))
    probes.enable()
    many_reprs()
    assert hits(probes) == [checks] * 3
    probes.disable()
    probes.renew()
    probes.enable()
    many_reprs()
    assert hits(probes) == [checks] * 3
    probes.close()


def test_a_sample_holds_the_stack_at_the_entry_of_the_function() -> None:
    with one_shots("PyErr_CheckSignals") as probes:
        probes.enable()
        many_reprs()
        probes.disable()
        (sample,) = probes.samples()
    assert isinstance(sample, Sample)
    assert sample.stack is not None
    assert len(sample.stack.copy) == 512
    caller = int.from_bytes(sample.stack.copy[:WORD_BYTES], "little")
    assert is_code(caller)
    assert not is_code(sample.stack.registers.rsp)
    assert ctypes.string_at(caller - 5, 1) == b"\xe8" or ctypes.string_at(caller - 6, 1) == b"\xff"


def test_hits_that_found_no_room_are_counted_before_the_next() -> None:
    watched = ctypes.c_int()
    address, size_bytes = ctypes.addressof(watched), ctypes.sizeof(watched)
    watchpoint = Breakpoint(
        0, BreakpointKind.WRITE, address, size_bytes, stack_bytes=4096, samples_kept=2
    )
    watchpoint.enable()
    for number in range(20):
        watched.value = number
    first = list(watchpoint.samples())
    watched.value = 20
    lost, after = watchpoint.samples()
    watchpoint.close()
    assert all(isinstance(sample, Sample) for sample in first)
    assert len(first) >= 2
    assert lost == LostSamples(20 - len(first))
    assert isinstance(after, Sample)


def test_an_address_that_cannot_be_watched_leaves_nothing_open() -> None:
    descriptors = set(Path("/proc/self/fd").iterdir())
    places = Watched(address_of("PyErr_CheckSignals"), 512), Watched(1 << 63, 512)
    with pytest.raises(OSError, match=r"."):
        CountedBreakpoints(0, places)
    assert len(list(Path("/proc/self/fd").iterdir())) == len(descriptors)
