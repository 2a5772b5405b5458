"""``eintr-trace demo``: the whole experiment, both interpreters, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eintr_trace.commands.arguments import Parser
from eintr_trace.commands.exits import ExitStatus

_DESCRIPTION = """\
Run the Thrift experiment on this machine: a client waits for a large reply and
gets SIGUSR1, once under Python 2.7 and twice under the newest Python 3, traced.
Shows what the client said, what eintr-trace says, and both runs side by side:
where they part, why, and where in C, as single steps showed it (the client is
ours)."""

_FOLDER = Path("eintr-trace-demo")


def run(argv: Sequence[str]) -> int:
    """Run the demonstration. Raises EintrTraceError."""
    parser = Parser("demo", _DESCRIPTION, "eintr-trace demo [OPTION]…")
    parser.add_argument(
        "--python",
        metavar="PYTHON",
        dest="pythons",
        type=Path,
        action="append",
        default=[],
        help="prefer this interpreter to those found; may be given twice (a 2.7 and a 3.x)",
    )
    parser.add_argument(
        "-o",
        dest="folder",
        metavar="FOLDER",
        type=Path,
        default=_FOLDER,
        help=f"where recordings and pages are written (default: ./{_FOLDER})",
    )
    arguments = parser.parse_args(argv)
    # Imported here: `eintr-trace demo -h` needs none of it.
    from eintr_trace.commands.demonstration import demonstrate

    demonstrate(arguments.folder, arguments.pythons)
    return ExitStatus.DONE
