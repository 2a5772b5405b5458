"""``eintr-trace -p PID`` and ``eintr-trace COMMAND``: trace live processes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial

from eintr_trace import __version__
from eintr_trace.commands.arguments import (
    Parser,
    add_report_arguments,
    positive_int,
    positive_seconds,
    process_ids,
)
from eintr_trace.commands.exits import ExitStatus
from eintr_trace.errors import UsageError
from eintr_trace.facts.signals import SIGRTMAX
from eintr_trace.reports.selection import EVERYTHING, ChosenSet
from eintr_trace.sources.recording.writer import RecordingWriter

_USAGE = """eintr-trace [OPTION]… -p PID [-p PID]…
       eintr-trace [OPTION]… [--] COMMAND [ARG]…
       eintr-trace report | compare | explain | lab | demo | doctor
       (each has its own -h)"""

_DESCRIPTION = """\
Show what becomes of each signal that meets a system call of a live program:
what the kernel did, what C and Python made of it, and what it cost.
The program sleeps undisturbed until a signal comes; nothing is written into it."""

_STEP_MS = 50
_EPILOG = """\
other verbs:
  report FILE   the report of a recording (-o), or of a log that strace wrote
  compare A B   two recordings or logs side by side, and where the runs part
  explain WORD  what an error, call, signal or outcome means; what if
  lab           the Thrift experiment by hand; every verdict held against what
                the program says
  demo          the whole experiment on this machine, both interpreters
  doctor        what this machine allows, which interpreters it has

exit status: 0 done, 1 could not do it, 2 wrong usage, 3 seen what --fail-on
names, 127 the COMMAND cannot be run; otherwise a launched command's own.
Ctrl-C detaches. A command that is called like a verb goes after --:
eintr-trace -- report"""


def run(argv: Sequence[str]) -> int:
    """Trace as the arguments say and return the exit status. Raises EintrTraceError."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    command = arguments.command
    if command[:1] == ["--"]:
        command = command[1:]
    if not arguments.pids and not command:
        raise UsageError("nothing to trace", "Give -p PID or a COMMAND; see eintr-trace -h")
    if arguments.pids and command:
        raise UsageError("both -p and a COMMAND are given", "Give one of the two")
    if command and not command[0]:
        raise UsageError("the COMMAND is empty", "Give -p PID or a COMMAND; see eintr-trace -h")
    return _trace(arguments, tuple(command))


def _trace(arguments: argparse.Namespace, command: tuple[str, ...]) -> int:
    # Imported here: `eintr-trace -h` needs none of it.
    from eintr_trace.commands.presentation import presentation
    from eintr_trace.sources.live.launch import LaunchError
    from eintr_trace.sources.live.options import LiveOptions
    from eintr_trace.sources.live.reporter import Consume
    from eintr_trace.sources.live.session import run_live

    wanted = presentation(arguments)
    recorder = None if arguments.recording is None else RecordingWriter(arguments.recording)

    def report() -> Consume:
        # Imported there: the tracing process needs none of it.
        from eintr_trace.commands.live_report import report_live

        return partial(report_live, wanted, recorder)

    options = LiveOptions(
        pids=tuple(arguments.pids),
        command=command,
        follow_forks=arguments.follow_forks,
        duration_s=arguments.duration,
        count=arguments.count,
        signals=_signals_looked_at(wanted.selection.signals),
        merged_signals=arguments.merged_signals,
        step_ns=arguments.step_ms * 1_000_000 if arguments.step else None,
        every_syscall=arguments.every_syscall,
    )
    try:
        result = run_live(options, report)
    except LaunchError as error:
        raise LaunchError(error.message, _verb_that_was_meant(command[0])) from error
    return result.report_status or result.command_status or ExitStatus.DONE


def _verb_that_was_meant(word: str) -> str | None:
    """Say so where a command that cannot be run is nearly a verb."""
    # Imported here: hardly anybody needs them.
    from difflib import get_close_matches

    from eintr_trace.commands.main import VERBS

    near = get_close_matches(word, VERBS, n=1, cutoff=0.75)
    return f"If a verb was meant: eintr-trace {near[0]}" if near else None


def _signals_looked_at(chosen: ChosenSet) -> frozenset[int] | None:
    if chosen == EVERYTHING:
        return None
    return frozenset(signo for signo in range(1, SIGRTMAX + 1) if signo in chosen)


def _parser() -> Parser:
    parser = Parser(None, _DESCRIPTION, _USAGE, _EPILOG)
    parser.add_argument("--version", action="version", version=f"eintr-trace {__version__}")
    parser.add_argument(
        "-p",
        dest="pids",
        metavar="PID",
        type=process_ids,
        action="extend",
        default=[],
        help="attach to this process; may be given more than once, and be several PIDs: "
        '-p "$(pgrep -g PGID)" for a process group',
    )
    parser.add_argument(
        "-f", dest="follow_forks", action="store_true", help="follow the processes it forks"
    )
    parser.add_argument(
        "--no-merged-signals",
        dest="merged_signals",
        action="store_false",
        help="as root, do not watch which signals merged because of the tracer: while that is"
        " watched, every signal that anybody sends on this machine takes 0.2 µs longer",
    )
    parser.add_argument(
        "--step",
        action="store_true",
        help="show the whole way of the thread through C, from EINTR to the decision, by single"
        " steps: once a call site, some 3 to 15 ms, in which the stops of other threads wait."
        " If eintr-trace is killed with SIGKILL just then, the program dies of SIGTRAP",
    )
    parser.add_argument(
        "--step-ms",
        metavar="MS",
        type=positive_int,
        default=_STEP_MS,
        help="give up single-stepping after so many milliseconds (default %(default)s; a busy"
        " machine takes several times as long)",
    )
    parser.add_argument(
        "--every-syscall",
        action="store_true",
        help="show every system call as strace does, not only those that signals interrupt."
        " Threads then stop twice a call, which costs some 90 µs (strace: 22 µs). With"
        " -p each is interrupted once at the beginning, unless that could end the call it is in"
        " (epoll_wait under Python 2.7, a socket with SO_RCVTIMEO, a long send): such a thread's"
        " calls are seen from its next signal on, and the report names it",
    )
    parser.add_argument(
        "-o", dest="recording", metavar="RECORDING", help="also record everything to this file"
    )
    parser.add_argument(
        "--duration", metavar="S", type=positive_seconds, help="detach after so many seconds"
    )
    parser.add_argument(
        "--count",
        metavar="N",
        type=positive_int,
        help="detach after so many signals; those that -e trace= hides count as well",
    )
    add_report_arguments(parser)
    parser.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser
