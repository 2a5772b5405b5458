"""The arguments that several verbs share, and a parser whose errors leave by the one way out."""

from __future__ import annotations

import argparse
import math
import re
import textwrap
from collections.abc import Callable
from enum import StrEnum
from typing import NoReturn, TypeVar

from eintr_trace.errors import UsageError
from eintr_trace.model.episodes import Outcome

Choice = TypeVar("Choice", bound=StrEnum)

_LAST_PORT = 65535
_VERSION = re.compile(r"\d(?:\.\d{1,3}){1,2}")


class ReportFormat(StrEnum):
    """What a report can be printed as."""

    TEXT = "text"
    STRACE = "strace"
    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"
    PERFETTO = "perfetto"


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help whose descriptions keep their lines, and whose words stay whole.

    argparse breaks at hyphens, so that an outcome (``returned-early``) may be on two lines.
    """

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises UsageError and takes no abbreviations."""

    def __init__(self, verb: str | None, description: str, usage: str, epilog: str = "") -> None:
        program = "eintr-trace" if verb is None else f"eintr-trace {verb}"
        super().__init__(
            prog=program,
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=_Help,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Raise UsageError; argparse would print its usage and exit."""
        raise UsageError(message, f"See {self.prog} -h")


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which episodes a report shows and how: the same live and from a file."""
    add_filter_argument(parser)
    parser.add_argument(
        "--format",
        type=one_of(ReportFormat),
        choices=list(ReportFormat),
        default=ReportFormat.TEXT,
        help="text (default), as the trace goes on; strace: only the lines that --every-syscall"
        " gives, as strace -f -ttt -o writes them; or at the end: html, a page to open in a"
        " browser; markdown, for an issue; json, one object; perfetto, for ui.perfetto.dev and chrome://tracing",
    )
    parser.add_argument(
        "--fail-on",
        metavar="OUTCOME[,…]",
        type=_outcomes,
        default=frozenset(),
        help="exit with 3 when such an outcome was seen: " + ", ".join(Outcome),
    )
    detail = parser.add_mutually_exclusive_group()
    detail.add_argument("-q", dest="quiet", action="store_true", help="print the summary only")
    detail.add_argument(
        "-v",
        dest="verbose",
        action="store_true",
        help="print the evidence of each sentence, the Python stack and full paths",
    )


def add_filter_argument(parser: argparse.ArgumentParser) -> None:
    """Let the user choose episodes by call and by signal."""
    parser.add_argument(
        "-e",
        dest="filters",
        metavar="EXPR",
        action="append",
        default=[],
        help="only these: trace=SET of calls, signal=SET of signals; a SET is names with commas, "
        "all or none, and ! before it inverts it (-e trace=recvfrom,poll -e 'signal=!CHLD'); "
        "live, other signals pass unread, and a recording does not hold them",
    )


def add_interpreter_argument(parser: Parser) -> None:
    """Let the user choose among the interpreters that are found."""
    parser.add_argument(
        "--interpreter",
        dest="interpreters",
        metavar="PYTHON",
        action="append",
        default=[],
        help="only this one: a path or a command; may be repeated (default: all that are found)",
    )


def one_of(kind: type[Choice]) -> Callable[[str], Choice]:
    """Return what makes a member of ``kind`` of a word, for argparse."""

    def choice(word: str) -> Choice:
        try:
            return kind(word)
        except ValueError:
            named = ", ".join(kind)
            raise argparse.ArgumentTypeError(f"{word!r} is none of {named}") from None

    return choice


def positive_int(text: str) -> int:
    """Return a whole number from 1, for argparse."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return number


def process_ids(text: str) -> list[int]:
    """Return process ids separated by commas or white space, as `pgrep` prints them."""
    words = text.replace(",", " ").split()
    if not words:
        raise argparse.ArgumentTypeError("there is no process id in it")
    return [positive_int(word) for word in words]


def port_number(text: str) -> int:
    """Return a TCP port, for argparse."""
    port = int(text) if text.isdecimal() else 0
    if not 1 <= port <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to {_LAST_PORT}")
    return port


def python_version(text: str) -> str:
    """Return a version of Python as it is written, for argparse."""
    if _VERSION.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no version of Python: 2.7, 3.13")
    return text


def positive_seconds(text: str) -> float:
    """Return a span of time in seconds, for argparse."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not (seconds > 0 and math.isfinite(seconds)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return seconds


def _outcomes(text: str) -> frozenset[Outcome]:
    return frozenset(map(one_of(Outcome), text.split(",")))
