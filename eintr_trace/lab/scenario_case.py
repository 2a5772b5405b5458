"""One case of a scenario made ready to run: its Python file, its settings, its two FIFOs.

The snippets become a file of their own, so that frames and tracebacks name real lines.
"""

from __future__ import annotations

import json
import os
import textwrap
from dataclasses import dataclass
from pathlib import Path

from eintr_trace.lab.dispositions import Plan
from eintr_trace.lab.program_commands import PROGRAMS
from eintr_trace.lab.scenarios import Scenario

PROGRAM = PROGRAMS / "scenario.py"

_IMPORTS = """\
import errno
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time

from scenario_notes import note_eintr
from scenario_signals import block_signals, note_and_return, unblock_signals
"""


@dataclass(frozen=True)
class Case:
    """The files of a case: run ``PROGRAM`` with ``spec``.

    A line written to ``start`` lets it make the call, one to ``go`` releases the call. Both
    can be opened for writing once the program has said that it is ready. ``source`` is the
    file that makes the call.
    """

    spec: Path
    source: Path
    start: Path
    go: Path


def prepare(scenario: Scenario, folder: Path, plan: Plan, limit_s: float) -> Case:
    """Write the files of one case into ``folder``, which is there and holds no other.

    ``limit_s`` after its start the program is killed, with all its processes.
    Raises OSError.
    """
    case = Case(folder / "case.json", folder / "case.py", folder / "start", folder / "go")
    case.source.write_text(source_of(scenario), encoding="utf-8")
    os.mkfifo(case.start)
    os.mkfifo(case.go)
    spec = {
        "name": scenario.name,
        "source": str(case.source),
        "start": str(case.start),
        "go": str(case.go),
        "released_by": scenario.released_by,
        "counts_bytes": scenario.full.byte_count is not None,
        "disposition": plan.for_program(),
        "limit_s": limit_s,
    }
    case.spec.write_text(json.dumps(spec), encoding="utf-8")
    return case


def source_of(scenario: Scenario) -> str:
    """The Python file of a scenario: its setup, and a function for each further snippet."""
    functions = {
        "start_threads": scenario.threads,
        "release": scenario.release,
        "call": scenario.call.rstrip() + "\nreturn result",
    }
    bodies = (
        f"def {name}():\n{textwrap.indent(body.strip() or 'pass', '    ')}\n"
        for name, body in functions.items()
    )
    return "\n\n".join((_IMPORTS, scenario.setup.strip() + "\n", *bodies))
