"""``eintr-trace report FILE``: the report of a recording."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from eintr_trace.commands.arguments import Parser, add_report_arguments
from eintr_trace.commands.presenting import present, presentation
from eintr_trace.commands.written_files import refuse_input_as_output
from eintr_trace.errors import EintrTraceError

_DESCRIPTION = "Print the report of a recording that eintr-trace -o wrote, as it was live."


def run(argv: Sequence[str]) -> int:
    """Print the report and return the exit status. Raises EintrTraceError."""
    parser = Parser("report", _DESCRIPTION, "eintr-trace report [OPTION]… FILE")
    parser.add_argument("file", metavar="FILE", help="a recording; - explains stdin as it comes")
    parser.add_argument(
        "-o", dest="output", metavar="OUT", help="write the report to this file, not to stdout"
    )
    parser.add_argument(
        "--every-syscall",
        action="store_true",
        help="print all lines of a recording made with --every-syscall, not only those of"
        " interruptions",
    )
    add_report_arguments(parser)
    arguments = parser.parse_args(argv)
    wanted = presentation(arguments, arguments.output)
    refuse_input_as_output(arguments.file, wanted.output)
    if arguments.file == "-":
        return present(sys.stdin.buffer, "stdin", wanted)
    try:
        stream = Path(arguments.file).open("rb")  # noqa: SIM115 - the with follows
    except OSError as error:
        raise EintrTraceError(
            f"cannot read {arguments.file}: {os.strerror(error.errno or 0)}",
            "Name a file that eintr-trace -o wrote",
        ) from error
    with stream:
        return present(stream, arguments.file, wanted)
