"""What is told when the reader takes nothing: the largest goes first."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from eintr_trace.model.c_stack import Registers
from eintr_trace.model.events import Event, Reduction, Warned
from eintr_trace.model.stack_events import (
    CodeMapped,
    CodeMapping,
    DecisionUnwatched,
    StackCopied,
    StackMoment,
)
from eintr_trace.sources.live.outlet import Outlet
from eintr_trace.sources.live.stack_copies import StackCopy
from eintr_trace.sources.recording.codec import decode_line, decode_raw_line, is_raw_line

LARGE = Warned(1, 4700, 0, "x" * (1 << 20))
REGISTERS = Registers(0, 0, 0x7FFF0000, 0, 0, 0, 0, 0x1010)
STACK = StackCopy(2, 4700, 4701, StackMoment.INTERRUPTED, REGISTERS, b"\0" * 8192)
CODE = CodeMapped(3, 4700, 0, (CodeMapping(0x1000, 0x2000, 0, "/no/such/file"),))


@pytest.fixture
def pipe() -> Iterator[tuple[Outlet, int]]:
    read_fd, write_fd = os.pipe()
    outlet = Outlet(write_fd)
    yield outlet, read_fd
    outlet.close()
    os.close(read_fd)


def told(outlet: Outlet, read_fd: int, *, fill: int, events: int) -> list[Event]:
    """What comes through of a stack, its code and a small event behind ``fill`` MB."""
    for _ in range(fill):
        outlet.emit(LARGE)
    outlet.emit(CODE)
    outlet.emit(STACK)
    outlet.emit(Warned(4, 4700, 0, "small"))
    outlet.flush()
    os.set_blocking(read_fd, False)
    text = bytearray()
    while outlet.has_backlog:
        text += os.read(read_fd, 1 << 20)
        outlet.flush()
    text += os.read(read_fd, 1 << 20)
    return [decoded(line) for line in bytes(text).splitlines(True)[-events:]]


def decoded(line: bytes) -> Event:
    event = (decode_raw_line if is_raw_line(line) else decode_line)(line, "pipe", 0)
    assert isinstance(event, Event)
    return event


def test_with_room_all_of_it_is_told(pipe: tuple[Outlet, int]) -> None:
    code, stack, small = told(*pipe, fill=1, events=3)
    assert code == CODE
    assert stack == STACK.event()
    assert isinstance(stack, StackCopied)
    assert isinstance(small, Warned)


def test_a_stack_goes_before_other_events_do(pipe: tuple[Outlet, int]) -> None:
    code, missing, small = told(*pipe, fill=11, events=3)
    assert code == CODE
    assert missing == DecisionUnwatched(2, 4700, 4701, Reduction.DECISION_LEFT_OUT)
    assert isinstance(small, Warned)
    assert pipe[0].lost == 0


def test_where_code_lies_is_told_when_all_else_is_lost(pipe: tuple[Outlet, int]) -> None:
    """It is told once: all stacks that come later need it."""
    (code,) = told(*pipe, fill=30, events=1)
    assert code == CODE
    assert pipe[0].lost > 10
