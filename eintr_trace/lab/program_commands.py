"""How the experiment's two programs are called, by the runner and by hand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import assert_never

from eintr_trace.lab.link import PACE_BYTES_PER_SECOND, Link, in_new_namespace

PROGRAMS = Path(__file__).parent / "programs"


class Variant(StrEnum):
    """What the client does about the signal.

    ``PLAIN`` catches Thrift's exception, ``UNCAUGHT`` does not, ``RETRY`` catches EINTR where
    it calls ``recv`` and calls again, ``RAISING_HANDLER``'s handler raises, ``TIMEOUT`` is
    ``PLAIN`` with ``setTimeout``, so that CPython waits in ``poll`` instead of ``recvfrom``.
    ``SECOND_CALL`` catches the exception, waits for a line on standard input and calls
    ``get_image`` once more on the same connection; ``CALL_AGAIN`` does so at once.
    """

    PLAIN = "plain"
    UNCAUGHT = "uncaught"
    RETRY = "retry"
    RAISING_HANDLER = "raising-handler"
    TIMEOUT = "timeout"
    SECOND_CALL = "second-call"
    CALL_AGAIN = "call-again"


CLIENT_OPTIONS: Mapping[Variant, tuple[str, ...]] = MappingProxyType(
    {
        Variant.PLAIN: (),
        Variant.UNCAUGHT: ("--no-except",),
        Variant.RETRY: ("--retry",),
        Variant.RAISING_HANDLER: ("--raise-in-handler",),
        Variant.TIMEOUT: ("--timeout-ms", "60000"),
        Variant.SECOND_CALL: ("--call-again", "when-told"),
        Variant.CALL_AGAIN: ("--call-again", "at-once"),
    }
)


def client_command(python: Path, variant: Variant, port: int) -> list[str]:
    """The client under the interpreter ``python``."""
    program = str(PROGRAMS / "client.py")
    return [str(python), program, "--port", str(port), *CLIENT_OPTIONS[variant]]


def server_command(python: Path, link: Link, port: int, stall_s: float | None) -> list[str]:
    """The server under the interpreter ``python``; port 0 is any free one.

    It stalls for ``stall_s`` seconds; ``None``: until it reads a line. Raises EintrTraceError
    where ``link`` cannot be had.
    """
    command = [str(python), str(PROGRAMS / "server.py"), "--port", str(port)]
    match link:
        case Link.STALL | Link.HOLD:
            wait = ("--stall-until-told",) if stall_s is None else ("--stall-seconds", f"{stall_s}")
            return [*command, *wait, "--share", "0" if link is Link.HOLD else "0.5"]
        case Link.PACE:
            return [*command, "--bytes-per-second", str(PACE_BYTES_PER_SECOND)]
        case Link.NETNS:
            return in_new_namespace(command)
        case _:
            assert_never(link)


def program_environment(thrift: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of both programs: Thrift from ``thrift``, else no ``PYTHON*`` setting.

    No bytecode is written: the programs' folder may belong to another user.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONPATH": str(thrift), "PYTHONDONTWRITEBYTECODE": "1"}
