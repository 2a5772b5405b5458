"""``eintr-trace report FILE``: the report of a recording or of an strace log."""

from __future__ import annotations

from collections.abc import Sequence

from eintr_trace.commands.arguments import Parser, add_report_arguments, python_version
from eintr_trace.commands.presentation import presentation
from eintr_trace.commands.written_files import refuse_input_as_output

_DESCRIPTION = """\
Print the report of a recording that eintr-trace -o wrote, as it was live, or of
a log that strace wrote, with whichever of its options:
  strace -f -tt -T -o LOG -p PID"""

_EPILOG = """\
While strace runs:  strace -f -p PID 2>&1 | eintr-trace report -
A log of strace -ff: all of its files, or LOG where they are LOG.1, LOG.2 …

exit status: 0 done, 1 could not do it, or the trace is cut short; 2 wrong
usage; 3 seen what --fail-on names"""


def run(argv: Sequence[str]) -> int:
    """Print the report and return the exit status. Raises EintrTraceError."""
    arguments = _parser().parse_args(argv)
    wanted = presentation(arguments, arguments.output)
    for file in arguments.files:
        refuse_input_as_output(file, wanted.output)
    # Imported here: `eintr-trace report -h` needs none of it.
    from eintr_trace.commands.opening import opened_trace
    from eintr_trace.commands.presenting import present_trace

    with opened_trace(arguments.files, arguments.python) as opened:
        return present_trace(opened.trace, opened.name, wanted)


def _parser() -> Parser:
    usage = "eintr-trace report [OPTION]… FILE [FILE]…"
    parser = Parser("report", _DESCRIPTION, usage, _EPILOG)
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="a recording, or an strace log (in several files: -ff); - is stdin, as it comes",
    )
    parser.add_argument(
        "-o", dest="output", metavar="OUT", help="write the report to this file, not to stdout"
    )
    parser.add_argument(
        "--every-syscall",
        action="store_true",
        help="print all lines of a recording made with --every-syscall, not only those of"
        " interruptions",
    )
    parser.add_argument(
        "--python",
        metavar="VERSION",
        type=python_version,
        help="of a log: which CPython the traced processes run (2.7, 3.13), where no line of it"
        " shows that: it was attached to, or only some calls were traced",
    )
    add_report_arguments(parser)
    return parser
