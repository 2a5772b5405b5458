"""Looks at a socket whose interrupted call raised: few, and none without a raise."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from eintr_trace.model.events import ConnectionSeen, Event, Syscall
from eintr_trace.model.python_state import ExceptionOrigin, PythonException, PythonSnapshot
from eintr_trace.sources.live.connections import Connections
from eintr_trace.sources.live.descriptors import describe_descriptor
from eintr_trace.sources.live.follow import Follow
from eintr_trace.sources.live.hold_budget import HoldBudget
from eintr_trace.sources.live.tracee import TracedProcess, Tracee

pytestmark = pytest.mark.live

SECOND_NS = 1_000_000_000
BEFORE = PythonSnapshot((), ())
RAISED = PythonSnapshot(
    (), (PythonException("socket.error", 4, None, ExceptionOrigin.HANDLED, address=7),)
)


@dataclass
class Watched:
    """A socket of this very process, as the tracer sees those of others."""

    ours: socket.socket
    theirs: socket.socket
    told: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        fd = self.ours.fileno()
        descriptor = describe_descriptor(os.getpid(), fd)
        self.follow = Follow(Syscall("recvfrom", 45, (fd,), "recvfrom", descriptor), BEFORE)
        self.tracee = Tracee(os.getpid(), TracedProcess(os.getpid()), HoldBudget(0))
        self.connections = Connections(self.told.append, alive={os.getpid()})

    def stop(self, python: PythonSnapshot | None) -> None:
        self.connections.look_after(self.tracee, self.follow, python, now_ns=0)

    def look_to_the_end(self) -> int:
        """Do all the looks that are planned; how many there were."""
        looks = 0
        while (at_ns := self.connections.next_look_ns()) is not None:
            self.connections.look(at_ns)
            looks += 1
        return looks

    def unread(self) -> list[int | None]:
        """The bytes that were told of, event by event."""
        assert all(isinstance(event, ConnectionSeen) for event in self.told)
        return [e.descriptor.unread_bytes for e in self.told if isinstance(e, ConnectionSeen)]


@pytest.fixture
def watched() -> Iterator[Watched]:
    ours, theirs = socket.socketpair()
    one = Watched(ours, theirs)
    yield one
    one.tracee.process.close()
    ours.close()
    theirs.close()


@pytest.mark.parametrize("python", [None, BEFORE])
def test_without_a_raise_there_is_no_look(watched: Watched, python: PythonSnapshot | None) -> None:
    watched.stop(python)
    assert watched.told == []
    assert watched.connections.next_look_ns() is None


def test_what_comes_later_is_told_once_and_the_looks_end(watched: Watched) -> None:
    watched.stop(RAISED)
    watched.stop(RAISED)
    assert watched.unread() == [0]
    watched.theirs.send(b"x" * 100)
    assert watched.look_to_the_end() < 50
    assert watched.unread() == [0, 100]


def test_of_what_trickles_in_only_the_doubling_is_told(watched: Watched) -> None:
    watched.stop(RAISED)
    watched.connections.look(SECOND_NS)
    for _ in range(9):
        watched.theirs.send(b"x")
        at_ns = watched.connections.next_look_ns()
        assert at_ns is not None
        watched.connections.look(at_ns)
    assert watched.unread() == [0, 1, 2, 4, 8]
    watched.ours.recv(3)
    watched.look_to_the_end()
    assert watched.unread() == [0, 1, 2, 4, 8, 6]


def test_late_looks_are_one(watched: Watched) -> None:
    watched.stop(RAISED)
    watched.connections.look(3600 * SECOND_NS)
    assert watched.connections.next_look_ns() is None


def test_a_socket_that_was_closed_is_watched_no_longer(watched: Watched) -> None:
    fd = watched.ours.fileno()
    watched.stop(RAISED)
    watched.ours.close()
    assert watched.look_to_the_end() == 1
    (_, closed) = watched.told
    assert isinstance(closed, ConnectionSeen)
    assert (closed.descriptor.fd, closed.descriptor.target) == (fd, None)


def test_a_descriptor_that_is_no_socket_is_not_looked_at(watched: Watched) -> None:
    reader, writer = os.pipe()
    pipe = describe_descriptor(os.getpid(), reader)
    watched.follow = Follow(Syscall("read", 0, (reader,), "read", pipe), BEFORE)
    watched.stop(RAISED)
    os.close(reader)
    os.close(writer)
    assert watched.told == []
