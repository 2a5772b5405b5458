"""``eintr-trace explain WORD…``: the glossary, what people paste, and what-if answers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum

from eintr_trace.analysis.what_if.answer import Client, HandlerChoice
from eintr_trace.analysis.what_if.table import what_if_table
from eintr_trace.commands.arguments import Parser, one_of
from eintr_trace.commands.exits import ExitStatus, complain
from eintr_trace.commands.explained_words import Explained, UnknownWordError, explain
from eintr_trace.commands.terminal import terminal_layout
from eintr_trace.commands.what_if import (
    add_what_if_arguments,
    cells_of,
    is_what_if,
    question_of,
    subject_of,
)
from eintr_trace.facts.glossary.entry import Entry, Topic
from eintr_trace.facts.glossary.lookup import entries_of
from eintr_trace.reports.glossary_page import (
    Answer,
    CellTable,
    ExplainedLine,
    Part,
    Remark,
    ShortEntry,
    WholeEntry,
    WordList,
)

_USAGE = """\
eintr-trace explain [WORD…]
       eintr-trace explain CALL [--python VERSION] [--handler HANDLER] [OPTION]…"""
_DESCRIPTION = """\
Say what a word means: an error or restart code, a system call, a signal, a
function of Python, an outcome, or what else reports say; a number; a line of
strace; an exception as Python prints it. Without a word, list them all. Works
offline.

  eintr-trace explain ERESTARTSYS
  eintr-trace explain -512 10 usr1
  eintr-trace explain 'rt_sigreturn({mask=[]}) = -1 EINTR'
  eintr-trace explain 'InterruptedError: [Errno 4]'

What if: say what becomes of a call, from the tables of what was measured and
read.

  eintr-trace explain recvfrom --python 2.7 --handler sa_restart"""


class GlossaryFormat(StrEnum):
    """What an explanation can be printed as."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def run(argv: Sequence[str]) -> int:
    """Explain and return the exit status. Raises EintrTraceError."""
    parser = Parser("explain", _DESCRIPTION, _USAGE)
    parser.add_argument("words", metavar="WORD", nargs="*", help="a word, a number, a phrase")
    parser.add_argument(
        "--format",
        type=one_of(GlossaryFormat),
        choices=list(GlossaryFormat),
        default=GlossaryFormat.TEXT,
        help="text (default), markdown, or json: one object",
    )
    add_what_if_arguments(parser)
    arguments = parser.parse_args(argv)
    if is_what_if(arguments):
        _print(tuple(_what_if(arguments)), arguments.format)
        return ExitStatus.DONE
    if not arguments.words:
        _print(tuple(map(_word_list, Topic)), arguments.format)
        return ExitStatus.DONE
    explained = tuple(explain(arguments.words))
    known = [one for one in explained if isinstance(one, Explained)]
    parts = tuple(part for one in known for part in _parts(one))
    if parts:
        _print(parts, arguments.format)
    for one in explained:
        if isinstance(one, UnknownWordError):
            complain(one)
    return ExitStatus.DONE if len(known) == len(explained) else ExitStatus.FAILED


def _what_if(arguments: argparse.Namespace) -> Iterator[Part]:
    question = question_of(arguments)
    if arguments.python is None and question.client in {Client.PYTHON, Client.THRIFT}:
        chosen: tuple[HandlerChoice, ...] = tuple(HandlerChoice)
        handlers = chosen if arguments.handler is None else (arguments.handler,)
        yield CellTable(arguments.words[0], what_if_table(question, handlers))
        return
    for cell in cells_of(arguments, question):
        yield Answer(cell)


def _word_list(topic: Topic) -> WordList:
    return WordList(topic, tuple(entry.name for entry in entries_of(topic)))


def _parts(one: Explained) -> Iterator[Part]:
    if one.remark is not None:
        yield Remark(one.remark)
    if one.line is not None:
        yield ExplainedLine(one.line, one.note)
    for entry in one.entries:
        yield ShortEntry(entry) if one.in_short else _whole(entry)


def _whole(entry: Entry) -> WholeEntry:
    subject = None
    if entry.topic in {Topic.CALLS, Topic.FUNCTIONS}:
        subject = subject_of(entry.name)
    return WholeEntry(entry, None if subject is None else what_if_table(subject))


def _print(parts: Sequence[Part], format: GlossaryFormat) -> None:
    # Each imports what the other does not need.
    match format:
        case GlossaryFormat.TEXT:
            from eintr_trace.reports.glossary_text import glossary_text

            sys.stdout.write(glossary_text(parts, terminal_layout()))
        case GlossaryFormat.MARKDOWN:
            from eintr_trace.reports.glossary_markdown import glossary_markdown

            sys.stdout.write(glossary_markdown(parts))
        case GlossaryFormat.JSON:
            from eintr_trace.reports.glossary_json import write_glossary_json

            write_glossary_json(parts, sys.stdout)
