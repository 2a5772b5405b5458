"""The second call on a connection whose first reply was given up: what comes, what is told."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from eintr_trace.lab.blocked import nothing_on_the_way, waiting_call
from eintr_trace.lab.experiment import HANDLED, WAITING, Experiment, run_experiment
from eintr_trace.lab.link import Link
from eintr_trace.lab.processes import Child, Deadline, running
from eintr_trace.lab.program_commands import (
    Variant,
    client_command,
    program_environment,
    server_command,
)
from eintr_trace.lab.thrift_library import ensure_thrift
from eintr_trace.lab.tracer import recording_to
from eintr_trace.model.episodes import Episode, Outcome
from tests.lab.interpreters import cpython, newest
from tests.live.harness import report_of

pytestmark = pytest.mark.live

UNREAD = re.compile(
    r"(\d+) bytes of the reply of get_image lie unread in the socket, which is still open: the next"
    r" call on this connection will read them as its own reply\."
)


def one_line(text: str) -> str:
    """A report without its margins and line breaks."""
    return re.sub(r"\s*\n\s*", " ", text)


@dataclass
class Scene:
    """Server, client and tracer; the client has given up its first reply and waits for a line."""

    server: Child
    client: Child
    tracer: Child
    deadline: Deadline


@contextmanager
def first_call_given_up(link: Link) -> Iterator[Scene]:
    deadline = Deadline(60)
    environ = program_environment(ensure_thrift())
    served = server_command(Path(sys.executable), link, 0, None)
    python = cpython("2.7").executable
    with running("server", served, environ) as server:
        assert server.wait_for_text("\n", deadline)
        port = int(server.output.rpartition(":")[2])
        with running(
            "client", client_command(python, Variant.SECOND_CALL, port), environ
        ) as client:
            assert server.wait_for_text("Sent: ", deadline)

            def blocked() -> str | None:
                return waiting_call(client.pid) if nothing_on_the_way(client.pid, port) else None

            assert client.wait_for(blocked, deadline, "the client is blocked")
            tracing = [sys.executable, "-m", "eintr_trace", "-p", str(client.pid)]
            with running("tracer", tracing, os.environ) as tracer:
                assert tracer.wait_for_text("attached to", deadline)
                os.kill(client.pid, signal.SIGUSR1)
                assert client.wait_for_text(HANDLED, deadline)
                assert client.wait_for_text(WAITING, deadline)
                yield Scene(server, client, tracer, deadline)


@pytest.mark.parametrize(
    ("link", "second_call"),
    [
        (Link.HOLD, "the image of request 1"),
        (Link.STALL, "TProtocolException('Bad version in readMessageBegin"),
    ],
)
def test_the_reply_left_unread_is_told_before_the_second_call(link: Link, second_call: str) -> None:
    with first_call_given_up(link) as scene:
        open_still = "what of it is still to come will be read by the next call"
        scene.tracer.wait_for(
            lambda: True if open_still in one_line(scene.tracer.output) else None,
            scene.deadline,
            "the report says that the connection is open",
        )
        scene.server.tell_to_go_on()
        told = scene.tracer.wait_for(
            lambda: UNREAD.search(one_line(scene.tracer.output)),
            scene.deadline,
            "the report says how much is unread",
        )
        assert told is not None, scene.tracer.output
        assert int(told[1]) > 0
        assert "Start second thrift req" not in scene.client.output
        scene.server.tell_to_go_on()
        scene.client.tell_to_go_on()
        assert scene.client.wait(scene.deadline) == 0
        assert scene.tracer.wait(scene.deadline) == 0
        assert second_call in scene.client.output.partition("Start second thrift req")[2]


def judged(version: str, recording: Path) -> tuple[Episode, str]:
    """The episode and the client's output of a call that is made again at once."""
    python = newest() if version == "newest" else cpython(version)
    experiment = Experiment(python, Variant.CALL_AGAIN, link=Link.HOLD)
    result = run_experiment(experiment, recording_to(recording))
    (episode,) = report_of(recording).episodes
    return episode, result.output


def test_a_request_that_is_sent_again_is_told_with_its_bytes(tmp_path: Path) -> None:
    episode, output = judged("2.7", tmp_path / "run.jsonl")
    assert episode.outcome is Outcome.RAISED
    costs = "\n".join(episode.consequences)
    request = "The program called get_image again: 22 bytes went out on the same connection"
    assert request in costs  # length, name and type of the message, sequence id, no arguments
    assert "what is read next is what was left of the first reply." in costs
    assert "The recvfrom that followed returned " in costs
    assert "the image of request 1" in output


def test_nothing_is_sent_twice_where_nothing_is_raised(tmp_path: Path) -> None:
    episode, output = judged("newest", tmp_path / "run.jsonl")
    assert episode.outcome is Outcome.RESUMED_BY_INTERPRETER
    assert episode.consequences == ()
    assert "the image of request 1" in output
    assert "the image of request 2" in output
