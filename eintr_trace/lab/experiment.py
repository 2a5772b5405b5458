"""One run of the experiment: server, slow link, client, signals, and what the client said."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.blocked import nothing_on_the_way, waiting_call
from eintr_trace.lab.interpreters import FoundInterpreter
from eintr_trace.lab.link import Link, in_namespace_of
from eintr_trace.lab.processes import Child, Deadline, running
from eintr_trace.lab.program_commands import (
    Variant,
    client_command,
    program_environment,
    server_command,
)
from eintr_trace.lab.thrift_library import ensure_thrift

Attach = Callable[[int], AbstractContextManager[None]]
"""Given the client's pid: attached once entered; left when the client has ended."""

HANDLED = f"Receive sig {int(signal.SIGUSR1)}"
WAITING = "Waiting for a line to call again"
_MOST_REPLIES = 2  # the server may stall in each
_RECEIVED = re.compile(r"^get (\d+) bytes in ", re.MULTILINE)
_LISTENING = re.compile(r"^Listening on \S+:(\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Experiment:
    """What to run.

    ``interval_s`` is the least time between two signals. By hand they are seconds apart; a
    tracer that lets the program make progress first passes very close ones on unread.
    ``limit_s`` is the longest that the whole run may take.
    """

    interpreter: FoundInterpreter
    variant: Variant = Variant.PLAIN
    link: Link = Link.STALL
    signals: int = 1
    interval_s: float = 0.25
    limit_s: float = 60.0


@dataclass(frozen=True)
class SentSignal:
    """A SIGUSR1 and the call in which the client was seen blocked just before ``time_ns``.

    ``time_ns`` is of CLOCK_MONOTONIC.
    """

    blocked_in: str
    time_ns: int


@dataclass(frozen=True)
class ExperimentResult:
    """What happened, by the client's own account.

    ``output`` is all it printed, errors too. ``exit_status`` is negative when a signal ended
    it. ``signals`` are those that were sent: fewer than asked for where the client ended.
    ``link_output`` is what the server printed, and tc about its queue with ``Link.NETNS``.
    """

    experiment: Experiment
    client_pid: int
    output: str
    exit_status: int
    signals: tuple[SentSignal, ...]
    link_output: str

    @property
    def received_bytes(self) -> int | None:
        """How many bytes the client says it got; ``None``: it got no reply."""
        said = _RECEIVED.search(self.output)
        return int(said[1]) if said else None

    @property
    def handled_signals(self) -> int:
        """How many signals the client's handler reported."""
        return self.output.count(HANDLED)


@contextmanager
def not_traced(client_pid: int) -> Iterator[None]:  # noqa: ARG001 - an Attach like the others
    """Attach nothing: the client's own account is all there is."""
    yield


@dataclass(frozen=True)
class _Server:
    child: Child
    port: int


def run_experiment(
    experiment: Experiment,
    attach: Attach = not_traced,
    environ: Mapping[str, str] = os.environ,
) -> ExperimentResult:
    """Run the experiment; nothing it started is left when this returns or raises.

    Each signal is sent when the client is seen blocked, and the first of them after
    ``attach`` has attached. Raises EintrTraceError, also when a time limit passes.
    """
    deadline = Deadline(experiment.limit_s)
    programs_environ = program_environment(ensure_thrift(environ), environ)
    with (
        _running_server(experiment.link, programs_environ, deadline) as server,
        _running_client(experiment, server, programs_environ, deadline) as client,
    ):
        with attach(client.pid):
            signals = tuple(_send_signals(experiment, server, client, deadline))
            for _ in range(_MOST_REPLIES):
                server.child.tell_to_go_on()
            if experiment.variant is Variant.SECOND_CALL:
                client.tell_to_go_on()
            exit_status = client.wait(deadline)
        if server.child.has_ended:
            raise _ended_early(server.child, deadline)
        return ExperimentResult(
            experiment, client.pid, client.output, exit_status, signals, server.child.output
        )


@contextmanager
def _running_server(
    link: Link, environ: Mapping[str, str], deadline: Deadline
) -> Iterator[_Server]:
    # Always the tool's own interpreter: between two runs only the client's differs.
    command = server_command(Path(sys.executable), link, port=0, stall_s=None)
    with running("server", command, environ) as child:

        def listening() -> re.Match[str] | None:
            return _LISTENING.search(child.output)

        said = child.wait_for(listening, deadline, "the server listens")
        if said is None:
            raise _ended_early(child, deadline)
        yield _Server(child, int(said[1]))


@contextmanager
def _running_client(
    experiment: Experiment, server: _Server, environ: Mapping[str, str], deadline: Deadline
) -> Iterator[Child]:
    command = client_command(experiment.interpreter.executable, experiment.variant, server.port)
    if experiment.link is Link.NETNS:
        command = in_namespace_of(server.child.pid, command)
    with running("client", command, environ) as client:
        if not client.wait_for_text("Start thrift req\n", deadline):
            raise _ended_early(client, deadline)
        yield client


def _send_signals(
    experiment: Experiment, server: _Server, client: Child, deadline: Deadline
) -> Iterator[SentSignal]:
    stalls = experiment.link in {Link.STALL, Link.HOLD}
    if stalls and not server.child.wait_for_text("Sent: ", deadline):
        raise _ended_early(server.child, deadline)

    next_ns = 0

    def blocked() -> str | None:
        if WAITING in client.output:
            return WAITING
        if time.monotonic_ns() < next_ns:
            return None
        if stalls and not nothing_on_the_way(client.pid, server.port):
            return None
        return waiting_call(client.pid)

    for number in range(1, experiment.signals + 1):
        call = client.wait_for(blocked, deadline, "the client was blocked in a call")
        if call is None or call is WAITING:
            return
        sent = SentSignal(call, time.monotonic_ns())
        next_ns = sent.time_ns + round(experiment.interval_s * 1e9)
        os.kill(client.pid, signal.SIGUSR1)
        # The next one must not merge with this one: it waits for the handler.
        client.wait_for_text(HANDLED, deadline, count=number)
        yield sent


def _ended_early(child: Child, deadline: Deadline) -> EintrTraceError:
    status = child.wait(deadline)
    said = child.output.strip().splitlines()
    return EintrTraceError(
        f"the experiment's {child.name} ended too early, with exit status {status}: "
        + (said[-1] if said else "it said nothing"),
        f"Run `eintr-trace lab {child.name}` by hand to see all that it says",
    )
