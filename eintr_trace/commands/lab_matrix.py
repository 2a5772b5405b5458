"""``eintr-trace lab matrix``: every verdict held against what the traced program itself says."""

from __future__ import annotations

import os
from collections.abc import Sequence

from eintr_trace.commands.arguments import Parser, add_interpreter_argument, one_of, positive_int
from eintr_trace.lab.dispositions import Disposition

_DESCRIPTION = """\
Run every scenario under every interpreter with every disposition of its signal,
traced, and hold each verdict against what the program says happened to it. The
exit status is 1 when one differs, or when a program did not do its part."""


def run(argv: Sequence[str]) -> int:
    """Run the matrix and return the exit status. Raises EintrTraceError."""
    parser = Parser("lab matrix", _DESCRIPTION, "eintr-trace lab matrix [OPTION]…")
    _add_arguments(parser)
    arguments = parser.parse_args(argv)
    # Imported here: `eintr-trace lab matrix -h` needs none of it.
    from eintr_trace.commands.matrix_run import run_as_asked

    return run_as_asked(arguments)


def _add_arguments(parser: Parser) -> None:
    add_interpreter_argument(parser)
    parser.add_argument(
        "--scenario",
        dest="scenarios",
        metavar="GLOB",
        action="append",
        default=[],
        help="only scenarios with such a name; may be repeated",
    )
    parser.add_argument(
        "--disposition",
        dest="dispositions",
        type=one_of(Disposition),
        metavar="DISPOSITION",
        action="append",
        default=[],
        help="only this one; may be repeated: " + ", ".join(Disposition),
    )
    parser.add_argument("--subset", action="store_true", help="only what `make test` runs")
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=positive_int,
        default=len(os.sched_getaffinity(0)),
        help="so many batches at a time (default: as many as there are CPUs, %(default)s)",
    )
    parser.add_argument("-o", dest="output", metavar="FILE", help="write the page, Markdown")
    parser.add_argument("--raw", metavar="FILE", help="write the raw results, JSON Lines")
    parser.add_argument(
        "--keep", metavar="FOLDER", help="keep the recordings of cells that do not agree"
    )
