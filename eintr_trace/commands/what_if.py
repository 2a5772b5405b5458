"""The what-if half of ``eintr-trace explain``: from its arguments to the cells that are meant."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from signal import SIGKILL, SIGSTOP

from eintr_trace.analysis.what_if.answer import (
    NEWEST,
    OLDEST,
    Cell,
    Client,
    HandlerChoice,
    LimitChoice,
    Question,
    ThreadChoice,
    answer,
)
from eintr_trace.commands.arguments import Parser, one_of
from eintr_trace.errors import EintrTraceError, UsageError
from eintr_trace.facts.glossary.lookup import find
from eintr_trace.facts.pep475 import Version, all_pep475_rows
from eintr_trace.facts.signals import signal_number
from eintr_trace.facts.syscalls import interruptible_calls
from eintr_trace.facts.thrift import call_of_thrift

_VERSION = re.compile(r"(\d{1,2})(?:\.(?:x|(\d{1,3})(?:\.(\d{1,3}))?))?")


def add_what_if_arguments(parser: Parser) -> None:
    """Add what says which cell is meant."""
    group = parser.add_argument_group("what if (of one call or function)")
    group.add_argument(
        "--python",
        metavar="VERSION",
        type=_version,
        help="under this CPython: 2.7, 3.13, 3.6.8, 3.x (the newest that is known)",
    )
    group.add_argument(
        "--handler",
        type=one_of(HandlerChoice),
        choices=list(HandlerChoice),
        help="plain: without SA_RESTART; sa_restart: with it; raises: a Python handler that"
        " raises; ignored; none: the signal's default action (default: the first three)",
    )
    group.add_argument(
        "--timeout",
        dest="limit",
        type=one_of(LimitChoice),
        choices=list(LimitChoice),
        help="settimeout: of a Python socket; socket: SO_RCVTIMEO or SO_SNDTIMEO; call: an argument"
        " of the call; none",
    )
    group.add_argument(
        "--thread",
        type=one_of(ThreadChoice),
        choices=list(ThreadChoice),
        help="which thread makes the call and takes the signal (default: main)",
    )
    group.add_argument(
        "--client",
        type=one_of(Client),
        choices=list(Client),
        help="python (default): the standard library; thrift: Apache Thrift on top of it; cpp:"
        " Thrift's C++ library; c: any C code",
    )
    group.add_argument(
        "--signal", metavar="SIGNAL", type=_signal, help="for --handler none (default: SIGUSR1)"
    )


def is_what_if(arguments: argparse.Namespace) -> bool:
    """Tell whether a cell is asked for, and not an entry."""
    chosen = (
        arguments.python,
        arguments.handler,
        arguments.limit,
        arguments.thread,
        arguments.client,
        arguments.signal,
    )
    return any(one is not None for one in chosen)


def question_of(arguments: argparse.Namespace) -> Question:
    """Return the question; its handler is ``PLAIN`` where none was said. Raises UsageError."""
    if len(arguments.words) != 1:
        raise UsageError("a what-if is about one call or function", "See eintr-trace explain -h")
    subject = subject_of(arguments.words[0])
    if subject is None:
        raise EintrTraceError(
            f"{arguments.words[0]!r} is neither a system call that was measured nor a function of"
            " Python that is known",
            "eintr-trace explain lists both",
        )
    question = replace(
        subject,
        version=arguments.python or NEWEST,
        handler=arguments.handler or HandlerChoice.PLAIN,
        limit=arguments.limit,
        client=arguments.client or subject.client,
        thread=arguments.thread or ThreadChoice.MAIN,
        signo=arguments.signal or subject.signo,
    )
    _refuse_what_cannot_be(question)
    return question


def _refuse_what_cannot_be(question: Question) -> None:
    """Raises UsageError for a cell that no program can be in."""
    if question.client in {Client.C, Client.CPP}:
        if question.handler is HandlerChoice.RAISES:
            raise UsageError("only a handler of Python raises", "Leave out --handler or --client")
        if question.limit is LimitChoice.SETTIMEOUT:
            raise UsageError("settimeout() is of Python's sockets", "Ask for --timeout socket")
    caught = question.handler is not HandlerChoice.NONE
    if caught and question.signo in {SIGKILL, SIGSTOP}:
        raise UsageError(
            "SIGKILL and SIGSTOP can be neither caught nor ignored", "Ask for --handler none"
        )


def subject_of(word: str) -> Question | None:
    """Return an open question about a call, a function, or Thrift's TSocket; else ``None``."""
    thrift = call_of_thrift(word) if word.casefold().startswith("tsocket") else None
    if thrift is not None:
        return Question(thrift, client=Client.THRIFT)
    for entry in find(word):
        if interruptible_calls(entry.name):
            return Question(entry.name)
        for row in all_pep475_rows():
            if entry.name in (*row.names, row.id):
                return Question(None, row)
    return None


def cells_of(arguments: argparse.Namespace, question: Question) -> tuple[Cell, ...]:
    """Answer, for each handler where none was said. Raises EintrTraceError if nothing is known."""
    in_python = question.client in {Client.PYTHON, Client.THRIFT}
    usual = [HandlerChoice.PLAIN, HandlerChoice.SA_RESTART]
    handlers = [*usual, HandlerChoice.RAISES] if in_python else usual
    if arguments.handler is not None:
        handlers = [arguments.handler]
    cells = tuple(cell for one in handlers for cell in answer(replace(question, handler=one)))
    if not cells:
        raise EintrTraceError(
            "nothing is known of this: no function of Python waits so, or it was not measured",
            "Leave out an option, or ask for --client c",
        )
    return cells


def _version(text: str) -> Version:
    found = _VERSION.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 2.7, 3.6.8 or 3.x")
    version = tuple(int(part) for part in found.groups() if part is not None)
    if len(version) == 1:
        version = NEWEST if version == (3,) else (*version, OLDEST[1])
    if version < OLDEST:
        raise argparse.ArgumentTypeError("the tables begin with 2.7")
    if version[: len(NEWEST)] > NEWEST:
        newest = ".".join(map(str, NEWEST))
        raise argparse.ArgumentTypeError(f"the tables end with {newest}")
    return version


def _signal(text: str) -> int:
    signo = signal_number(text)
    if signo is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no signal")
    return signo
