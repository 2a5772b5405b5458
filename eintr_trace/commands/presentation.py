"""What the arguments ask of a report; the tracing process needs no more of it than that."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from eintr_trace.commands.arguments import ReportFormat
from eintr_trace.commands.filters import parse_filters
from eintr_trace.commands.terminal import refuse_terminal
from eintr_trace.commands.written_files import require_writable
from eintr_trace.model.episodes import Outcome
from eintr_trace.reports.detail import Detail
from eintr_trace.reports.selection import Selection

_NOT_TO_BE_READ = {ReportFormat.HTML, ReportFormat.PERFETTO}


@dataclass(frozen=True)
class Presentation:
    """What the user wants to see, which outcomes are to fail, and where it goes.

    ``every_line``: all lines of a trace that has every call, not only those of episodes.
    ``output`` is the name of a file, ``None``: standard output.
    """

    format: ReportFormat
    detail: Detail
    every_line: bool
    selection: Selection
    fail_on: frozenset[Outcome]
    output: str | None = None


def presentation(arguments: argparse.Namespace, output: str | None = None) -> Presentation:
    """Return what the arguments of ``add_report_arguments`` ask for.

    Raises UsageError, also where a terminal would get what it cannot show, and EintrTraceError for
    an output that cannot be written.
    """
    if output is not None:
        require_writable(output)
    elif arguments.format in _NOT_TO_BE_READ:
        refuse_terminal(arguments.format)
    detail = Detail.BLOCKS
    if arguments.quiet:
        detail = Detail.SUMMARY
    elif arguments.verbose:
        detail = Detail.EVIDENCE
    return Presentation(
        format=arguments.format,
        detail=detail,
        every_line=arguments.every_syscall,
        selection=parse_filters(arguments.filters),
        fail_on=arguments.fail_on,
        output=output,
    )
