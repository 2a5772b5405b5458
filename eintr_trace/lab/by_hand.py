"""The experiment by hand, in three terminals: server, client, tracer.

Each function replaces the process that calls it, so that Ctrl-C, ``kill -USR1`` and the exit
status are the program's own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from eintr_trace.lab.interpreters import interpreter_at
from eintr_trace.lab.link import Link, in_namespace_of
from eintr_trace.lab.processes import allow_tracing, cannot_start
from eintr_trace.lab.program_commands import (
    Variant,
    client_command,
    program_environment,
    server_command,
)
from eintr_trace.lab.thrift_library import ensure_thrift

DEFAULT_PORT = 9090
DEFAULT_STALL_S = 20.0


def run_server(
    link: Link = Link.STALL,
    port: int = DEFAULT_PORT,
    stall_s: float = DEFAULT_STALL_S,
    python: str | Path = sys.executable,
) -> NoReturn:
    """Become the server; it says where it listens, and serves until Ctrl-C.

    With ``Link.STALL`` it waits ``stall_s`` seconds in the middle of each reply, with
    ``Link.HOLD`` before it. With
    ``Link.NETNS`` it lives in a network namespace of its own, which a client must join.
    Raises EintrTraceError.
    """
    command = server_command(interpreter_at(python).executable, link, port, stall_s)
    environ = program_environment(ensure_thrift())
    if link is Link.NETNS:
        join = f"eintr-trace lab client --port {port} --join-namespace-of {os.getpid()}"
        print(f"In a network namespace of its own; a client joins it with: {join}")
    _become(command, environ)


def run_client(
    python: str | Path = sys.executable,
    variant: Variant = Variant.PLAIN,
    port: int = DEFAULT_PORT,
    join_namespace_of: int | None = None,
) -> NoReturn:
    """Become the client, under the interpreter ``python`` (a path or a command's name).

    ``join_namespace_of`` is the pid of a server that was started with ``Link.NETNS``. Raises
    EintrTraceError.
    """
    command = client_command(interpreter_at(python).executable, variant, port)
    if join_namespace_of is not None:
        command = in_namespace_of(join_namespace_of, command)
    environ = program_environment(ensure_thrift())
    allow_tracing()
    _become(command, environ)


def _become(command: list[str], environ: Mapping[str, str]) -> NoReturn:
    sys.stdout.flush()
    try:
        os.execvpe(command[0], command, environ)
    except OSError as error:
        raise cannot_start(command[0], error) from error
