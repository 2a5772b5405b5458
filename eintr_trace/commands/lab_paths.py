"""``eintr-trace lab paths``: the C path from EINTR to the decision, call by version."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import eintr_trace
from eintr_trace.commands.arguments import Parser, add_interpreter_argument
from eintr_trace.commands.exits import ExitStatus
from eintr_trace.commands.written_files import require_writable, write_text
from eintr_trace.errors import EintrTraceError, UsageError

if TYPE_CHECKING:
    from eintr_trace.lab.interpreters import FoundInterpreter
    from eintr_trace.lab.scenarios import Scenario

_DESCRIPTION = """\
Interrupt a few blocking calls under every CPython found, single-step each from
EINTR to the decision, and write what was seen as a page of Markdown."""

CALLS = ("socket.recv", "poll.poll", "time.sleep", "os.read pipe", "Lock.acquire")
"""The scenarios on the page: each is another way of CPython to deal with EINTR."""


def run(argv: Sequence[str]) -> int:
    """Write the page. Raises EintrTraceError."""
    parser = Parser("lab paths", _DESCRIPTION, "eintr-trace lab paths [OPTION]…")
    add_interpreter_argument(parser)
    parser.add_argument(
        "--scenario",
        dest="scenarios",
        metavar="NAME",
        action="append",
        default=[],
        help=f"only this one; may be repeated (default: {', '.join(CALLS)})",
    )
    parser.add_argument("-o", dest="output", metavar="FILE", help="write there, not to stdout")
    arguments = parser.parse_args(argv)
    # Imported here: `eintr-trace lab paths -h` needs none of it.
    from eintr_trace.lab.paths.document import PathsPage, render
    from eintr_trace.lab.paths.run import run_paths
    from eintr_trace.lab.program_commands import program_environment
    from eintr_trace.lab.thrift_library import thrift_folder

    scenarios = _scenarios(arguments.scenarios or CALLS)
    interpreters = _interpreters(arguments.interpreters)
    if arguments.output is not None:
        require_writable(arguments.output)
    seen = []
    for one in run_paths(scenarios, interpreters, program_environment(thrift_folder())):
        print(f"{one.scenario}, {one.interpreter.name}", file=sys.stderr, flush=True)
        seen.append(one)
    # Beyond the version the release names who built this kernel.
    kernel = platform.release().partition("-")[0]
    text = render(PathsPage(tuple(seen), kernel, eintr_trace.__version__))
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        write_text(arguments.output, text)
    return ExitStatus.DONE


def _scenarios(names: Sequence[str]) -> list[Scenario]:
    """Those of these names, in this order."""
    from eintr_trace.lab.scenarios import SCENARIOS, load_scenarios

    by_name = {scenario.name: scenario for scenario in load_scenarios()}
    for name in names:
        if name not in by_name:
            raise UsageError(f"no scenario is called {name!r}", f"See {SCENARIOS}")
    return [by_name[name] for name in names]


def _interpreters(named: Sequence[str]) -> list[FoundInterpreter]:
    """One of each version of CPython, oldest first; PyPy's C side has no names."""
    from eintr_trace.lab.interpreters import find_interpreters, interpreter_at

    found = [interpreter_at(name) for name in named] or find_interpreters()
    by_name: dict[str, FoundInterpreter] = {}
    for one in found:
        if one.implementation == "CPython":
            by_name.setdefault(one.name, one)
    if not by_name:
        raise EintrTraceError("there is no CPython to run", "See eintr-trace doctor")
    return list(by_name.values())
