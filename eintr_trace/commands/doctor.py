"""``eintr-trace doctor``: what this machine allows, and which interpreters it has."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from eintr_trace.commands.arguments import Parser
from eintr_trace.commands.exits import ExitStatus

_DESCRIPTION = "Say what this machine allows and which interpreters it has."
_INDENT = 15


def run(argv: Sequence[str]) -> int:
    """Print the findings; the status is 1 if nothing can be traced here."""
    Parser("doctor", _DESCRIPTION, "eintr-trace doctor").parse_args(argv)
    # Imported here: `eintr-trace doctor -h` needs none of it.
    from eintr_trace.commands.machine import findings
    from eintr_trace.commands.terminal import terminal_layout
    from eintr_trace.reports.layout import Span, Tone

    layout = terminal_layout()
    status = ExitStatus.DONE
    for finding in findings():
        lead = Span(finding.label, Tone.LABEL)
        sys.stdout.write(layout.paragraph(lead, [Span(finding.text, finding.tone)], _INDENT))
        if finding.tone is Tone.BAD:
            status = ExitStatus.FAILED
    return status
