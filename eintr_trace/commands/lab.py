"""``eintr-trace lab``: the experiment's programs, to be run by hand in terminals of their own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from eintr_trace.commands.arguments import (
    Parser,
    one_of,
    port_number,
    positive_int,
    positive_seconds,
)
from eintr_trace.commands.exits import ExitStatus
from eintr_trace.errors import UsageError
from eintr_trace.lab.by_hand import DEFAULT_PORT, DEFAULT_STALL_S, run_client, run_server
from eintr_trace.lab.link import Link
from eintr_trace.lab.newer_interpreters import ensure_newer_interpreters
from eintr_trace.lab.program_commands import Variant
from eintr_trace.lab.shipped_run import make_shipped_run

_USAGE = """\
eintr-trace lab server | client | interpreters | matrix | paths |
                       record-fixture   (each has its own -h)"""
_DESCRIPTION = """\
The Thrift experiment by hand, in three terminals:
  eintr-trace lab server                        serves one image, slowly
  eintr-trace lab client --python python2.7     asks for it; says its PID
  eintr-trace -p PID                            then: kill -USR1 PID

The other parts:
  interpreters      install CPython 3.14 and 3.15, and PyPy
  matrix            hold every verdict against what the program says
  paths             single-step a few calls from EINTR to the decision
  record-fixture    record anew the run that ships with the package"""

_INTERPRETERS = """\
Install CPython 3.14 and 3.15 and PyPy from Debian's testing suite, in a tree of
their own below $EINTR_TRACE_LAB (else ~/.cache/eintr-trace/lab), where all
commands find them. Needs root, debootstrap, Debian's package archive, 900 MB,
and about a minute. What is there already is left alone; remove the tree to
start anew."""


def run(argv: Sequence[str]) -> int:
    """Run one of the experiment's programs. Raises EintrTraceError."""
    programs: dict[str, Callable[[Sequence[str]], int]] = {
        "server": _server,
        "client": _client,
        "interpreters": _interpreters,
        "matrix": _matrix,
        "paths": _paths,
        "record-fixture": _record_fixture,
    }
    if argv[:1] and argv[0] in programs:
        return programs[argv[0]](argv[1:])
    Parser("lab", _DESCRIPTION, _USAGE).parse_args(argv)
    raise UsageError("no part of the experiment is named", "See eintr-trace lab -h")


def _server(argv: Sequence[str]) -> int:
    parser = Parser(
        "lab server", "Serve get_image until Ctrl-C.", "eintr-trace lab server [OPTION]…"
    )
    parser.add_argument(
        "--link",
        type=one_of(Link),
        choices=list(Link),
        default=Link.STALL,
        help="how replies are slowed down: stall (default) sends half, waits, sends the rest; "
        "hold waits before it sends anything; pace sends 1 MB a second; netns has a slow "
        "network of its own (needs root)",
    )
    parser.add_argument(
        "--port", type=port_number, default=DEFAULT_PORT, help="TCP port (default: %(default)s)"
    )
    parser.add_argument(
        "--stall-seconds",
        dest="stall_s",
        metavar="S",
        type=positive_seconds,
        default=DEFAULT_STALL_S,
        help="how long stall and hold wait (default: %(default)g)",
    )
    _add_python(parser)
    arguments = parser.parse_args(argv)
    run_server(arguments.link, arguments.port, arguments.stall_s, arguments.python)


def _client(argv: Sequence[str]) -> int:
    parser = Parser(
        "lab client", "Call get_image, as a user would.", "eintr-trace lab client [OPTION]…"
    )
    _add_python(parser)
    parser.add_argument(
        "--variant",
        type=one_of(Variant),
        metavar="VARIANT",
        default=Variant.PLAIN,
        help="what it does about the signal: plain (default) catches Thrift's exception, "
        "uncaught does not, retry calls recv again after EINTR, raising-handler gives up in "
        "the handler, timeout is plain with setTimeout, second-call waits for Enter and calls "
        "get_image again on the same connection, call-again does so at once",
    )
    parser.add_argument(
        "--port", type=port_number, default=DEFAULT_PORT, help="the server's (default: %(default)s)"
    )
    parser.add_argument(
        "--join-namespace-of",
        metavar="PID",
        type=positive_int,
        help="the server's process, where it runs with --link netns",
    )
    arguments = parser.parse_args(argv)
    run_client(arguments.python, arguments.variant, arguments.port, arguments.join_namespace_of)


def _interpreters(argv: Sequence[str]) -> int:
    Parser("lab interpreters", _INTERPRETERS, "eintr-trace lab interpreters").parse_args(argv)
    start_s = time.monotonic()

    def tell(step: str) -> None:
        print(f"{time.monotonic() - start_s:5.0f} s  {step}", file=sys.stderr, flush=True)

    for found in ensure_newer_interpreters(tell):
        print(f"{found.name}: {found.executable}")
    return ExitStatus.DONE


def _matrix(argv: Sequence[str]) -> int:
    # Only here: it brings the whole analysis.
    from eintr_trace.commands.lab_matrix import run as run_matrix

    return run_matrix(argv)


def _paths(argv: Sequence[str]) -> int:
    # Likewise.
    from eintr_trace.commands.lab_paths import run as run_paths

    return run_paths(argv)


def _record_fixture(argv: Sequence[str]) -> int:
    description = "Record anew the run under Python 2.7 that ships with the package."
    Parser("lab record-fixture", description, "eintr-trace lab record-fixture").parse_args(argv)
    print(f"recorded {make_shipped_run().recording}")
    return ExitStatus.DONE


def _add_python(parser: Parser) -> None:
    parser.add_argument(
        "--python",
        metavar="PYTHON",
        default=sys.executable,
        help="the interpreter to run it: a path or a command (default: this one); "
        "eintr-trace doctor lists those of this machine",
    )
