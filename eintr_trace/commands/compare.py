"""``eintr-trace compare A B``: two runs side by side, and where they part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from eintr_trace.commands.arguments import Parser, add_filter_argument, one_of, python_version
from eintr_trace.commands.exits import ExitStatus
from eintr_trace.commands.terminal import refuse_terminal
from eintr_trace.commands.written_files import refuse_input_as_output, require_writable
from eintr_trace.errors import UsageError

if TYPE_CHECKING:
    from eintr_trace.commands.report_output import ReportOutput
    from eintr_trace.model.comparison import Comparison
    from eintr_trace.model.report import Report
    from eintr_trace.reports.selection import Selection

_DESCRIPTION = """\
Compare two runs of a program, recorded or logged by strace: the interruptions
that correspond, their steps side by side, the first that differs, and why, in
one sentence."""

_EPILOG = """\
The signals of one kind to one thread of A are aligned with those of its
counterpart in B, in order: by call, place and the time between them, as far as
both runs show that.
Beside each other: = the same step, ? one of the runs cannot show it.

exit status: 0 done, 1 could not do it, or a trace is cut short; 2 wrong usage;
3 the runs differ, with --fail-on-divergence"""


_STDIN = "-"


class ComparisonFormat(StrEnum):
    """What a comparison can be printed as."""

    TEXT = "text"
    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


def run(argv: Sequence[str]) -> int:
    """Print the comparison and return the exit status. Raises EintrTraceError."""
    arguments = _parser().parse_args(argv)
    # Imported here: `eintr-trace compare -h` needs none of it.
    from eintr_trace.analysis.two_runs.comparison import compare
    from eintr_trace.commands.filters import parse_filters
    from eintr_trace.commands.presenting import is_whole_report
    from eintr_trace.commands.report_output import report_output
    from eintr_trace.model.comparison import ComparedRun
    from eintr_trace.reports.comparison_text import WIDEST

    files: tuple[str, str] = (arguments.a, arguments.b)
    if arguments.output is not None:
        for file in files:
            refuse_input_as_output(file, arguments.output)
        require_writable(arguments.output)
    elif arguments.format is ComparisonFormat.HTML:
        refuse_terminal(arguments.format)
    if files == (_STDIN, _STDIN):
        raise UsageError("both runs are stdin", "Give a file for one of them")
    selection = parse_filters(arguments.filters)
    pythons = (arguments.python_a, arguments.python_b)
    left, right = (
        _report_of(file, python, selection) for file, python in zip(files, pythons, strict=True)
    )
    names = run_names(*files)
    comparison = compare(ComparedRun(names[0], left), ComparedRun(names[1], right))
    is_page = arguments.format is ComparisonFormat.HTML
    with report_output(arguments.output, WIDEST, in_utf8=is_page) as output:
        for piece in _pieces(comparison, arguments.format, output, arguments.verbose):
            output.stream.write(piece)
    whole = [is_whole_report(*pair) for pair in zip((left, right), files, strict=True)]
    if arguments.fail_on_divergence and comparison.first is not None:
        return ExitStatus.OUTCOME_SEEN
    return ExitStatus.DONE if all(whole) else ExitStatus.FAILED


def run_names(a: str, b: str) -> tuple[str, str]:
    """Name two runs by their files, with as many folders as tell them apart."""
    one, other = Path(a).parts, Path(b).parts
    for count in range(1, max(len(one), len(other)) + 1):
        names = "/".join(one[-count:]), "/".join(other[-count:])
        if names[0] != names[1]:
            return names
    return a, b


def _report_of(file: str, python: str | None, selection: Selection) -> Report:
    from eintr_trace.commands.opening import opened_trace
    from eintr_trace.commands.presenting import follow
    from eintr_trace.reports.renderer import AtTheEnd

    with opened_trace([file], python) as opened:
        return follow(opened.trace, AtTheEnd(lambda _: None), selection)


def _pieces(
    comparison: Comparison, format: ComparisonFormat, output: ReportOutput, verbose: bool
) -> Iterable[str]:
    # Each format imports what the others never need.
    match format:
        case ComparisonFormat.TEXT:
            from eintr_trace.reports.comparison_text import ComparisonStyle, comparison_text

            return [comparison_text(comparison, ComparisonStyle(output.layout, verbose))]
        case ComparisonFormat.HTML:
            from eintr_trace.reports.html.comparison_page import comparison_page

            return [comparison_page(comparison)]
        case ComparisonFormat.MARKDOWN:
            from eintr_trace.reports.comparison_markdown import comparison_markdown

            return [comparison_markdown(comparison)]
        case ComparisonFormat.JSON:
            from eintr_trace.reports.comparison_json import comparison_json

            return comparison_json(comparison)
        case _:
            assert_never(format)


def _parser() -> Parser:
    parser = Parser("compare", _DESCRIPTION, "eintr-trace compare [OPTION]… A B", _EPILOG)
    parser.add_argument("a", metavar="A", help="a recording, or an strace log; - is stdin")
    parser.add_argument("b", metavar="B", help="another one")
    for letter in ("a", "b"):
        parser.add_argument(
            f"--python-{letter}",
            metavar="VERSION",
            type=python_version,
            help=f"if {letter.upper()} is a log that does not show it: which CPython it is of",
        )
    add_filter_argument(parser)
    parser.add_argument(
        "--format",
        type=one_of(ComparisonFormat),
        choices=list(ComparisonFormat),
        default=ComparisonFormat.TEXT,
        help="text (default), html: one file that opens offline, markdown: for an issue,"
        " or json: one object, with both reports in it",
    )
    parser.add_argument(
        "-o", dest="output", metavar="OUT", help="write it to this file, not to stdout"
    )
    parser.add_argument(
        "-v", dest="verbose", action="store_true", help="print the steps of all that differ"
    )
    parser.add_argument(
        "--fail-on-divergence", action="store_true", help="exit with 3 when the runs differ"
    )
    return parser
